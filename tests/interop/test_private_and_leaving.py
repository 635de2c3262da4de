#!/usr/bin/python3
"""Private stays private. A seed that leaves is replaced, or the download waits; nothing spins."""

import sys
import time

from harness import Scene, case, ed2k_link, ed2k_link_with_hash_set, main

WATCH_S = 25
# A slow seed's first part takes half a minute, and no byte of it may leave before all of it was checked.
SLOW_STALL_S = 40


@case(timeout_s=120)
def private_from_bittorrent(run):
    """A private torrent is linked and seeded: aMule gets nothing of it."""
    scene = Scene(run)
    original = scene.file()
    torrent = scene.torrent(original, private=True)
    scene.transmission("seed").seed(torrent.path, scene.data)
    run.note(
        f"link: {scene.bt_node.command('link', torrent.path, ed2k_link(original), expect=None).strip()}"
    )
    run.note(f"import is refused: {scene.bt_node.refused('import', torrent.path)}")
    leech = scene.amule("leech")
    leech.add(ed2k_link(original))
    _nothing_moves(run, scene, leech)


@case(timeout_s=120)
def private_to_bittorrent(run):
    """aMule shares the file of a private torrent that was linked: the torrent's client gets nothing
    of it.
    """
    scene = Scene(run)
    original = scene.file()
    torrent = scene.torrent(original, private=True)
    scene.amule("seed", [original])
    scene.bt_node.command("link", torrent.path, ed2k_link(original), expect=None)
    leech = scene.transmission("leech")
    leech.add(torrent.path)
    _nothing_moves(run, scene, leech)


def _nothing_moves(run, scene, leech):
    time.sleep(WATCH_S)
    run.must_all_live()
    run.must(leech.done_bytes() == 0, f"{leech.name} holds nothing: {leech.done_bytes()} bytes")
    run.must(not scene.crossed(), f"the ledger is empty: {scene.crossed()}")


@case(timeout_s=300)
def seed_leaves(run):
    """The only seed leaves at a third; the download waits without work for anybody, and goes on
    with another seed.
    """
    scene = Scene(run)
    original = scene.file()
    torrent = scene.torrent(original)
    seed = scene.transmission("seed-1")
    seed.seed(torrent.path, scene.data)
    link = ed2k_link_with_hash_set(original)  # without it aMule would wait for the whole file first
    scene.bt_node.link(torrent.path, link)
    seed.limit_upload_kbytes(400)
    leech = scene.amule("leech")
    leech.add(link)
    run.wait_downloads(
        [leech],
        150,
        until=lambda: leech.done_bytes() > scene.size_of(original) / 3,
        stall_s=SLOW_STALL_S,
    )
    seed.stop()
    run.note(f"the seed left; aMule holds {leech.done_bytes():,} bytes")
    time.sleep(12)
    node = scene.bt_node.process
    held, cpu = leech.done_bytes(), node.cpu_seconds()
    time.sleep(10)
    share = (node.cpu_seconds() - cpu) / 10
    run.note(
        f"while waiting the node uses {share:.1%} of a core; aMule got {leech.done_bytes() - held:,} bytes more"
    )
    run.must(share < 0.1, f"the node waits without spinning: {share:.1%} of a core")
    scene.transmission("seed-2").seed(torrent.path, scene.data)
    seconds = run.wait_downloads([leech], 150, stall_s=SLOW_STALL_S)
    leech.must_hold(original)
    run.note(
        f"done {seconds:.1f} s after the second seed came; aMule was restarted {leech.restarts} times"
    )


@case(timeout_s=200)
def seed_is_replaced(run):
    """One of two seeds leaves mid-way: the download goes on with the other."""
    scene = Scene(run)
    original = scene.file()
    torrent = scene.torrent(original)
    seeds = [scene.transmission(name) for name in ("seed-1", "seed-2")]
    for seed in seeds:
        seed.seed(torrent.path, scene.data)
        seed.limit_upload_kbytes(250)
    link = ed2k_link_with_hash_set(original)  # without it aMule would wait for the whole file first
    scene.bt_node.link(torrent.path, link)
    leech = scene.amule("leech")
    leech.add(link)
    run.wait_downloads(
        [leech],
        100,
        until=lambda: leech.done_bytes() > scene.size_of(original) / 4,
        stall_s=SLOW_STALL_S,
    )
    busiest = max(seeds, key=lambda seed: seed.uploaded_bytes())
    busiest.stop()
    run.note(f"{busiest.name} left; aMule holds {leech.done_bytes():,} bytes")
    run.wait_downloads([leech], 150, stall_s=SLOW_STALL_S)
    leech.must_hold(original)
    run.note(f"aMule was restarted {leech.restarts} times")


if __name__ == "__main__":
    sys.exit(main())

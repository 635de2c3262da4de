#!/usr/bin/python3
"""`link` lies: the two names have the same size and different content. No client ever gets a wrong
byte.
"""

import sys

from harness import Scene, case, ed2k_link, main, wait_until, wrong_bytes


def _lie(run):
    scene = Scene(run)
    true, other = scene.file("true.bin", seed=1), scene.file("other.bin", seed=2)
    return scene, true, other


def _wait_refuted(run, scene, *names):
    """All of the names' equations end refuted, and `names` and a second `link` say so."""
    wait_until(
        lambda: any(
            record["evidence"] == "refuted"
            for name in names
            for record in scene.bt_node.names(name)
        ),
        90,
        "`names` tells of a refuted record",
        1,
    )
    run.note(f"refused again: {scene.bt_node.refused('link', *names)}")


@case(timeout_s=200)
def torrent_of_another_file(run):
    """aMule shares other.bin; the torrent of true.bin was linked to it; a BitTorrent client asks."""
    scene, true, other = _lie(run)
    torrent, link = scene.torrent(true), ed2k_link(other)
    seed = scene.amule("seed", [other])
    scene.bt_node.link(torrent.path, link)
    leech = scene.libtorrent("leech")
    leech.add(torrent.magnet([scene.tracker]))
    _wait_refuted(run, scene, torrent.path, link)
    status = leech.handle.status()
    run.must(
        status.total_failed_bytes == 0 and status.total_done == 0,
        f"the client got nothing: {status.total_failed_bytes} wrong and {status.total_done} other bytes",
    )
    run.must(not scene.crossed(), f"the ledger is empty: {scene.crossed()}")
    run.note(f"aMule was restarted {seed.restarts} times")


@case(timeout_s=200)
def ed2k_link_of_another_file(run):
    """Transmission seeds other.bin; the ed2k link of true.bin was linked to it; aMule asks."""
    scene, true, other = _lie(run)
    torrent, link = scene.torrent(other), ed2k_link(true)
    scene.transmission("seed").seed(torrent.path, scene.data)
    scene.bt_node.link(torrent.path, link)
    leech = scene.amule("leech")
    leech.add(link)
    _wait_refuted(run, scene, torrent.path, link)
    for path in leech.part_files():
        wrong = wrong_bytes(path, true)
        run.must(wrong == 0, f"{path} has {wrong} wrong bytes")


if __name__ == "__main__":
    sys.exit(main())

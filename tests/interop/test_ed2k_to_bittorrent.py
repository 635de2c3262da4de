#!/usr/bin/python3
"""aMule shares a file that no BitTorrent peer has; aria2, given only the magnet link, obtains it
byte for byte.
"""

import sys

from harness import Scene, case, ed2k_link, main


def _linked(run, foreign_tracker):
    """The torrent exists and was linked: the bytes stream through."""
    scene = Scene(run, foreign_tracker=foreign_tracker)
    original = scene.file()
    torrent, link = scene.torrent(original), ed2k_link(original)
    seed = scene.amule("seed", [original])
    scene.bt_node.link(torrent.path, link)
    leech = scene.aria2("leech", torrent.magnet([scene.tracker]))
    _finish(run, scene, original, seed, leech)


def _imported(run, foreign_tracker):
    """Only the ed2k link is known: the bridge makes the torrent."""
    scene = Scene(run, foreign_tracker=foreign_tracker)
    original = scene.file()
    seed = scene.amule("seed", [original])
    records = run.wait_import(scene.ed_node, ed2k_link(original), [seed])
    leech = scene.aria2("leech", scene.magnet_of(records))
    _finish(run, scene, original, seed, leech)


def _finish(run, scene, original, seed, leech):
    seconds = run.wait_downloads([leech], 180, sources=[seed])
    leech.must_hold(original)
    run.note(
        f"aria2 holds the file after {seconds:.1f} s; aMule was restarted {seed.restarts} times"
    )
    scene.must_have_crossed(scene.size_of(original))


@case(timeout_s=230)
def linked_own_tracker(run):
    _linked(run, foreign_tracker=False)


@case(timeout_s=230)
def linked_foreign_tracker(run):
    _linked(run, foreign_tracker=True)


@case(timeout_s=300)
def imported_own_tracker(run):
    _imported(run, foreign_tracker=False)


@case(timeout_s=300)
def imported_foreign_tracker(run):
    _imported(run, foreign_tracker=True)


@case(timeout_s=290)
def several_files_of_one_seed(run):
    """One aMule has all of them: it gives one slot to a client, whatever the number of files."""
    scene = Scene(run)
    originals = [scene.file(f"content-{i}.bin", size=3_000_007 + i, seed=i + 1) for i in range(3)]
    torrents = [scene.torrent(original) for original in originals]
    seed = scene.amule("seed", originals)
    leeches = []
    for number, (original, torrent) in enumerate(zip(originals, torrents)):
        scene.bt_node.link(torrent.path, ed2k_link(original))
        leeches.append(scene.aria2(f"leech-{number}", torrent.magnet([scene.tracker])))
    seconds = run.wait_downloads(leeches, 240, sources=[seed])
    for leech, original in zip(leeches, originals):
        leech.must_hold(original)
    run.note(
        f"three aria2 hold a file each after {seconds:.1f} s; "
        f"aMule was restarted {seed.restarts} times"
    )
    scene.must_have_crossed(sum(scene.size_of(original) for original in originals))


if __name__ == "__main__":
    sys.exit(main())

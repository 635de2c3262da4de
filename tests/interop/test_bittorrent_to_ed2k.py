#!/usr/bin/python3
"""Transmission seeds a file that no aMule has; aMule, given only the ed2k:// link, obtains it byte
for byte.
"""

import sys

from harness import Scene, case, ed2k_link, main, uri_of


def _linked(run, foreign_server):
    """Both names exist and were linked: the bytes stream through."""
    scene, original, torrent = _seeded(run, foreign_server)
    link = ed2k_link(original)
    scene.bt_node.link(torrent.path, link)
    _finish(run, scene, original, link)


def _imported(run, foreign_server):
    """Only the torrent is known: the bridge makes the ed2k link, the one that every program makes."""
    scene, original, torrent = _seeded(run, foreign_server)
    link = uri_of(run.wait_import(scene.bt_node, torrent.path, []), "ed2k://")
    run.must(
        link.split("|")[3:5] == ed2k_link(original).split("|")[3:5],
        f"{link} is {ed2k_link(original)}",
    )
    _finish(run, scene, original, link)


def _seeded(run, foreign_server):
    scene = Scene(run, foreign_server=foreign_server)
    original = scene.file()
    torrent = scene.torrent(original)
    scene.transmission("seed").seed(torrent.path, scene.data)
    return scene, original, torrent


def _finish(run, scene, original, link):
    leech = scene.amule("leech")
    leech.add(link)
    seconds = run.wait_downloads([leech], 180)
    leech.must_hold(original)
    run.note(f"aMule holds the file after {seconds:.1f} s; it was restarted {leech.restarts} times")
    scene.must_have_crossed(scene.size_of(original))


@case(timeout_s=230)
def linked_own_server(run):
    _linked(run, foreign_server=False)


@case(timeout_s=230)
def linked_foreign_server(run):
    _linked(run, foreign_server=True)


@case(timeout_s=230)
def imported_own_server(run):
    _imported(run, foreign_server=False)


@case(timeout_s=230)
def imported_foreign_server(run):
    _imported(run, foreign_server=True)


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""The overlays are in two networks, each with a bridge node of its own; the nodes are joined by
mutual TLS.
"""

import sys

from harness import Scene, case, ed2k_link, main, uri_of


@case(timeout_s=230)
def ed2k_to_bittorrent(run):
    scene = Scene(run, two_nodes=True)
    original = scene.file()
    torrent = scene.torrent(original)
    seed = scene.amule("seed", [original])
    scene.bt_node.link(torrent.path, ed2k_link(original))
    leech = scene.aria2("leech", torrent.magnet([scene.tracker]))
    seconds = run.wait_downloads([leech], 180, sources=[seed])
    leech.must_hold(original)
    run.note(
        f"aria2 holds the file after {seconds:.1f} s; aMule was restarted {seed.restarts} times"
    )
    scene.must_have_crossed(scene.size_of(original))


@case(timeout_s=230)
def bittorrent_to_ed2k(run):
    scene = Scene(run, two_nodes=True)
    original = scene.file()
    torrent = scene.torrent(original)
    scene.transmission("seed").seed(torrent.path, scene.data)
    scene.ed_node.link(torrent.path, ed2k_link(original))
    leech = scene.amule("leech")
    leech.add(ed2k_link(original))
    seconds = run.wait_downloads([leech], 180)
    leech.must_hold(original)
    run.note(f"aMule holds the file after {seconds:.1f} s; it was restarted {leech.restarts} times")
    scene.must_have_crossed(scene.size_of(original))


@case(timeout_s=300)
def imported_ed2k_to_bittorrent(run):
    """Only the ed2k link is known, and the node that makes the torrent is in the other network."""
    scene = Scene(run, two_nodes=True)
    original = scene.file()
    seed = scene.amule("seed", [original])
    records = run.wait_import(scene.bt_node, ed2k_link(original), [seed])
    leech = scene.aria2("leech", scene.magnet_of(records))
    run.wait_downloads([leech], 180, sources=[seed])
    leech.must_hold(original)
    scene.must_have_crossed(scene.size_of(original))


@case(timeout_s=230)
def imported_bittorrent_to_ed2k(run):
    """Only the torrent is known, and the node that makes the ed2k link is in the other network."""
    scene = Scene(run, two_nodes=True)
    original = scene.file()
    torrent = scene.torrent(original)
    scene.transmission("seed").seed(torrent.path, scene.data)
    link = uri_of(run.wait_import(scene.ed_node, torrent.path, []), "ed2k://")
    leech = scene.amule("leech")
    leech.add(link)
    run.wait_downloads([leech], 180)
    leech.must_hold(original)
    scene.must_have_crossed(scene.size_of(original))


@case(timeout_s=60)
def stranger_is_refused(run):
    """A node whose certificate comes from somewhere else gets nothing."""
    scene = Scene(run, two_nodes=True)
    reason = scene.stranger_command("status")
    run.note(f"refused: {reason}")
    for node in scene.nodes:
        run.must(node.process.alive, f"{node.name} lives")


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""Our tracker and our ed2k server in front of clients of one overlay each: nothing is bridged."""

import os
import sys

from harness import (
    AMule,
    Aria2,
    BitTorrentFace,
    Ed2kFace,
    LINE_MBIT,
    Node,
    THREE_PARTS,
    Transmission,
    case,
    ed2k_link,
    main,
    make_file,
    make_torrent,
)


def _swarm(run, scheme):
    """aria2 and a Transmission get a file from Transmission; all know our tracker only."""
    lan = run.network()
    host = run.host("node", lan)
    face = BitTorrentFace(host.ip)
    Node(run, host, "tracker", bittorrent=face)
    url = getattr(face, scheme)
    data = run.folder("data")
    original = make_file(os.path.join(data, "content.bin"), THREE_PARTS, seed=1)
    torrent = make_torrent(data, os.path.join(run.root, "x.torrent"), "content.bin", [url])
    Transmission(run, run.host("seed", lan)).seed(torrent.path, data)
    leeches = [
        Aria2(run, run.host("leech-1", lan), torrent.magnet([url])),
        Transmission(run, run.host("leech-2", lan)),
    ]
    leeches[1].add(torrent.path)
    seconds = run.wait_downloads(leeches, 90)
    for leech in leeches:
        leech.must_hold(original)
    run.note(f"both hold the file after {seconds:.1f} s")


@case(timeout_s=130)
def http_tracker(run):
    _swarm(run, "http")


@case(timeout_s=130)
def udp_tracker(run):
    _swarm(run, "udp")


@case(timeout_s=230)
def ed2k_server(run):
    """aMule gets a file from aMule through our server: high ids, offers, sources, search by name."""
    lan = run.network()
    host = run.host("server", lan)
    face = Ed2kFace(host.ip, peer=False)
    Node(run, host, "server", ed2k=face)
    original = make_file(os.path.join(run.folder("data"), "a rare title.bin"), THREE_PARTS, seed=1)
    link = ed2k_link(original)
    seed = AMule(run, run.host("seed", lan, line_mbit=LINE_MBIT), face.server, [original])
    seed.wait_shared(link)
    leech = AMule(run, run.host("leech", lan, line_mbit=LINE_MBIT), face.server)
    for client in (seed, leech):
        run.must(client.id_kind() == "HighID", f"{client.name} has a high id")
    leech.wait_found("rare title", "a rare title.bin")
    leech.add(link)
    seconds = run.wait_downloads([leech], 170, sources=[seed])
    leech.must_hold(original)
    run.note(f"done after {seconds:.1f} s; restarts: {seed.restarts} and {leech.restarts}")


if __name__ == "__main__":
    sys.exit(main())

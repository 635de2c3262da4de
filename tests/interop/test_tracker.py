#!/usr/bin/python3
"""Our tracker alone in front of BitTorrent clients: nothing is bridged."""

import os
import sys

from harness import (
    Aria2,
    BitTorrentFace,
    Node,
    THREE_PARTS,
    Transmission,
    case,
    main,
    make_file,
    make_torrent,
)


def _swarm(run, scheme):
    """aria2 and a Transmission get a file from Transmission; all know our tracker only."""
    lan = run.network()
    host = run.host("node", lan)
    face = BitTorrentFace(host.ip, peer=False)
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


if __name__ == "__main__":
    sys.exit(main())

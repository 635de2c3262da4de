#!/usr/bin/python3
"""A PPSPP swarm beside the other overlays: a second implementation of RFC 7574 and RFC 7846 seeds
and fetches, and between it and unmodified clients stands the bridge.
"""

import os
import sys

from harness import (
    LINE_MBIT,
    AMule,
    Aria2,
    BitTorrentFace,
    Ed2kFace,
    Node,
    PpspFace,
    Transmission,
    case,
    main,
    make_file,
    make_torrent,
    must_be_equal,
    ppsp_leech,
    ppsp_seed,
    swarm_of,
    uri_of,
)


class Stage:
    """A node that stands in three networks; nothing else connects them."""

    def __init__(self, run):
        self.run = run
        self.data = run.folder("data")
        self.nets = {name: run.network() for name in ("bittorrent", "ed2k", "ppsp")}
        host = run.host("node", *self.nets.values())
        ip = {name: host.ip_in(net) for name, net in self.nets.items()}
        self.node = Node(
            run,
            host,
            "bridge",
            BitTorrentFace(ip["bittorrent"]),
            Ed2kFace(ip["ed2k"]),
            ppsp=PpspFace(ip["ppsp"]),
        )

    def seed(self, path):
        host = self.run.host("seed", self.nets["ppsp"])
        return ppsp_seed(self.run, host, self.node.ppsp.url, path)


@case(timeout_s=150)
def swarm_to_the_others(run):
    """What only a PPSPP swarm holds is downloaded by aria2 and aMule."""
    stage = Stage(run)
    original = make_file(os.path.join(stage.data, "content.bin"), 6_000_003, 1)
    swarm = stage.seed(original)
    records = stage.node.bring_in(f"ppspp://{swarm}?name=content.bin", 60)
    magnet = uri_of(records, "magnet:") + "&tr=" + stage.node.bittorrent.http
    aria2 = Aria2(run, run.host("aria2", stage.nets["bittorrent"]), magnet)
    host = run.host("amule", stage.nets["ed2k"], line_mbit=LINE_MBIT)
    amule = AMule(run, host, stage.node.ed2k.server)
    amule.add(uri_of(records, "ed2k://"))
    run.wait_downloads([aria2, amule], 100)
    for client in (aria2, amule):
        client.must_hold(original)


@case(timeout_s=120)
def others_to_the_swarm(run):
    """What only a BitTorrent peer holds is fetched by the second implementation, and by our own
    `fetch` under its PPSPP name.
    """
    stage = Stage(run)
    original = make_file(os.path.join(stage.data, "content.bin"), 6_000_003, 2)
    torrent = make_torrent(
        stage.data,
        os.path.join(run.root, "content.torrent"),
        "content.bin",
        [stage.node.bittorrent.http],
    )
    seed = Transmission(run, run.host("transmission", stage.nets["bittorrent"]))
    seed.seed(torrent.path, stage.data)
    records = stage.node.bring_in(torrent.path, 60)
    name = uri_of(records, "ppspp://")
    target = os.path.join(run.folder("out"), "got")
    host = run.host("leech", stage.nets["ppsp"])
    leech = ppsp_leech(run, host, stage.node.ppsp.url, swarm_of(name), target)
    run.must(leech.wait_end(60) == 0, "the second implementation has the content")
    must_be_equal(target, original)
    again = os.path.join(run.folder("out"), "fetched")
    stage.node.command("fetch", name, "-o", again)
    must_be_equal(again, original)


@case(timeout_s=120)
def fetched_from_the_swarm(run):
    """`fetch` takes a content that only a PPSPP swarm holds, and nothing but its link says of it."""
    stage = Stage(run)
    original = make_file(os.path.join(stage.data, "content.bin"), 20_000_003, 3)
    swarm = stage.seed(original)
    target = os.path.join(run.folder("out"), "got")
    stage.node.command("fetch", f"ppspp://{swarm}", "-o", target)
    must_be_equal(target, original)


if __name__ == "__main__":
    sys.exit(main())

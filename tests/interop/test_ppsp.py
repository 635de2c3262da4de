#!/usr/bin/python3
"""A PPSPP swarm beside the other overlays: a second implementation of RFC 7574 and RFC 7846 seeds
and fetches, and between it and unmodified clients stands the bridge.
"""

import os
import re
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
    uri_of,
)

SEED_PORT = 7001


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

    def _script(self, host, name, *words):
        path = os.path.join(os.path.dirname(__file__), "harness", name)
        return self.run.start(host, [sys.executable, path, *words], f"{host.name}-{name}")

    def ppsp_seed(self, path):
        """The second implementation seeds the file; answers with its swarm id."""
        host = self.run.host("seed", self.nets["ppsp"])
        listen = f"{host.ip}:{SEED_PORT}"
        seed = self._script(host, "ppspp.py", "seed", path, "--listen", listen)
        seed.wait_for(listen, 20)
        swarm = re.search(r"^([0-9a-f]{64}) ", seed.text(), re.M).group(1)
        member = self._member(host, swarm, "seed", listen)
        member.wait_for("joined", 10)
        return swarm

    def _member(self, host, swarm, mode, address):
        return self._script(host, "pptp.py", self.node.ppsp.url, swarm, mode, address)

    def ppsp_leech(self, swarm, target):
        """The second implementation asks the tracker and fetches; answers with its process."""
        host = self.run.host("leech", self.nets["ppsp"])
        listen = f"{host.ip}:{SEED_PORT}"
        member = self._member(host, swarm, "leech", listen)
        member.wait_for("peer ", 30)
        peer = re.search(r"^peer (\S+)", member.text(), re.M).group(1)
        return self._script(
            host, "ppspp.py", "leech", swarm, target, "--listen", listen, "--peer", peer
        )


@case(timeout_s=150)
def swarm_to_the_others(run):
    """What only a PPSPP swarm holds is downloaded by aria2 and aMule."""
    stage = Stage(run)
    original = make_file(os.path.join(stage.data, "content.bin"), 6_000_003, 1)
    swarm = stage.ppsp_seed(original)
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
    swarm = re.match(r"ppspp://([0-9a-f]+)", name).group(1)
    target = os.path.join(run.folder("out"), "got")
    leech = stage.ppsp_leech(swarm, target)
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
    swarm = stage.ppsp_seed(original)
    target = os.path.join(run.folder("out"), "got")
    stage.node.command("fetch", f"ppspp://{swarm}", "-o", target)
    must_be_equal(target, original)


if __name__ == "__main__":
    sys.exit(main())

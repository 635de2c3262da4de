#!/usr/bin/python3
"""The example configurations of both modes, with the same overlays and the same clients: only the
addresses are put in.
"""

import json
import os
import sys

from harness import (
    LINE_MBIT,
    AMule,
    Aria2,
    Transmission,
    case,
    ed2k_link,
    main,
    make_file,
    make_torrent,
    must_be_equal,
    ppsp_leech,
    swarm_of,
)

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples")
SIZE = 6_000_007


class Stage:
    """A node with an example's configuration, and clients in one network with it."""

    def __init__(self, run, mode):
        self.run = run
        self.network = run.network()
        self.host = run.host("node", self.network)
        folder = run.folder("node")
        config = os.path.join(folder, "node.toml")
        with open(os.path.join(EXAMPLES, f"{mode}.toml"), encoding="utf-8") as example:
            text = example.read()
        text = text.replace("127.0.0.1", self.host.ip)
        # The operator's commands are taken on loopback.
        text = text.replace(f'"{self.host.ip}:7400"', '"127.0.0.1:7400"')
        with open(config, "w", encoding="utf-8") as file:
            file.write(text)
        self.process = run.start(
            self.host, [run.binary, "--mode", mode, "--config", config], "node", cwd=folder
        )
        self.process.wait_for("ready", 30)
        self.data = run.folder("data")
        self.file = make_file(os.path.join(self.data, "content.bin"), SIZE, 1)
        self.tracker = f"http://{self.host.ip}:6969/announce"

    def command(self, *words):
        return self.run.command(self.host, [self.run.binary, *words, "--json"], 60)

    def aria2(self, magnet):
        return Aria2(self.run, self.run.host("aria2", self.network), magnet)

    def amule(self, link):
        host = self.run.host("amule", self.network, line_mbit=LINE_MBIT)
        client = AMule(self.run, host, f"{self.host.ip}:4661")
        client.add(link)
        return client

    def must_reach(self, *clients):
        self.run.wait_downloads(clients, 150)
        for client in clients:
            client.must_hold(self.file)


@case(timeout_s=200)
def bridge(run):
    stage = Stage(run, "bridge")
    torrent = make_torrent(
        stage.data, os.path.join(run.root, "content.torrent"), "content.bin", [stage.tracker]
    )
    Transmission(run, run.host("seed", stage.network)).seed(torrent.path, stage.data)
    stage.command("link", torrent.path, ed2k_link(stage.file))
    stage.must_reach(
        stage.aria2(torrent.magnet([stage.tracker])), stage.amule(ed2k_link(stage.file))
    )


@case(timeout_s=200)
def soa(run):
    stage = Stage(run, "soa")
    published = json.loads(stage.command("publish", stage.file))
    links = [one["link"] for one in published["links"]]
    magnet = next(link for link in links if "urn:btih:" in link)
    ed2k = next(link for link in links if link.startswith("ed2k://"))
    stage.must_reach(stage.aria2(magnet), stage.amule(ed2k))
    url = next(link for link in links if link.startswith("http://"))
    target = os.path.join(run.folder("curl"), "content.bin")
    reader = run.host("curl", stage.network)
    run.command(reader, ["curl", "-sSf", "-o", target, url])
    with open(target, "rb") as got, open(stage.file, "rb") as original:
        run.must(got.read() == original.read(), "curl holds the same bytes")
    swarm = swarm_of(next(link for link in links if link.startswith("ppspp://")))
    target = os.path.join(run.folder("swarm"), "content.bin")
    peer = run.host("ppsp", stage.network)
    leech = ppsp_leech(run, peer, f"http://{stage.host.ip}:7846/", swarm, target)
    run.must(leech.wait_end(60) == 0, "a peer of the PPSPP swarm has the content")
    must_be_equal(target, stage.file)


if __name__ == "__main__":
    sys.exit(main())

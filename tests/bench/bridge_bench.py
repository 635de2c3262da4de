#!/usr/bin/python3
"""Bridged downloads beside native ones, between the same real clients, in one run.

    tests/bench/bridge_bench.py --binary build/release/interswarm

Prints for each transfer the rate after the first byte, the time to the first byte, and the node's
CPU and memory; then the ratios. aMule's hosts stand behind a 6 Mbit/s line (it freezes otherwise,
see tests/interop/harness/amule.py) in the native transfer as in the bridged ones. aMule is slow by
itself, so the last part has our own ed2k peers at both ends: Transmission -> node -> ed2k -> node
-> aria2, beside Transmission -> aria2.
"""

import argparse
import json
import os
import statistics
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))

from harness import (  # noqa: E402  (the path comes first)
    LINE_MBIT,
    MIB,
    AMule,
    Aria2,
    BitTorrentFace,
    Ed2kFace,
    Node,
    OpenTracker,
    Scene,
    Transmission,
    ed2k_link,
    ed2k_link_with_hash_set,
    make_file,
    make_torrent,
    run_alone,
    work_folder,
)

FIRST_BYTES = 48 * 1024  # at the client's cable: more than handshakes and metadata
ATTEMPTS = 3


class Watch:
    """Looks at a client's cable until the first bytes of content came."""

    def __init__(self, host):
        self._host = host
        self._begin = host.received_bytes()
        self.started = time.monotonic()
        self.first = None
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._ended = False
        self._thread.start()

    def _look(self):
        while not self._ended:
            if self._host.received_bytes() - self._begin > FIRST_BYTES:
                self.first = time.monotonic()
                return
            time.sleep(0.02)

    def result(self, size):
        ended = time.monotonic()
        self._ended = True
        self._thread.join()
        return {
            "first": self.first - self.started,
            "rate": size / (ended - self.first),
            "seconds": ended - self.started,
        }


def native_bittorrent(run, size):
    """Transmission -> aria2 through opentracker."""
    lan = run.network()
    hosts = [run.host(name, lan) for name in ("tracker", "seed", "leech")]
    data = run.folder("data")
    original = make_file(os.path.join(data, "content.bin"), size, 1)
    url = f"http://{hosts[0].ip}:6969/announce"
    torrent = make_torrent(data, os.path.join(run.root, "x.torrent"), "content.bin", [url])
    OpenTracker(run, hosts[0], [torrent.v1_hash])
    Transmission(run, hosts[1]).seed(torrent.path, data)
    watch = Watch(hosts[2])
    leech = Aria2(run, hosts[2], torrent.magnet([url]))
    run.wait_downloads([leech], 280, step_s=0.05)
    out = watch.result(size)
    leech.must_hold(original)
    return out


def native_ed2k(run, size):
    """aMule -> aMule through our ed2k server."""
    lan = run.network()
    server_host = run.host("server", lan)
    seed_host, leech_host = [run.host(name, lan, line_mbit=LINE_MBIT) for name in ("seed", "leech")]
    original = make_file(os.path.join(run.folder("data"), "content.bin"), size, 1)
    server = Node(run, server_host, "server", ed2k=Ed2kFace(server_host.ip, peer=False)).ed2k.server
    seed = AMule(run, seed_host, server, [original])
    seed.wait_shared(ed2k_link(original))
    leech = AMule(run, leech_host, server)
    watch = Watch(leech_host)
    leech.add(ed2k_link(original))
    run.wait_downloads([leech], 280, sources=[seed], step_s=0.05)
    out = watch.result(size)
    leech.must_hold(original)
    return {**out, "restarts": seed.restarts + leech.restarts}


def _node_use(nodes):
    return {
        "cpu": sum(node.process.cpu_seconds() for node in nodes),
        "rss": max(node.process.peak_rss_bytes() for node in nodes),
    }


def bridged_to_bittorrent(run, size):
    """aMule -> node -> aria2."""
    scene = Scene(run)
    original = scene.file(size=size)
    torrent = scene.torrent(original)
    seed = scene.amule("seed", [original])
    scene.bt_node.link(torrent.path, ed2k_link(original))
    host = scene.bittorrent_host("leech")
    watch = Watch(host)
    leech = Aria2(run, host, torrent.magnet([scene.tracker]))
    run.wait_downloads([leech], 280, sources=[seed], step_s=0.05)
    out = watch.result(size)
    leech.must_hold(original)
    return {**out, **_node_use(scene.nodes), "restarts": seed.restarts}


def bridged_to_ed2k(run, size):
    """Transmission -> node -> aMule."""
    scene = Scene(run)
    original = scene.file(size=size)
    torrent = scene.torrent(original)
    scene.transmission("seed").seed(torrent.path, scene.data)
    link = ed2k_link_with_hash_set(original)  # else the hash set is made from the whole file first
    scene.bt_node.link(torrent.path, link)
    leech = scene.amule("leech")
    watch = Watch(leech.host)
    leech.add(link)
    run.wait_downloads([leech], 280, step_s=0.05)
    out = watch.result(size)
    leech.must_hold(original)
    return {**out, **_node_use(scene.nodes), "restarts": leech.restarts}


def bridged_own_peers(run, size):
    """Transmission -> node -> ed2k, our peers at both ends -> node -> aria2."""
    left, middle, right = run.network(), run.network(), run.network()
    host_a, host_b = run.host("node-a", left, middle), run.host("node-b", middle, right)
    node_a = Node(run, host_a, "node-a", BitTorrentFace(host_a.ip), Ed2kFace(host_a.ip_in(middle)))
    node_b = Node(
        run,
        host_b,
        "node-b",
        BitTorrentFace(host_b.ip_in(right)),
        Ed2kFace(host_b.ip_in(middle), servers=[node_a.ed2k.server]),
    )
    data = run.folder("data")
    original = make_file(os.path.join(data, "content.bin"), size, 1)
    torrents = [
        make_torrent(data, os.path.join(run.root, f"{node.name}.torrent"), "content.bin", [url])
        for node in (node_a, node_b)
        for url in [node.bittorrent.http]
    ]
    Transmission(run, run.host("seed", left)).seed(torrents[0].path, data)
    for node, torrent in zip((node_a, node_b), torrents):
        node.link(torrent.path, ed2k_link_with_hash_set(original))
    host = run.host("leech", right)
    watch = Watch(host)
    leech = Aria2(run, host, torrents[1].magnet([node_b.bittorrent.http]))
    run.wait_downloads([leech], 280, step_s=0.05)
    out = watch.result(size)
    leech.must_hold(original)
    return {**out, **_node_use([node_a, node_b])}


def measure(transfer, size, binary, folder):
    """Runs one transfer in a sandbox, again where aMule had to be restarted."""
    for attempt in range(ATTEMPTS):
        root = os.path.join(folder, f"{transfer.__name__}-{size}-{attempt}")
        answer = os.path.join(folder, "answer.json")

        def work(run):
            with open(answer, "w", encoding="ascii") as file:
                json.dump(transfer(run, size), file)

        if run_alone(work, 300, root, binary) != 0:
            raise SystemExit(f"{transfer.__name__} failed")
        with open(answer, encoding="ascii") as file:
            out = json.load(file)
        if not out.get("restarts"):
            break
        print(f"aMule was restarted {out['restarts']} times: measured again", flush=True)
    name = f"{transfer.__doc__.rstrip('.')}, {size / 1e6:.0f} MB"
    node = f"node {out['cpu']:.2f} s CPU, {out['rss'] / MIB:.0f} MiB" if "cpu" in out else ""
    print(
        f"{name:75s} {out['rate'] / 1e6:8.2f} MB/s  first byte {out['first'] * 1e3:6.0f} ms  {node}",
        flush=True,
    )
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True, help="the built interswarm program")
    parser.add_argument("--rounds", type=int, default=1, help="medians of so many rounds")
    parser.add_argument(
        "--small", type=int, default=19_600_003, help="bytes where aMule takes part"
    )
    parser.add_argument("--large", type=int, default=200_000_003, help="bytes where it does not")
    arguments = parser.parse_args()
    binary = os.path.abspath(arguments.binary)
    with work_folder() as folder:

        def take(transfer, size):
            rounds = [
                measure(transfer, size, binary, folder) for _ in range(arguments.rounds)
            ]
            return {key: statistics.median(r[key] for r in rounds) for key in rounds[0]}

        bittorrent = take(native_bittorrent, arguments.large)
        ed2k = take(native_ed2k, arguments.small)
        to_bittorrent = take(bridged_to_bittorrent, arguments.small)
        to_ed2k = take(bridged_to_ed2k, arguments.small)
        own = take(bridged_own_peers, arguments.large)
        own_big = take(bridged_own_peers, 4 * arguments.large)
    slower = min(bittorrent["rate"], ed2k["rate"])
    print("\nratios (bridged : slower native; wanted 0.90 or more)")
    print(f"  ed2k to BitTorrent, aMule to aria2          {to_bittorrent['rate'] / slower:.2f}")
    print(f"  BitTorrent to ed2k, Transmission to aMule   {to_ed2k['rate'] / slower:.2f}")
    print(f"  our ed2k peers at both ends (two bridges)   {own['rate'] / bittorrent['rate']:.2f}")
    print("first byte, bridged - native (wanted: 200 ms or less)")
    print(
        f"  aria2                                       {(to_bittorrent['first'] - ed2k['first']) * 1e3:.0f} ms"
    )
    print(
        f"  aMule                                       {(to_ed2k['first'] - ed2k['first']) * 1e3:.0f} ms"
    )
    print(
        f"memory of a node at 4 times the file: {own_big['rss'] / own['rss']:.2f} times "
        f"({own['rss'] / MIB:.0f} -> {own_big['rss'] / MIB:.0f} MiB)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

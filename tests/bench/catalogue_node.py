#!/usr/bin/python3
"""A node in SOA mode over a catalogue that catalogue_bench filled: memory, and look-ups by HTTP.

    tests/bench/catalogue_node.py --binary build/release/interswarm CATALOGUE.db [--rounds 2000]

The node has storage, services and access in one process, HTTP and the BitTorrent tracker. Prints its
resident memory when it answers and after the look-ups (the part that belongs to it alone beside
that), and how long a HEAD by content id, by v1 info-hash and for what is not there takes over one
connection. What the node writes into the catalogue is a ledger at most.
"""

import argparse
import http.client
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

CONFIG = """
[node]
domain = "soa"
data = "{folder}/data"
listen = "127.0.0.1:{node}"
[cluster]
copies = 1
[service]
catalogue = "{catalogue}"
[access]
http = ["127.0.0.1:{http}"]
[bittorrent.tracker]
listen = ["127.0.0.1:{tracker}"]
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def memory(pid):
    """Resident, of that private, and the peak, in MiB."""
    out = {}
    for name in ("status", "smaps_rollup"):
        with open(f"/proc/{pid}/{name}", encoding="ascii") as f:
            for line in f:
                field = line.split()
                if field[0] in ("VmRSS:", "VmHWM:", "Private_Clean:", "Private_Dirty:"):
                    out[field[0][:-1]] = int(field[1]) / 1024
    return out["VmRSS"], out["Private_Clean"] + out["Private_Dirty"], out["VmHWM"]


def names_in(catalogue, rounds):
    """Content ids that everybody may have, and v1 info-hashes of the same."""
    db = sqlite3.connect(f"file:{catalogue}?mode=ro", uri=True)
    newest = db.execute("select max(id) from publications").fetchone()[0]
    contents, hashes = [], []
    while len(contents) < rounds:
        row = db.execute(
            "select p.content_id, n.name_key from publications p join names n on n.content_id = "
            "p.content_id where p.id = ? and p.is_open = 1 and n.overlay = 'bittorrent' and "
            "length(n.name_key) = 48",
            (random.randint(1, newest),),
        ).fetchone()
        if row:
            contents.append(row[0])
            hashes.append(row[1][:40])
    return contents, hashes


def wait_until_up(port, path, node):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if node.poll() is not None:
            sys.exit(f"the node ended with {node.returncode}")
        try:
            c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            c.request("HEAD", path)
            if c.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit("the node does not answer")


def look_up(connection, what, paths, status):
    times = []
    for path in paths:
        begin = time.perf_counter()
        connection.request("HEAD", path)
        answer = connection.getresponse()
        answer.read()
        times.append((time.perf_counter() - begin) * 1000)
        if answer.status != status:
            sys.exit(f"HEAD {path} gave {answer.status}")
    times.sort()
    print(
        f"HEAD by {what:24} p50 {times[len(times) // 2]:7.3f}  "
        f"p99 {times[len(times) * 99 // 100]:7.3f} ms"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("catalogue")
    parser.add_argument("--binary", default="build/release/interswarm")
    parser.add_argument("--rounds", type=int, default=2000)
    arguments = parser.parse_args()
    catalogue = os.path.abspath(arguments.catalogue)
    contents, hashes = names_in(catalogue, arguments.rounds)
    with tempfile.TemporaryDirectory() as folder:
        ports = {name: free_port() for name in ("node", "http", "tracker")}
        config = os.path.join(folder, "node.toml")
        with open(config, "w", encoding="utf-8") as f:
            f.write(CONFIG.format(folder=folder, catalogue=catalogue, **ports))
        begin = time.monotonic()
        with open(os.path.join(folder, "log"), "w", encoding="utf-8") as log:
            node = subprocess.Popen(
                [arguments.binary, "--mode", "soa", "--config", config], stdout=log, stderr=log
            )
        try:
            wait_until_up(ports["http"], "/content/" + contents[0], node)
            print(f"up after {time.monotonic() - begin:.1f} s")
            time.sleep(10)  # it lists what is open
            show = "{}: {:.0f} MiB resident, {:.0f} of its own, peak {:.0f}"
            print(show.format("memory at rest", *memory(node.pid)))
            connection = http.client.HTTPConnection("127.0.0.1", ports["http"], timeout=10)
            look_up(connection, "content id", ["/content/" + c for c in contents], 200)
            look_up(connection, "v1 info-hash", ["/content/" + h for h in hashes], 200)
            absent = ["/content/" + os.urandom(32).hex() for _ in contents]
            look_up(connection, "what is not there", absent, 404)
            print(show.format("memory after that", *memory(node.pid)))
        finally:
            node.send_signal(signal.SIGTERM)
            try:
                node.wait(30)
            except subprocess.TimeoutExpired:
                node.kill()
        print(f"ended with {node.returncode}")


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""SOA mode's data paths beside their peers in the same run: publishing, HTTP, repair.

    tests/bench/soa_bench.py --binary build/release/interswarm [publish] [http] [repair]

All processes, their clients and the peers share this machine and loopback. A cluster is one service
node, storage nodes with `sync` on and one access node, joined by mutual TLS (again without it, and
as one process with all roles).

publish  `interswarm publish` of a file into three storage nodes with two copies, beside a file
         of as many bytes as all copies written in order and synced on the same file system, and beside
         `interswarm hash` of the file. The ratio is to the slower of the two.
http     GET of a stored content by curl and 64 KiB ranges at 64 connections by wrk, beside nginx
         with the file in the page cache: the first GET after the access node's start, and later
         ones, with the default cache and with one that holds the content.
repair   A storage node of four is killed, then a new one joins, while a reader GETs the content again and
         again: bytes moved beside those that had to be, and the reader's rate beside the one before.
"""

import argparse
import contextlib
import json
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))

from harness import MIB, Failure, Node, Run, make_keys, wait_until, work_folder  # noqa: E402
from http_peers import Nginx, compare, free_port, ranges, ranges_script, whole  # noqa: E402

CHUNK = 4 << 20
QUOTA = 1 << 40  # the same for all: a node's share of the chunks follows from it
TICKS = os.sysconf("SC_CLK_TCK")


class ThisMachine:
    """Where the harness starts its programs: no network of its own here."""

    name = "this machine"

    @staticmethod
    def inside():
        return contextlib.nullcontext()


class Cluster:
    """Processes at free ports of loopback. `one`: a single process with all roles."""

    HOST = ThisMachine()
    made = 0

    def __init__(self, run, storage=3, spare=0, tls=True, one=False, cache=None):
        self.run = run
        self.copies = 1 if one else 2
        self._cache = cache
        self.storage_names = [f"storage-{n + 1}" for n in range(storage + spare)]
        names = ["node"] if one else ["service-1", *self.storage_names, "access-1"]
        self._address = {name: f"127.0.0.1:{free_port()}" for name in names}
        Cluster.made += 1
        folder = f"keys-{Cluster.made}"
        self.keys = make_keys(run, *names, "publisher", folder=folder) if tls else None
        self.http = f"127.0.0.1:{free_port()}"
        self.nodes = {}
        for name in names:
            if name not in self.storage_names[storage:]:
                self.start(name)
        self.service = self.nodes["node" if one else "service-1"]
        self.access = self.nodes["node" if one else "access-1"]
        self.wait_members(1 if one else storage)

    def start(self, name):
        role = name.split("-")[0]
        first = [n for n in ("service-1", "storage-1") if n in self._address and n != name]
        at = "{}@{}" if self.keys else "{1}"
        tables = {
            "cluster": {
                "roles": ["storage", "service", "access"] if role == "node" else [role],
                "join": [at.format(n, self._address[n]) for n in first],
                "members": list(self._address) if self.keys else None,
                "copies": self.copies,
                "away_after": 3,
                "gone_after": 6,
            }
        }
        if role in ("storage", "node"):
            tables["storage"] = {"quota_bytes": QUOTA, "grace": 1}
        if role in ("service", "node"):
            tables["service"] = {"publishers": ["publisher"]}
        if role in ("access", "node"):
            tables["access"] = {
                "http": [self.http],
                "http_connections_per_address": 1024,
                "cache_bytes": self._cache,
            }
        how = {"listen": self._address[name], "keys": self.keys, "soa": tables}
        self.nodes[name] = Node(self.run, self.HOST, name, **how)

    def state(self):
        return self.service.status()["cluster"]

    def here(self):
        return [s for s in self.state()["storage"] if s["presence"] == "here"]

    def wait_members(self, count, timeout_s=30):
        for node in (self.service, self.access):

            def sees(node=node):
                storage = node.status()["cluster"]["storage"]
                return sum(s["presence"] == "here" for s in storage) == count

            wait_until(sees, timeout_s, f"{node.name} sees {count} storage nodes", 0.2)

    def publish(self, path):
        """Publishes; answers with the URL's path, the seconds, and CPU seconds by process."""
        argv = [self.run.binary, "publish", path, "--json", "--node", self.service.listen]
        if self.keys:
            argv += ["--keys", self.keys, "--as", "publisher", "--expect", self.service.name]
        else:
            argv += ["--tenant", "publisher"]
        before = self.cpu()
        started = time.monotonic()
        with open(os.path.join(self.run.root, "published.json"), "w+b") as out:
            child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out)
            _, code, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(code)
            seconds = time.monotonic() - started
            if child.returncode != 0:
                raise Failure(f"publish ended with {child.returncode}")
            out.seek(0)
            told = json.load(out)
        cpu = {name: now - before[name] for name, now in self.cpu().items()}
        cpu["publish"] = used.ru_utime + used.ru_stime
        url = next(x["link"] for x in told["links"] if x["link"].startswith("http"))
        return url, seconds, cpu

    def cpu(self):
        return {name: node.process.cpu_seconds() for name, node in self.nodes.items()}

    def restart_access(self):
        """Its cache is empty then."""
        self.access.process.stop()
        self.access.start()
        self.wait_members(len(self.here()))

    def end(self):
        for name in reversed(list(self.nodes)):
            self.nodes[name].process.stop()
            shutil.rmtree(self.nodes[name].folder, ignore_errors=True)


class Served:
    """A content as `compare` wants it: what it is called, where it is, who works for it."""

    def __init__(self, name, url, cluster):
        self.name, self.url, self._cluster = name, url, cluster

    def pids(self):
        return [node.process.pid for node in self._cluster.nodes.values()]


def make_content(path, size):
    with open(path, "wb") as out:
        for _ in range(size // MIB):
            out.write(os.urandom(MIB))


def freshen(path):
    """Other bytes in every chunk: nothing of it is stored yet."""
    with open(path, "r+b") as file:
        for at in range(0, os.path.getsize(path), CHUNK):
            file.seek(at)
            file.write(os.urandom(16))


def timed(argv):
    """Seconds and CPU seconds of a program."""
    started = time.monotonic()
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, code, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(code)
    if child.returncode != 0:
        raise Failure(f"{' '.join(argv)} ended with {child.returncode}")
    return time.monotonic() - started, used.ru_utime + used.ru_stime


def disk_write(path, folder, copies):
    """Seconds to write the file's bytes `copies` times, in order, and to sync them."""
    target = os.path.join(folder, "written")
    started = time.monotonic()
    with open(path, "rb") as source, open(target, "wb", buffering=0) as out:
        for _ in range(copies):
            source.seek(0)
            while block := source.read(CHUNK):
                out.write(block)
        os.fsync(out.fileno())
    seconds = time.monotonic() - started
    os.unlink(target)
    os.sync()
    return seconds


def rate(size, seconds):
    return size / seconds / MIB


def told(values):
    return f"{statistics.median(values):7.1f} [{min(values):.1f} to {max(values):.1f}]"


def bench_publish(run, args):
    size = args.size
    content = os.path.join(run.root, "content.bin")
    make_content(content, size)
    modes = {"cluster, TLS": {}, "cluster, plain": {"tls": False}}
    got = {name: [] for name in ("disk", "hash", *modes)}
    cpu = {}
    for _ in range(args.rounds):
        os.sync()
        got["disk"].append(rate(size, disk_write(content, run.root, 2)))
        seconds, used = timed([run.binary, "hash", content])
        got["hash"].append(rate(size, seconds))
        cpu["hash"] = {"hash": used}
        for name, how in modes.items():
            freshen(content)
            os.sync()
            cluster = Cluster(run, **how)
            _, seconds, cpu[name] = cluster.publish(content)
            got[name].append(rate(size, seconds))
            cluster.end()
            os.sync()
    print(f"\npublish of {size >> 20} MiB to three nodes, two copies; MiB/s of content")
    slower = min(statistics.median(got[name]) for name in ("disk", "hash"))
    for name, values in got.items():
        print(f"  {name:16} {told(values)}, {statistics.median(values) / slower * 100:4.0f} %")
    for name, by_process in cpu.items():
        each = ", ".join(f"{who} {s:.1f}" for who, s in by_process.items())
        print(f"  CPU s, {name}: {each}; sum {sum(by_process.values()):.1f}")
    os.unlink(content)


def bench_http(run, args):
    size = args.http_size
    folder = run.folder("served")
    content = os.path.join(folder, "file")
    make_content(content, size)
    script = ranges_script(folder, size)
    kinds = {
        "one process": {"one": True},
        "cluster, TLS": {},
        "cluster, plain": {"tls": False},
        "one process, large cache": {"one": True, "cache": 2 * size},
        "cluster, TLS, large cache": {"cache": 2 * size},
    }
    nginx = Nginx(folder, 1)
    try:
        for name, how in kinds.items():
            cluster = Cluster(run, **how)
            url, _, _ = cluster.publish(content)
            cluster.restart_access()
            served = [nginx, Served(name, url, cluster)]
            compare(f"{name}: GET, the first one", "MiB/s", served, lambda s: whole(s, size), 1)
            compare(f"{name}: GET, later", "MiB/s", served, lambda s: whole(s, size), args.rounds)
            compare(
                f"{name}: 64 KiB ranges, wrk, 64 connections",
                "req/s",
                served,
                lambda s: ranges(s, script, args.seconds),
                args.rounds,
            )
            cluster.end()
    finally:
        nginx.stop()
    shutil.rmtree(folder)


class Reader:
    """GETs a URL again and again; knows how many bytes came."""

    def __init__(self, url):
        host, port, self._path = re.fullmatch(r"http://([^:/]+):(\d+)(/.*)", url).groups()
        self._at = (host, int(port))
        self.bytes = 0
        self.failures = 0
        self._ended = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        buffer = bytearray(MIB)
        request = f"GET {self._path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        while not self._ended:
            try:
                with socket.create_connection(self._at, 60) as s:
                    s.sendall(request)
                    while not self._ended and (got := s.recv_into(buffer)):
                        self.bytes += got
            except OSError:
                self.failures += 1
                time.sleep(0.1)

    def rate_for(self, seconds):
        """MiB/s over the next seconds."""
        before, started = self.bytes, time.monotonic()
        time.sleep(seconds)
        return rate(self.bytes - before, time.monotonic() - started)

    def end(self):
        self._ended = True
        self._thread.join(70)


class Moves:
    """What repair did, over its passes, from now on."""

    def __init__(self, cluster):
        self._cluster = cluster
        self._moved = {}
        self._base = cluster.state()["repair"]
        self._disk = self._written()

    def _written(self):
        """Bytes that the storage nodes sent to their disk."""
        out = {}
        for name in self._cluster.storage_names:
            node = self._cluster.nodes.get(name)
            if node and node.process.alive:
                with open(f"/proc/{node.process.pid}/io", encoding="ascii") as io:
                    out[name] = int(re.search(r"^write_bytes: (\d+)", io.read(), re.M).group(1))
        return out

    def look(self):
        repair = self._cluster.state()["repair"]
        # A pass that has ended keeps its figures until the next one begins.
        key = repair["passes"] + (1 if repair["running"] else 0)
        if key > self._base["passes"] + (1 if self._base["running"] else 0):
            self._moved[key] = max(self._moved.get(key, 0), repair["moved_bytes"])
        return repair

    @property
    def moved(self):
        return sum(self._moved.values())

    @property
    def written(self):
        now = self._written()
        return sum(now[name] - self._disk.get(name, 0) for name in now)


def wait_even(cluster, moves, reader, copies, before):
    """Until exactly so many copies are there and nothing is at work; answers with the reader's rate
    while bytes moved.
    """
    begun = None
    last = (time.monotonic(), reader.bytes)
    end = time.monotonic() + 600
    while time.monotonic() < end:
        had = moves.moved
        repair = moves.look()
        if moves.moved > had:
            begun = begun or last
            last = (time.monotonic(), reader.bytes)
        elif begun is None:
            last = (time.monotonic(), reader.bytes)
        chunks = sum(s["chunks"] for s in cluster.here())
        if begun and not repair["running"] and chunks == copies and repair["missing_copies"] == 0:
            seconds = last[0] - begun[0]
            during = rate(last[1] - begun[1], seconds)
            print(
                f"    reader {during:.0f} MiB/s over {seconds:.1f} s, before {before:.0f} MiB/s: "
                f"{during / before * 100:.0f} %; {reader.failures} failed GETs"
            )
            return
        time.sleep(0.2)
    raise Failure(f"not even again after 600 s: {cluster.state()}")


def bench_repair(run, args):
    size = args.http_size
    content = os.path.join(run.root, "content.bin")
    make_content(content, size)
    cluster = Cluster(run, storage=4, spare=1)
    url, _, _ = cluster.publish(content)
    copies = size // CHUNK * 2
    reader = Reader(url)
    try:
        print(f"\nrepair: {size >> 20} MiB, two copies, four storage nodes, one is killed")
        before = reader.rate_for(args.seconds)
        lost = next(s["chunks"] for s in cluster.here() if s["id"] == "storage-4") * CHUNK
        moves = Moves(cluster)
        cluster.nodes["storage-4"].kill()
        del cluster.nodes["storage-4"]
        wait_even(cluster, moves, reader, copies, before)
        say_moved("lost", lost, moves)
        print("rebalance: a new node joins the three")
        before = reader.rate_for(args.seconds)
        moves = Moves(cluster)
        cluster.start("storage-5")
        wait_even(cluster, moves, reader, copies, before)
        new = next(s["chunks"] for s in cluster.here() if s["id"] == "storage-5") * CHUNK
        say_moved("now on the new node", new, moves)
    finally:
        reader.end()
    cluster.end()
    os.unlink(content)


def say_moved(what, ideal, moves):
    print(
        f"    moved {moves.moved >> 20} MiB ({moves.written >> 20} MiB written to disks); {what} "
        f"{ideal >> 20} MiB: {moves.moved / ideal:.3f} ({moves.written / ideal:.3f})",
        flush=True,
    )


def main():
    sections = {"publish": bench_publish, "http": bench_http, "repair": bench_repair}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sections", nargs="*", help="all without")
    parser.add_argument("--binary", required=True, help="the built interswarm program")
    parser.add_argument("--size", type=int, default=4096, help="MiB to publish")
    parser.add_argument("--http-size", type=int, default=1024, help="MiB to GET and to repair")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5, help="of one run of wrk or the reader")
    args = parser.parse_args()
    args.size, args.http_size = (n // 4 * CHUNK for n in (args.size, args.http_size))
    chosen = args.sections or list(sections)
    unknown = [name for name in chosen if name not in sections]
    if unknown:
        parser.error(f"no section is called {unknown[0]}; there are {', '.join(sections)}")
    print(f"{platform.platform()}, {os.cpu_count()} cores")
    with work_folder() as folder:
        run = Run(folder, os.path.abspath(args.binary), False, time.monotonic() + 24 * 3600)
        try:
            for name in chosen:
                sections[name](run, args)
                sys.stdout.flush()
        finally:
            run.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())

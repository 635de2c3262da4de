#!/usr/bin/python3
"""The HTTP door beside nginx: one file, the same clients, in turns.

    tests/bench/http_bench.py --server build/release/tests/bench/http_door_bench

Prints for each server the rate of a whole GET with curl (1 GiB) and the requests a second of wrk
with 64 connections that ask for 64 KiB ranges at random places; then the ratios. Each figure is the
median of the rounds. Server and client share the machine, as they share its cores: with one loop
and one nginx worker, unless --loops says otherwise. The file is in the page cache; the door maps
it, or reads it with pread() in other threads where the line says so.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

from http_peers import GIB, Nginx, compare, ranges, ranges_script, whole  # noqa: E402


class Door:
    def __init__(self, binary, folder, loops, read=False, tls=None):
        command = [binary, f"{folder}/file", "--loops", str(loops)]
        command += ["--read"] if read else []
        command += ["--tls", *tls] if tls else []
        self.name = "door, pread" if read else "door"
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.address = self._process.stdout.readline().split()[1]
        self.url = f"{'https' if tls else 'http'}://{self.address}/content/file"

    def pids(self):
        return [self._process.pid]

    def stop(self):
        self._process.terminate()
        self._process.wait(20)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--server", required=True, help="the built http_door_bench")
    parser.add_argument("--loops", type=int, default=1, help="of the door, and nginx workers")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of one run of wrk")
    args = parser.parse_args()
    print(f"{platform.platform()}, {os.cpu_count()} cores, {args.loops} loops and workers")
    with tempfile.TemporaryDirectory(prefix="interswarm-bench-") as folder:
        os.chmod(folder, 0o755)
        with open(f"{folder}/file", "wb") as out:
            for _ in range(GIB >> 20):
                out.write(os.urandom(1 << 20))
        script = ranges_script(folder)
        tls = (f"{folder}/cert.pem", f"{folder}/key.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
            + ["-nodes", "-days", "2", "-subj", "/CN=bench", "-keyout", tls[1], "-out", tls[0]],
            stderr=subprocess.DEVNULL,
            check=True,
        )
        servers = [
            Nginx(folder, args.loops),
            Door(args.server, folder, args.loops),
            Door(args.server, folder, args.loops, read=True),
        ]
        try:
            compare("GET of 1 GiB, curl", "MiB/s", servers, whole, args.rounds)
            compare(
                "64 KiB ranges, wrk, 64 connections",
                "req/s",
                servers,
                lambda s: ranges(s, script, args.seconds),
                args.rounds,
            )
        finally:
            for s in servers:
                s.stop()
        servers = [Nginx(folder, args.loops, tls), Door(args.server, folder, args.loops, tls=tls)]
        try:
            compare("GET of 1 GiB over TLS, curl", "MiB/s", servers, whole, args.rounds)
        finally:
            for s in servers:
                s.stop()


if __name__ == "__main__":
    main()

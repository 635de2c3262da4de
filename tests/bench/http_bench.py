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
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

GIB = 1 << 30
RANGE = 64 << 10

RANGES_LUA = """
local blocks = %d
request = function()
  local first = math.random(0, blocks - 1) * %d
  return wrk.format("GET", nil, { Range = "bytes=" .. first .. "-" .. (first + %d - 1) })
end
"""

NGINX_CONF = """
daemon off;
worker_processes {workers};
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} reuseport{ssl};
    {keys}
    location /content/ {{ alias {folder}/; }}
  }}
}}
"""


def free_port():
    import socket

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


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


class Nginx:
    name = "nginx"

    def __init__(self, folder, workers, tls=None):
        port = free_port()
        keys = f"ssl_certificate {tls[0]}; ssl_certificate_key {tls[1]};" if tls else ""
        conf = os.path.join(folder, "nginx.conf")
        with open(conf, "w") as out:
            out.write(
                NGINX_CONF.format(
                    workers=workers, folder=folder, port=port, ssl=" ssl" if tls else "", keys=keys
                )
            )
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        command = [program, "-c", conf, "-p", folder, "-e", f"{folder}/error.log"]
        if os.getuid() == 0:
            command += ["-g", "user root;"]
        self._process = subprocess.Popen(command)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/content/file"
        for _ in range(100):
            probe = ["curl", "-sk", "-r", "0-0", "-o", "/dev/null", self.url]
            if subprocess.run(probe).returncode == 0:
                return
            time.sleep(0.05)
        raise SystemExit("nginx does not start: see its error log")

    def pids(self):
        children = f"/proc/{self._process.pid}/task/{self._process.pid}/children"
        with open(children) as listed:
            return [self._process.pid, *map(int, listed.read().split())]

    def stop(self):
        self._process.terminate()
        self._process.wait(20)


def cpu_seconds(pids):
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def whole(server):
    """MiB a second."""
    out = subprocess.run(
        ["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code} %{size_download} %{time_total}"]
        + [server.url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert out[:2] == ["200", str(GIB)], out
    return GIB / float(out[2]) / (1 << 20)


def ranges(server, script, seconds):
    """Requests a second."""
    out = subprocess.run(
        ["wrk", "-t", "1", "-c", "64", "-d", f"{seconds}s", "-s", script, server.url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "Non-2xx" not in out and "Socket errors" not in out, out
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))


def compare(title, unit, servers, measure, rounds):
    got = {s.name: [] for s in servers}
    cpu = {s.name: 0.0 for s in servers}
    for _ in range(rounds):
        for s in servers:
            before = cpu_seconds(s.pids())
            got[s.name].append(measure(s))
            cpu[s.name] += cpu_seconds(s.pids()) - before
    base = statistics.median(got["nginx"])
    print(f"\n{title}")
    for name, values in got.items():
        median = statistics.median(values)
        print(
            f"  {name:12} {median:10.0f} {unit}  ({min(values):.0f} to {max(values):.0f}),"
            f" {cpu[name] / rounds:5.2f} s of CPU a round, {median / base * 100:4.0f} % of nginx"
        )
    sys.stdout.flush()


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
        script = f"{folder}/ranges.lua"
        with open(script, "w") as out:
            out.write(RANGES_LUA % (GIB // RANGE, RANGE, RANGE))
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

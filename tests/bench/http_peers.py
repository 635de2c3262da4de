"""What HTTP servers are measured with: the same clients for all, and nginx beside ours."""

import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
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
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


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


def whole(server, size=GIB):
    """MiB a second of one GET."""
    out = subprocess.run(
        ["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code} %{size_download} %{time_total}"]
        + [server.url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert out[:2] == ["200", str(size)], out
    return size / float(out[2]) / (1 << 20)


def ranges_script(folder, size=GIB):
    """Writes a script for wrk that asks for ranges at random places; answers with its path."""
    script = os.path.join(folder, "ranges.lua")
    with open(script, "w", encoding="ascii") as out:
        out.write(RANGES_LUA % (size // RANGE, RANGE, RANGE))
    return script


def ranges(server, script, seconds):
    """Requests a second."""
    out = subprocess.run(
        ["wrk", "-t", "1", "-c", "64", "-d", f"{seconds}s", "--timeout", "30s", "-s", script, server.url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "Non-2xx" not in out and "Socket errors" not in out, out
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))


def compare(title, unit, servers, measure, rounds):
    """Measures the servers in turns; answers with the median of each by its name."""
    got = {s.name: [] for s in servers}
    cpu = {s.name: 0.0 for s in servers}
    for _ in range(rounds):
        for s in servers:
            before = cpu_seconds(s.pids())
            got[s.name].append(measure(s))
            cpu[s.name] += cpu_seconds(s.pids()) - before
    medians = {name: statistics.median(values) for name, values in got.items()}
    base = medians["nginx"]
    print(f"\n{title}")
    for name, values in got.items():
        median = medians[name]
        print(
            f"  {name:26} {median:10.0f} {unit}  ({min(values):.0f} to {max(values):.0f}),"
            f" {cpu[name] / rounds:5.2f} s of CPU a round, {median / base * 100:4.0f} % of nginx"
        )
    sys.stdout.flush()
    return medians

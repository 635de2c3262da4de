"""Drivers of BitTorrent programs from Debian: aria2, Transmission, opentracker, libtorrent."""

import http.client
import json
import os
import signal
import time

import libtorrent

from .files import must_be_equal
from .process import Failure, wait_port, wait_until


# aria2 and Transmission answer between two writes: a disk that is busy with gigabytes delays them by
# many seconds. How long a download may take is the case's own limit.
ANSWER_S = 60


def _post(host, port, path, body, headers=None, timeout_s=ANSWER_S):
    with host.inside():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
        connection.connect()
    try:
        connection.request("POST", path, json.dumps(body), headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


class Aria2:
    """aria2c with its RPC on loopback. `what` is a magnet link or a .torrent file."""

    RPC_PORT = 6800

    def __init__(self, run, host, what, name="", port=6881, options=()):
        self.name = name or f"aria2-{host.name}"
        self.folder = run.folder(self.name)
        dht = os.path.join(run.folder(self.name + "-state"), "dht.dat")
        # Its UDP tracker client exists only beside a DHT node; that one reaches nobody here.
        argv = [
            "aria2c",
            "--no-conf",
            f"--listen-port={port}",
            "--enable-dht=true",
            f"--dht-listen-port={port}",
            f"--dht-file-path={dht}",
            "--enable-dht6=false",
            "--bt-enable-lpd=false",
            "--enable-peer-exchange=false",
            "--disable-ipv6=true",
            "--seed-time=0",
            "--file-allocation=none",
            "--summary-interval=0",
            "--show-console-readout=false",
            "--console-log-level=notice",
            "--follow-torrent=mem",
            "--enable-rpc=true",
            f"--rpc-listen-port={self.RPC_PORT}",
            f"--dir={self.folder}",
            *options,
        ]
        if what:
            argv.append(what)
        self.started_at = time.monotonic()
        self.process = run.start(host, argv, self.name)
        wait_port(host, "127.0.0.1", self.RPC_PORT, process=self.process)

    def call(self, method, *params):
        status, _, body = _post(
            self.process.host,
            self.RPC_PORT,
            "/jsonrpc",
            {"jsonrpc": "2.0", "id": 1, "method": f"aria2.{method}", "params": params},
        )
        if status != 200:
            raise Failure(f"{self.name}: {method} failed: {body.decode(errors='replace')}")
        return json.loads(body)["result"]

    def downloads(self):
        return [
            one
            for one in self.call("tellActive") + self.call("tellStopped", 0, 100)
            if not one["files"][0]["path"].startswith("[METADATA]")
        ]

    def done_bytes(self):
        """Bytes that it holds so far; 0 before the metadata came."""
        return sum(int(one["completedLength"]) for one in self.downloads())

    def finished(self):
        for one in self.downloads():
            if one["status"] == "error":
                raise Failure(f"{self.name} gave up: {one.get('errorMessage')}")
        return any(one["status"] == "complete" for one in self.downloads())

    def must_hold(self, original):
        must_be_equal(os.path.join(self.folder, os.path.basename(original)), original)

    def stop(self):
        self.process.stop()


class Transmission:
    """transmission-daemon, to seed or to download."""

    RPC_PORT = 9091

    def __init__(self, run, host, name="", port=51413):
        self.name = name or f"transmission-{host.name}"
        self.folder = run.folder(self.name)
        self._host = host
        self._session = ""
        settings = {
            "bind-address-ipv4": host.ip,
            "bind-address-ipv6": "::1",
            "peer-port": port,
            "peer-port-random-on-start": False,
            "rpc-port": self.RPC_PORT,
            "rpc-bind-address": "127.0.0.1",
            "rpc-whitelist-enabled": False,
            "rpc-host-whitelist-enabled": False,
            "rpc-authentication-required": False,
            "dht-enabled": False,
            "pex-enabled": False,
            "lpd-enabled": False,
            "utp-enabled": False,
            "port-forwarding-enabled": False,
            "encryption": 1,
            "download-dir": self.folder,
            "incomplete-dir-enabled": False,
            "preallocation": 0,
            "cache-size-mb": 64,
            "speed-limit-up-enabled": False,
            "speed-limit-down-enabled": False,
            "ratio-limit-enabled": False,
            "blocklist-enabled": False,
            "umask": 18,
            "message-level": 2,
        }
        config = run.folder(self.name + "-state")
        with open(os.path.join(config, "settings.json"), "w", encoding="ascii") as file:
            json.dump(settings, file)
        self.process = run.start(host, ["transmission-daemon", "-f", "-g", config], self.name)
        wait_port(host, "127.0.0.1", self.RPC_PORT, process=self.process)

    def call(self, method, **arguments):
        for _ in range(2):
            status, headers, body = _post(
                self._host,
                self.RPC_PORT,
                "/transmission/rpc",
                {"method": method, "arguments": arguments},
                {"X-Transmission-Session-Id": self._session},
            )
            if status != 409:
                break
            self._session = headers["X-Transmission-Session-Id"]
        answer = json.loads(body)
        if answer["result"] != "success":
            raise Failure(f"{self.name}: {method} failed: {answer['result']}")
        return answer["arguments"]

    def add(self, torrent, folder=None):
        """Adds a .torrent file or magnet link; `folder` holds the data where it is to seed."""
        added = self.call(
            "torrent-add", **{"filename": str(torrent), "download-dir": str(folder or self.folder)}
        )
        return next(iter(added.values()))["id"]

    def torrents(self):
        return self.call(
            "torrent-get",
            fields=[
                "id",
                "name",
                "haveValid",
                "leftUntilDone",
                "sizeWhenDone",
                "metadataPercentComplete",
                "status",
                "errorString",
                "uploadedEver",
                "peers",
                "trackerStats",
            ],
        )["torrents"]

    def seed(self, torrent, folder, timeout_s=30):
        """Seeds the data in `folder`; waits until it was checked and a tracker took the announce."""
        number = self.add(torrent, folder)
        seeding = 6

        def announced():
            one = next(one for one in self.torrents() if one["id"] == number)
            return one["status"] == seeding and any(
                tracker["lastAnnounceSucceeded"] for tracker in one["trackerStats"]
            )

        wait_until(announced, timeout_s, f"{self.name} seeds {torrent} and announced it")

    def done_bytes(self):
        return sum(one["haveValid"] for one in self.torrents())

    def limit_upload_kbytes(self, rate):
        self.call("session-set", **{"speed-limit-up": rate, "speed-limit-up-enabled": True})

    def uploaded_bytes(self):
        return sum(one["uploadedEver"] for one in self.torrents())

    def finished(self):
        torrents = self.torrents()
        return bool(torrents) and all(
            one["metadataPercentComplete"] == 1
            and one["leftUntilDone"] == 0
            and one["sizeWhenDone"] > 0
            for one in torrents
        )

    def must_hold(self, original):
        must_be_equal(os.path.join(self.folder, os.path.basename(original)), original)

    def stop(self):
        self.process.stop()


class OpenTracker:
    """Debian's opentracker, in the allow-list mode it was built for; HTTP and UDP on one port."""

    def __init__(self, run, host, hashes, port=6969):
        folder = run.folder(f"opentracker-{host.name}")
        os.chmod(folder, 0o755)
        self._allowed = os.path.join(folder, "allowed.txt")
        with open(self._allowed, "w", encoding="ascii") as file:
            file.writelines(f"{one}\n" for one in hashes)
        # As root it makes the folder its root before it reads the list: the name has to be
        # relative.
        config = os.path.join(folder, "opentracker.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write("access.whitelist allowed.txt\n")
        argv = ["opentracker", "-i", host.ip, "-p", str(port), "-P", str(port), "-f", config]
        if run.as_user:
            # As root it changes to the user nobody, which a namespace with a single user does not
            # have.
            argv = ["unshare", "--user", "--map-user=1000", "--map-group=1000", *argv]
        else:
            argv += ["-d", folder]
        self.process = run.start(host, argv, f"opentracker-{host.name}", cwd=folder)
        wait_port(host, host.ip, port, process=self.process)
        self.http = f"http://{host.ip}:{port}/announce"
        self.udp = f"udp://{host.ip}:{port}/announce"

    def allow(self, info_hash):
        """Adds an info-hash to its list."""
        with open(self._allowed, "a", encoding="ascii") as file:
            file.write(f"{info_hash}\n")
        os.kill(self.process.pid, signal.SIGHUP)


class Libtorrent:
    """A libtorrent session in this process, on the given host: for what no finished client can be
    made to do.
    """

    def __init__(self, run, host, name="", port=6891, settings=None):
        self.name = name or f"libtorrent-{host.name}"
        self.folder = run.folder(self.name)
        with host.inside():
            self.session = libtorrent.session(
                {
                    "listen_interfaces": f"{host.ip}:{port}",
                    "enable_dht": False,
                    "enable_lsd": False,
                    "enable_upnp": False,
                    "enable_natpmp": False,
                    "allow_multiple_connections_per_ip": True,
                    "alert_mask": libtorrent.alert.category_t.all_categories,
                    **(settings or {}),
                }
            )
        self.handle = None

    def add(self, torrent, folder=None):
        """Adds a .torrent file (path) or a magnet link."""
        if str(torrent).startswith("magnet:"):
            params = libtorrent.parse_magnet_uri(str(torrent))
        else:
            params = libtorrent.add_torrent_params()
            params.ti = libtorrent.torrent_info(str(torrent))
        params.save_path = str(folder or self.folder)
        self.handle = self.session.add_torrent(params)
        return self.handle

    def done_bytes(self):
        return self.handle.status().total_done

    def finished(self):
        return self.handle.status().is_seeding

    def must_hold(self, original):
        must_be_equal(os.path.join(self.folder, os.path.basename(original)), original)

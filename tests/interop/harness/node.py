"""Driver of the program under test: configurations, nodes, client commands."""

import json
import os
import subprocess
import time

from .process import Failure, wait_until

CONTROL_PORT = 7400


def toml(value):
    """One TOML value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    return json.dumps(str(value))


def toml_text(tables):
    """TOML of {"name": {key: value}}; a list of dictionaries is an array of tables."""
    lines = []
    for name, table in tables.items():
        for one in table if isinstance(table, list) else [table]:
            lines.append(f"[[{name}]]" if isinstance(table, list) else f"[{name}]")
            lines += [f"{key} = {toml(value)}" for key, value in one.items() if value is not None]
            lines.append("")
    return "\n".join(lines)


def configuration(
    folder,
    domain,
    bittorrent=None,
    ed2k=None,
    listen=None,
    ppsp=None,
    keys=None,
    neighbours=(),
    bridge=None,
    soa=None,
):
    """A node's configuration, the one place that knows its form.

    `bittorrent`, `ed2k` and `ppsp` are the addresses of the faces (None: the node has no such
    face), as `BitTorrentFace`, `Ed2kFace` and `PpspFace` below; `neighbours` are pairs of a domain and its address (""
    where it dials us); `soa` are the tables of a cluster's node.
    """
    tables = {
        "node": {
            "domain": domain,
            "data": os.path.join(folder, "data"),
            "log": "debug",
            "listen": listen,
            "keys": keys,
            "operators": ["operator"] if keys else None,
        }
    }
    if neighbours:
        tables["neighbour"] = [
            {"domain": name, "address": address or None} for name, address in neighbours
        ]
    if bridge:
        tables["bridge"] = bridge
    if soa:
        tables.update(soa)
    if bittorrent:
        tables.update(bittorrent.tables())
    if ed2k:
        tables.update(ed2k.tables())
    if ppsp:
        tables.update(ppsp.tables())
    return toml_text(tables)


class BitTorrentFace:
    """BitTorrent at `ip`: a tracker of our own unless `trackers` (URLs of other people's) are
    given.
    """

    TRACKER_PORT = 6969
    PEER_PORT = 6888

    def __init__(self, ip, trackers=(), peer=True):
        self.ip = ip
        self.trackers = list(trackers)
        self.peer = peer

    def tables(self):
        tables = {}
        if self.peer:
            tables["bittorrent.peer"] = {"listen": [f"{self.ip}:{self.PEER_PORT}"]}
        if self.trackers:
            tables["bittorrent.registrar"] = {"trackers": self.trackers}
        else:
            tables["bittorrent.tracker"] = {"listen": [f"{self.ip}:{self.TRACKER_PORT}"]}
        return tables

    @property
    def http(self):
        return f"http://{self.ip}:{self.TRACKER_PORT}/announce"

    @property
    def udp(self):
        return f"udp://{self.ip}:{self.TRACKER_PORT}/announce"


class Ed2kFace:
    """ed2k at `ip`: a server of our own unless `servers` ("IP:PORT" of other people's) are given."""

    SERVER_PORT = 4661
    PEER_PORT = 4662

    def __init__(self, ip, servers=(), peer=True):
        self.ip = ip
        self.servers = list(servers)
        self.peer = peer

    def tables(self):
        tables = {}
        if self.peer:
            tables["ed2k.peer"] = {"listen": f"{self.ip}:{self.PEER_PORT}"}
        if self.servers:
            tables["ed2k.registrar"] = {"servers": self.servers}
        else:
            tables["ed2k.server"] = {"listen": f"{self.ip}:{self.SERVER_PORT}"}
        return tables

    @property
    def server(self):
        return f"{self.ip}:{self.SERVER_PORT}"


class PpspFace:
    """PPSP at `ip`, with a tracker of our own."""

    TRACKER_PORT = 7846
    PEER_PORT = 7574

    def __init__(self, ip):
        self.ip = ip

    def tables(self):
        return {
            "ppsp.tracker": {"listen": [f"{self.ip}:{self.TRACKER_PORT}"]},
            "ppsp.peer": {"listen": f"{self.ip}:{self.PEER_PORT}"},
        }

    @property
    def url(self):
        return f"http://{self.ip}:{self.TRACKER_PORT}/"


class Node:
    """One `interswarm --mode bridge`, or `--mode soa` with tables for it."""

    def __init__(self, run, host, name, bittorrent=None, ed2k=None, **more):
        self.run = run
        self.host = host
        self.name = name
        self.bittorrent = bittorrent
        self.ed2k = ed2k
        self.ppsp = more.get("ppsp")
        self.folder = run.folder(name)
        self.config = os.path.join(self.folder, "node.toml")
        self._more = more
        self.mode = "soa" if more.get("soa") else "bridge"
        self.listen = more.pop("listen", None) or f"127.0.0.1:{CONTROL_PORT}"
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(configuration(self.folder, name, bittorrent, ed2k, self.listen, **more))
        self.starts = 0
        self.start()

    def start(self):
        """Starts the node and waits for its word that it is ready."""
        log = os.path.join(self.run.logs, f"{self.name}.log")
        before = os.path.getsize(log) if os.path.exists(log) else 0
        self.process = self.run.start(
            self.host,
            [self.run.binary, "--mode", self.mode, "--config", self.config],
            self.name,
            cwd=self.folder,
        )
        self.process.wait_for("ready", 30, after=before)
        self.starts += 1

    def kill(self):
        """SIGKILL: as a power cut."""
        self.process.kill()

    def _argv(self, words):
        # The operator's commands are taken on loopback, or with a certificate.
        argv = [self.run.binary, *words, "--node", self.listen]
        if self._more.get("keys"):
            argv += ["--keys", self._more["keys"], "--as", "operator", "--expect", self.name]
        return argv

    def command(self, *words, timeout_s=60, expect=0):
        """A client command at this node; answers with its output, fails unless it exits with
        `expect`.
        """
        return self.run.command(self.host, self._argv(words), timeout_s, expect)

    def refused(self, *words, timeout_s=60):
        """A client command that has to fail; answers with its one line of reason."""
        done = self.run.command_result(self.host, self._argv(words), timeout_s)
        if done.returncode == 0:
            raise Failure(f"{self.name}: “{' '.join(words)}” was accepted: {done.stdout}")
        if not done.stderr.strip():
            raise Failure(f"{self.name}: “{' '.join(words)}” failed without a word")
        return done.stderr.strip()

    def ask(self, *words, **how):
        """A client command with --json; answers with the value."""
        return json.loads(self.command(*words, "--json", **how))

    def link(self, *names):
        return self.ask("link", *names)["names"]

    def bring_in(self, name, timeout_s=150, watch=None):
        """`interswarm import NAME`; answers with the records. `watch` is called while it works."""
        with self.host.inside():
            child = subprocess.Popen(
                self._argv(["import", name, "--json"]),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        end = time.monotonic() + timeout_s
        try:
            while child.poll() is None and time.monotonic() < end:
                if watch:
                    watch()
                time.sleep(0.25)
            if child.poll() is None:
                raise Failure(f"{self.name}: import does not end within {timeout_s} s: {name}")
            out, err = child.communicate(timeout=10)
        finally:
            child.kill()
        if child.returncode != 0:
            raise Failure(f"{self.name}: import failed: {err.strip()}")
        return json.loads(out)["names"]

    def names(self, *name):
        return self.ask("names", *name)["names"]

    def status(self):
        return self.ask("status")

    def ledger(self):
        return self.ask("ledger")["entries"]

    def received_bytes(self):
        """Bytes that came in over the node's cables: tells whether something moves towards it."""
        return self.host.received_bytes()


def uri_of(records, begins):
    """The first link among the records that begins so."""
    for record in records:
        if record["uri"].startswith(begins):
            return record["uri"]
    raise Failure(f"no name begins with {begins}: {json.dumps(records, indent=1)}")


def make_keys(run, *names, folder="keys"):
    """`interswarm keys`: certificates of the given names and of an operator in one folder."""
    folder = os.path.join(run.root, folder)
    subprocess.run(
        [run.binary, "keys", "--dir", folder, *names, "operator"],
        check=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    return folder


def crossed_bytes(entries, role=None):
    """The ledger's bytes, of one role or all."""
    return sum(entry["bytes"] for entry in entries if role in (None, entry["role"]))


def must_agree(nodes, at_least, timeout_s=20):
    """Waits until the givers' entries and the takers' name the same receipts with the same bytes,
    `at_least` so many; answers with the sum. The same node may be on both sides.
    """

    def by_receipt(role):
        return {
            entry["receipt"]: entry["bytes"]
            for node in nodes
            for entry in node.ledger()
            if entry["role"] == role
        }

    def agree():
        given, taken = by_receipt("giver"), by_receipt("taker")
        return given if given == taken and sum(given.values()) >= at_least else None

    try:
        return sum(wait_until(agree, timeout_s, "equal ledgers", 0.5).values())
    except Failure:
        raise Failure(
            f"the ledgers do not agree on {at_least:,} bytes after {timeout_s} s: "
            f"given {by_receipt('giver')}, taken {by_receipt('taker')}"
        ) from None

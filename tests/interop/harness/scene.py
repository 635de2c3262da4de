"""The stage of most cases: a BitTorrent network, an ed2k network, and what stands between them.

One node stands in both networks, or two nodes stand in one each and share a third network of their
own. Nothing else connects the networks.
"""

import os
import re
import urllib.parse

from .amule import LINE_MBIT, AMule
from .bittorrent import Aria2, Libtorrent, OpenTracker, Transmission
from .files import make_file, make_torrent
from .node import BitTorrentFace, Ed2kFace, Node, make_keys, must_agree
from .process import Failure

# Three ed2k parts, and no multiple of anything.
THREE_PARTS = 19_600_003
TRUNK_PORT = 7401


class Scene:
    """`foreign_tracker`: opentracker is the swarm's tracker. `foreign_server`: an interswarm node
    of somebody else, with nothing but an ed2k server, is the ed2k server.
    """

    def __init__(
        self, run, two_nodes=False, foreign_tracker=False, foreign_server=False, bridge=None
    ):
        self.run = run
        self.data = run.folder("data")
        self.two_nodes = two_nodes
        self._bridge = bridge
        self._bt_net, self._ed_net = run.network(), run.network()
        self.opentracker = None
        trackers, servers = [], []
        if foreign_tracker:
            self.opentracker = OpenTracker(run, run.host("tracker", self._bt_net), [])
            trackers = [self.opentracker.http]
        if foreign_server:
            host = run.host("server", self._ed_net)
            self.foreign_server = Node(
                run, host, "foreign-server", ed2k=Ed2kFace(host.ip, peer=False)
            )
            servers = [self.foreign_server.ed2k.server]
        if two_nodes:
            self._two_nodes(trackers, servers)
        else:
            host = run.host("node", self._bt_net, self._ed_net)
            self.bt_node = self.ed_node = Node(
                run,
                host,
                "bridge",
                BitTorrentFace(host.ip_in(self._bt_net), trackers),
                Ed2kFace(host.ip_in(self._ed_net), servers),
                bridge=bridge,
            )
        self.nodes = [self.bt_node] if not two_nodes else [self.bt_node, self.ed_node]
        self.tracker = self.opentracker.http if foreign_tracker else self.bt_node.bittorrent.http
        self.server = servers[0] if servers else self.ed_node.ed2k.server

    def _two_nodes(self, trackers, servers):
        trunk = self.run.network()
        keys = make_keys(self.run, "node-a", "node-b")
        host_a = self.run.host("node-a", self._bt_net, trunk)
        host_b = self.run.host("node-b", self._ed_net, trunk)
        meeting = f"{host_a.ip_in(trunk)}:{TRUNK_PORT}"
        self.bt_node = Node(
            self.run,
            host_a,
            "node-a",
            bittorrent=BitTorrentFace(host_a.ip_in(self._bt_net), trackers),
            listen=meeting,
            keys=keys,
            neighbours=[("node-b", "")],
            bridge=self._bridge,
        )
        self.ed_node = Node(
            self.run,
            host_b,
            "node-b",
            ed2k=Ed2kFace(host_b.ip_in(self._ed_net), servers),
            listen=f"{host_b.ip_in(trunk)}:{TRUNK_PORT}",
            keys=keys,
            neighbours=[("node-a", meeting)],
            bridge=self._bridge,
        )

    # --- contents

    def file(self, name="content.bin", size=THREE_PARTS, seed=1):
        return make_file(os.path.join(self.data, name), size, seed)

    def torrent(self, path, **how):
        """A torrent of the file that names this stage's tracker, which tracks it."""
        torrent = make_torrent(
            self.data,
            os.path.join(self.run.root, os.path.basename(path) + ".torrent"),
            os.path.basename(path),
            [self.tracker],
            **how,
        )
        if self.opentracker:
            self.opentracker.allow(torrent.v1_hash)
        return torrent

    def magnet_of(self, records):
        """The magnet link among an import's records, with this stage's tracker, which tracks it."""
        for record in records:
            match = re.search(r"urn:btih:([0-9a-fA-F]{40})", record["uri"])
            if not match:
                continue
            if self.opentracker:
                self.opentracker.allow(match.group(1).lower())
            quoted = urllib.parse.quote(self.tracker, safe="")
            return record["uri"] if quoted in record["uri"] else f"{record['uri']}&tr={quoted}"
        raise Failure(f"no magnet link among {records}")

    @staticmethod
    def size_of(path):
        return os.path.getsize(path)

    # --- clients

    def amule(self, name, shared=()):
        """An amuled in the ed2k network, logged in; shares the files and has them offered."""
        host = self.run.host(name, self._ed_net, line_mbit=LINE_MBIT)
        return AMule(self.run, host, self.server, shared)

    def bittorrent_host(self, name):
        return self.run.host(name, self._bt_net)

    def stranger(self, name):
        """A host in both networks."""
        return self.run.host(name, self._bt_net, self._ed_net)

    def aria2(self, name, what):
        return Aria2(self.run, self.bittorrent_host(name), what)

    def transmission(self, name):
        return Transmission(self.run, self.bittorrent_host(name))

    def libtorrent(self, name, **how):
        return Libtorrent(self.run, self.bittorrent_host(name), **how)

    def stranger_command(self, *words):
        """A client command with a certificate from somewhere else, towards the first node; answers
        with the refusal.
        """
        keys = make_keys(self.run, "node-a", folder="other-keys")
        node = self.bt_node
        done = self.run.command_result(
            node.host,
            [
                self.run.binary,
                *words,
                "--node",
                node.listen,
                "--keys",
                keys,
                "--as",
                "operator",
                "--expect",
                node.name,
            ],
        )
        if done.returncode == 0:
            raise Failure(f"a stranger's “{' '.join(words)}” was taken: {done.stdout}")
        return done.stderr.strip()

    # --- what the books say

    def crossed(self):
        return [entry for node in self.nodes for entry in node.ledger() if entry["bytes"] > 0]

    def must_have_crossed(self, size, at_most=None):
        """The ledgers agree with each other and with `size` bytes delivered (up to `at_most` where
        sessions broke).
        """
        total = must_agree(self.nodes, size)
        if total > (at_most or size):
            raise Failure(f"the ledgers tell of {total:,} bytes where {size:,} were delivered")
        self.run.note(f"the ledgers agree: {total:,} bytes")

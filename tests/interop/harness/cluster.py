"""A cluster in SOA mode: a process a node, each on a host of its own, joined by mutual TLS.

The nodes share a network of their own; the access nodes stand in the clients' network as well.
"""

import hashlib
import json
import os
import struct

from .amule import LINE_MBIT, AMule
from .bittorrent import Aria2, Transmission
from .files import make_file, sha256, stat_or_none
from .node import BitTorrentFace, Ed2kFace, Node, make_keys
from .postgresql import PostgreSQL
from .process import Failure, wait_until

TRUNK_PORT = 7401
HTTP_PORT = 8080
CHUNK_BYTES = 4 << 20
LEAF_BYTES = 16 << 10


def chunk_name(data):
    """BEP 52 subtree root over 256 leaves of 16 KiB: computed here, not by the program."""
    leaves = [
        hashlib.sha256(data[at : at + LEAF_BYTES]).digest()
        for at in range(0, len(data), LEAF_BYTES)
    ]
    layer = leaves + [bytes(32)] * (CHUNK_BYTES // LEAF_BYTES - len(leaves))
    while len(layer) > 1:
        layer = [
            hashlib.sha256(layer[at] + layer[at + 1]).digest() for at in range(0, len(layer), 2)
        ]
    return layer[0]


def chunk_of_image(path):
    """The chunk's bytes in a file of a storage node's folder; None where the head is damaged."""
    with open(path, "rb") as file:
        image = file.read()
    if image[:8] != b"ISWCHNK1":
        return None
    size, complement = struct.unpack(">II", image[8:16])
    if size ^ complement != 0xFFFFFFFF:
        return None
    leaves = (size + LEAF_BYTES - 1) // LEAF_BYTES
    data = image[16 + 32 * leaves :]
    return data if len(data) == size else None


class Cluster:
    """`storage` storage nodes, `services` service nodes (one unless they share a database) and
    `access` access nodes.
    """

    def __init__(
        self, run, storage=3, access=2, services=1, copies=2, tables=None, storage_tables=None
    ):
        self.run = run
        self.copies = copies
        self.data = run.folder("data")
        self._tables = tables or {}
        self._storage_tables = storage_tables or {}
        self._trunk, self.clients = run.network(), run.network()
        # Beside the nodes, in their network.
        self.backstage = run.host("backstage", self._trunk)
        if services > 1:
            self.database = PostgreSQL(run, self.backstage)
            self._tables.setdefault("service", {})["catalogue"] = self.database.url
        names = (
            [f"service-{n + 1}" for n in range(services)]
            + [f"storage-{n + 1}" for n in range(storage)]
            + [f"access-{n + 1}" for n in range(access)]
        )
        self._members = names
        self.keys = make_keys(run, *names, "publisher", "stranger")
        self._hosts = {}
        for name in names:
            networks = (self._trunk, self.clients) if "access" in name else (self._trunk,)
            self._hosts[name] = run.host(name, *networks)
        self.nodes = {name: self._node(name) for name in names}
        self.service = self.nodes["service-1"]
        self.services = [self.nodes[name] for name in names if "service" in name]
        self.storage = [self.nodes[name] for name in names if "storage" in name]
        self.access = [self.nodes[name] for name in names if "access" in name]
        self.wait_whole()

    def _address(self, name):
        return f"{self._hosts[name].ip_in(self._trunk)}:{TRUNK_PORT}"

    def _node(self, name):
        host = self._hosts[name]
        role = name.split("-")[0]
        first = [n for n in self._members if "service" in n] + ["storage-1"]
        cluster = {
            "roles": [role],
            "join": [f"{n}@{self._address(n)}" for n in first if n != name],
            "members": self._members,
            "copies": self.copies,
            "gone_after": 10,
            "away_after": 4,
        }
        tables = {"cluster": cluster}
        faces = {}
        if role == "storage":
            tables["storage"] = {"failure_domain": name, "sync": False, **self._storage_tables}
        if role == "service":
            tables["service"] = {"publishers": ["publisher"]}
            # The addresses of these networks are nobody's, which counts as private.
            tables["origins"] = {"private_addresses": "given"}
        if role == "access":
            ip = host.ip_in(self.clients)
            faces = {"bittorrent": BitTorrentFace(ip), "ed2k": Ed2kFace(ip)}
            tables["access"] = {"http": [f"{ip}:{HTTP_PORT}"]}
        for table, values in self._tables.items():
            if table in tables:
                tables[table].update(values)
        return Node(
            self.run,
            host,
            name,
            **faces,
            listen=self._address(name),
            keys=self.keys,
            soa=tables,
        )

    def state(self, node=None):
        """What `status` says of the cluster."""
        return (node or self.service).status()["cluster"]

    def present(self, node):
        return {s["id"] for s in self.state(node)["storage"] if s["presence"] == "here"}

    def wait_whole(self, timeout_s=30):
        """Waits until every service and access node sees every storage node that runs."""
        wanted = {n.name for n in self.storage if n.process.alive}
        for node in (self.service, *self.access):
            wait_until(
                lambda node=node: self.present(node) == wanted,
                timeout_s,
                f"{node.name} sees {', '.join(sorted(wanted))}",
                0.5,
            )

    def file(self, name="content.bin", size=CHUNK_BYTES * 5 + 12345, seed=1):
        return make_file(os.path.join(self.data, name), size, seed)

    def publish(self, what, *options, timeout_s=120, node=None):
        """Publishes as the content provider does, with a certificate; answers with what is
        printed for programs.
        """
        return self.provider("publish", what, *options, timeout_s=timeout_s, node=node)

    def provider(self, *words, timeout_s=60, node=None):
        """A content provider's command at a service node; answers with what is printed for
        programs.
        """
        node = node or self.service
        argv = [self.run.binary, *words, "--json", *self.credentials(node=node)]
        out = self.run.command(node.host, argv, timeout_s)
        return json.loads(out) if out.strip() else None

    def credentials(self, who="publisher", node=None):
        node = node or self.service
        return ["--node", node.listen, "--keys", self.keys, "--as", who, "--expect", node.name]

    @staticmethod
    def link(published, begins):
        for one in published["links"]:
            if one["link"].startswith(begins):
                return one["link"]
        raise Failure(f"no link begins with {begins}: {published['links']}")

    # --- what lies on the disks

    def chunk_files(self, node):
        """Paths of the chunk images of one storage node."""
        folder = os.path.join(node.folder, "data", "chunks")
        return [
            os.path.join(base, name)
            for base, _, names in os.walk(folder)
            for name in names
            if len(name) >= 60 and "." not in name
        ]

    def copies_of(self, path, nodes=None):
        """For each chunk of the file how many good copies lie on the disks of the nodes."""
        held = {}
        for node in nodes or self.storage:
            for image in self.chunk_files(node):
                data = chunk_of_image(image)
                if data is not None:
                    name = chunk_name(data)
                    held[name] = held.get(name, 0) + 1
        counts = []
        with open(path, "rb") as file:
            while data := file.read(CHUNK_BYTES):
                counts.append(held.get(chunk_name(data), 0))
        return counts

    def disk_bytes(self):
        """Bytes that the storage nodes' folders take on the disk."""
        total = 0
        for node in self.storage:
            for base, _, names in os.walk(node.folder):
                stats = (stat_or_none(os.path.join(base, name)) for name in names)
                total += sum(one.st_blocks * 512 for one in stats if one)
        return total

    # --- clients

    def client_host(self, name, **how):
        return self.run.host(name, self.clients, **how)

    def aria2(self, name, link, **how):
        return Aria2(self.run, self.client_host(name, **how), link)

    def transmission(self, name, link, **how):
        client = Transmission(self.run, self.client_host(name, **how))
        client.add(link)
        return client

    def amule(self, name, link):
        host = self.client_host(name, line_mbit=LINE_MBIT)
        client = AMule(self.run, host, self.access[0].ed2k.server)
        client.add(link)
        return client

    def curl(self, host, *words, timeout_s=120, expect=0):
        """Runs curl on the host; answers with its output."""
        return self.run.command(host, ["curl", "-sS", *words], timeout_s, expect)

    def sha256(self, path):
        return sha256(path)

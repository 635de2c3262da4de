"""Real clients, networks and nodes for tests: see README.md beside this folder."""

from .amule import LINE_MBIT, AMule
from .bittorrent import Aria2, Libtorrent, OpenTracker, Transmission
from .cluster import Cluster
from .files import (
    ED2K_PART_BYTES,
    MIB,
    ed2k_hash,
    ed2k_link,
    ed2k_link_with_hash_set,
    make_file,
    make_torrent,
    must_be_equal,
    sha256,
    wrong_bytes,
)
from .node import (
    BitTorrentFace,
    Ed2kFace,
    Node,
    PpspFace,
    crossed_bytes,
    make_keys,
    must_agree,
    uri_of,
)
from .origin import Origin
from .ppsp import ppsp_leech, ppsp_seed, swarm_of
from .process import Failure, Process, wait_port, wait_until
from .run import Run, case, main, run_alone, work_folder
from .scene import THREE_PARTS, Scene

__all__ = [
    "AMule",
    "Aria2",
    "BitTorrentFace",
    "Cluster",
    "ED2K_PART_BYTES",
    "Ed2kFace",
    "Failure",
    "LINE_MBIT",
    "Libtorrent",
    "MIB",
    "Node",
    "OpenTracker",
    "Origin",
    "PpspFace",
    "Process",
    "Run",
    "Scene",
    "THREE_PARTS",
    "Transmission",
    "case",
    "crossed_bytes",
    "ed2k_hash",
    "ed2k_link",
    "ed2k_link_with_hash_set",
    "main",
    "make_file",
    "make_keys",
    "make_torrent",
    "must_agree",
    "must_be_equal",
    "ppsp_leech",
    "ppsp_seed",
    "run_alone",
    "sha256",
    "swarm_of",
    "uri_of",
    "wait_port",
    "wait_until",
    "work_folder",
    "wrong_bytes",
]

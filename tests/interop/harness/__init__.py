"""Real clients, networks and nodes for tests: see README.md beside this folder."""

from .amule import LINE_MBIT, AMule
from .bittorrent import Aria2, Libtorrent, OpenTracker, Transmission
from .files import (ED2K_PART_BYTES, MIB, ed2k_hash, ed2k_link, make_file, make_torrent, must_be_equal, sha256,
                    wrong_bytes)
from .process import Failure, Process, wait_port, wait_until
from .run import Run, case, main

__all__ = [
    "AMule", "Aria2", "ED2K_PART_BYTES", "Failure", "LINE_MBIT", "Libtorrent", "MIB", "OpenTracker", "Process", "Run",
    "Transmission", "case", "ed2k_hash", "ed2k_link", "main", "make_file", "make_torrent", "must_be_equal", "sha256",
    "wait_port", "wait_until", "wrong_bytes",
]

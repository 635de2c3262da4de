"""Test files, their names in each overlay, and how to compare them."""

import hashlib
import os
import random
import re
import subprocess
import urllib.parse

import libtorrent

from .process import Failure

ED2K_PART_BYTES = 9_728_000
MIB = 1 << 20


def make_file(path, size, seed, compressible=False):
    """Writes `size` bytes that follow from the seed alone; compressible ones shrink to about a
    tenth.
    """
    source = random.Random(seed)
    with open(path, "wb") as file:
        left = size
        while left > 0:
            block = source.randbytes(100_000) * 10 if compressible else source.randbytes(MIB)
            file.write(block[:left])
            left -= len(block)
    return path


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(MIB):
            digest.update(block)
    return digest.hexdigest()


def stat_or_none(path):
    """None for a file that a running program has moved or removed since it was listed."""
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


def must_be_equal(path, original):
    """Fails unless both files hold the same bytes; says where they differ."""
    if os.path.getsize(path) != os.path.getsize(original):
        raise Failure(
            f"{path} has {os.path.getsize(path)} bytes instead of {os.path.getsize(original)}"
        )
    with open(path, "rb") as left, open(original, "rb") as right:
        offset = 0
        while block := left.read(MIB):
            other = right.read(MIB)
            if block != other:
                at = next(i for i, (a, b) in enumerate(zip(block, other)) if a != b)
                raise Failure(f"{path} differs from {original} at byte {offset + at}")
            offset += len(block)


def wrong_bytes(path, original):
    """How many bytes of a partial download are neither zero nor the original's."""
    wrong = 0
    with open(path, "rb") as left, open(original, "rb") as right:
        while block := left.read(MIB):
            other = right.read(len(block))
            if block != other:
                wrong += sum(1 for a, b in zip(block, other) if a not in (0, b))
                wrong += max(0, len(block) - len(other))
    return wrong


def ed2k_link(path):
    """The ed2k:// link by rhash, a program that is not ours, with the AICH hash."""
    done = subprocess.run(
        ["rhash", "--printf", "%E %{aich}", path],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    red, aich = done.stdout.lower().split()
    name = urllib.parse.quote(os.path.basename(path))
    return f"ed2k://|file|{name}|{os.path.getsize(path)}|{red}|h={aich.upper()}|/"


def ed2k_link_with_hash_set(path):
    """The ed2k:// link by aMule's own alcc, with the parts' hashes: a client that has it needs to
    ask nobody for them.
    """
    done = subprocess.run(
        ["alcc", "-p", path], capture_output=True, text=True, timeout=60, check=True
    )
    return re.search(r"ed2k://\|file\|\S+\|p=[0-9a-fA-F:]+\|/", done.stdout).group(0)


def ed2k_hash(link):
    return re.match(r"ed2k://\|file\|[^|]*\|\d+\|([0-9a-fA-F]{32})\|", link).group(1).lower()


class Torrent:
    """A .torrent file made by libtorrent."""

    def __init__(self, path, info):
        self.path = path
        self.info = info

    @property
    def v1_hash(self):
        """40 hex digits, or None for a v2-only torrent."""
        return str(self.info.info_hashes().v1) if self.info.info_hashes().has_v1() else None

    @property
    def v2_hash(self):
        return str(self.info.info_hashes().v2) if self.info.info_hashes().has_v2() else None

    def magnet(self, trackers=()):
        topics = []
        if self.v1_hash:
            topics.append(f"xt=urn:btih:{self.v1_hash}")
        if self.v2_hash:
            topics.append(f"xt=urn:btmh:1220{self.v2_hash}")
        topics.append("dn=" + urllib.parse.quote(self.info.name()))
        topics += ["tr=" + urllib.parse.quote(tracker, safe="") for tracker in trackers]
        return "magnet:?" + "&".join(topics)


def make_torrent(path, target, content, trackers=(), version="v1", private=False, piece_bytes=0):
    """Writes `target`, a torrent of the file or folder `path`/…/`content`; version is v1, v2 or
    hybrid.
    """
    storage = libtorrent.file_storage()
    full = os.path.join(path, content)
    if os.path.isdir(full):
        libtorrent.add_files(storage, full)
    else:
        storage.add_file(content, os.path.getsize(full))
    flags = {
        "v1": libtorrent.create_torrent.v1_only,
        "v2": libtorrent.create_torrent.v2_only,
        "hybrid": 0,
    }
    maker = libtorrent.create_torrent(storage, piece_bytes, flags[version])
    for tier, tracker in enumerate(trackers):
        maker.add_tracker(tracker, tier)
    maker.set_priv(private)
    libtorrent.set_piece_hashes(maker, str(path))
    metadata = libtorrent.bencode(maker.generate())
    with open(target, "wb") as file:
        file.write(metadata)
    return Torrent(target, libtorrent.torrent_info(str(target)))

#!/usr/bin/env python3
"""`interswarm hash` says what rhash, libtorrent and aMule's alcc say, on sizes where the trees change their shape.

    hash_test.py PATH_TO_INTERSWARM [--big]      --big: 5 GiB instead of the small sizes
"""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import libtorrent

PART = 9_728_000
SMALL = [0, 1, 16383, 16384, 16385, PART - 1, PART, PART + 1, 2 * PART]
BIG = [5 << 30]

checks = 0


def same(what, ours, theirs):
    global checks
    checks += 1
    if ours != theirs:
        sys.exit(f"{what}: interswarm says {ours!r}, the other program {theirs!r}")


def run(*command, code=0):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != code:
        sys.exit(f"{command} ended with {done.returncode}, not {code}: {done.stderr}{done.stdout}")
    return done.stdout


def make(path, size, zeros):
    with open(path, "wb") as out:
        if zeros:
            out.truncate(size)  # sparse
        else:
            cycle = bytes(range(251))
            out.write((cycle * (size // 251 + 1))[:size])


def against_rhash(path, ours):
    line = run("rhash", "--printf=%{ed2k} %{aich} %{btih} %{sha1} %{sha-256} %{md5}",
               f"--bt-piece-length={ours['piece_length']}", path).split()
    for word, theirs in zip(["ed2k", "aich", "btih_v1", "sha1", "sha256", "md5"], line):
        # rhash prints AICH in base32, the rest in hex.
        same(f"{path} {word}", ours[word].lower(), theirs.lower())


def against_alcc(path, ours):
    link = run("alcc", "-p", path)
    found = re.search(r"ed2k://\|file\|[^|]*\|(\d+)\|([0-9a-fA-F]{32})\|(?:p=([0-9a-fA-F:]*)\|)?", link)
    if not found:
        sys.exit(f"alcc printed no link for {path}: {link!r}")
    size, name, parts = found.groups()
    same(f"{path} size", ours["size"], int(size))
    same(f"{path} ed2k (alcc)", ours["ed2k"], name.lower())
    own = re.search(r"\|p=([0-9a-f:]*)\|", ours["ed2k_link"])
    if own:
        same(f"{path} part hashes (alcc)", own.group(1), (parts or "").lower())


def torrent_by_libtorrent(path, piece_length, version):
    storage = libtorrent.file_storage()
    libtorrent.add_files(storage, path)
    flags = {"v1": libtorrent.create_torrent.v1_only, "v2": libtorrent.create_torrent.v2_only, "hybrid": 0}[version]
    maker = libtorrent.create_torrent(storage, piece_length, flags)
    libtorrent.set_piece_hashes(maker, os.path.dirname(path))
    return libtorrent.torrent_info(maker.generate())


def against_libtorrent(binary, path, ours, folder, versions):
    for version in versions:
        theirs = torrent_by_libtorrent(path, ours["piece_length"], version)
        hashes = theirs.info_hashes()
        if version != "v2":
            same(f"{path} {version} v1", ours["btih_v1" if version == "v1" else "btih_hybrid"], str(hashes.v1))
        if version != "v1":
            same(f"{path} {version} v2", ours["btmh_v2" if version == "v2" else "btmh_hybrid"], str(hashes.v2))
            same(f"{path} {version} root", ours["content_id"], theirs.files().root(0).to_bytes().hex())
        if ours["size"] > 1 << 30:
            continue  # nothing new, and minutes of hashing
        # libtorrent, which checks all layers, reads the torrent that we write as the same one.
        written = os.path.join(folder, f"{version}.torrent")
        run(binary, "hash", "--torrent", version, "-o", written, "--force", "--tracker", "http://127.0.0.1:6969/announce", path)
        read = libtorrent.torrent_info(written)
        same(f"{path} {version} written", (str(hashes.v1), str(hashes.v2)),
             (str(read.info_hashes().v1), str(read.info_hashes().v2)))
        same(f"{path} {version} tracker", ["http://127.0.0.1:6969/announce"], [t.url for t in read.trackers()])
        magnet = libtorrent.parse_magnet_uri(ours[f"magnet_{version}"])
        same(f"{path} {version} magnet", (str(hashes.v1), str(hashes.v2)),
             (str(magnet.info_hashes.v1), str(magnet.info_hashes.v2)))


def check_file(binary, path, folder, versions):
    ours = json.loads(run(binary, "hash", "--json", path))
    same(f"{path} size", ours["size"], os.path.getsize(path))
    against_rhash(path, ours)
    against_alcc(path, ours)
    if ours["size"] != 0:  # libtorrent makes no torrent of nothing
        against_libtorrent(binary, path, ours, folder, versions)
    return ours


def check_command(binary, folder):
    """What happens around the names: several files, errors, exit codes, existing outputs."""
    good, missing = os.path.join(folder, "good.bin"), os.path.join(folder, "missing.bin")
    make(good, 1000, zeros=False)
    done = subprocess.run([binary, "hash", "--json", missing, good, folder], capture_output=True, text=True)
    same("exit code", done.returncode, 1)
    same("files printed", [json.loads(line)["file"] for line in done.stdout.splitlines()], [good])
    same("error lines", len(done.stderr.splitlines()), 2)
    same("sha256", json.loads(done.stdout)["sha256"], hashlib.sha256(open(good, "rb").read()).hexdigest())
    for bad in (["--piece-length", "5"], ["--piece-length", "48KiB"], ["--torrent", "v1"], ["-o", "x"],
                ["--torrent", "v3", "-o", "x"], ["--unknown"]):
        run(binary, "hash", *bad, good, code=2)
    run(binary, "hash", code=2)
    same("piece length", json.loads(run(binary, "hash", "--json", "--piece-length", "64KiB", good))["piece_length"], 65536)
    target = os.path.join(folder, "kept.torrent")
    with open(target, "w") as out:
        out.write("precious")
    run(binary, "hash", "--torrent", "v1", "-o", target, good, code=1)
    same("existing file", open(target).read(), "precious")
    run(binary, "hash", "--torrent", "v1", "-o", os.path.join(folder, "no", "such"), good, code=1)
    empty = os.path.join(folder, "empty.bin")
    make(empty, 0, zeros=True)
    run(binary, "hash", "--torrent", "v2", "-o", os.path.join(folder, "v2.torrent"), empty, code=1)
    same("nothing left over", [n for n in os.listdir(folder) if ".part-" in n], [])
    # With the other systems' hashes inside, the v1 torrent has another info-hash, and the link says so.
    crossed = os.path.join(folder, "crossed.torrent")
    ours = json.loads(run(binary, "hash", "--json", "--cross-hashes", "--torrent", "v1", "-o", crossed, good))
    same("crossed info-hash", ours["btih_v1"], str(libtorrent.torrent_info(crossed).info_hashes().v1))
    same("ed2k key", ours["ed2k"], libtorrent.bdecode(open(crossed, "rb").read())[b"info"][b"ed2k"].hex())
    # A name that is no UTF-8 still gives JSON.
    odd = os.path.join(os.fsencode(folder), b"odd\xff\n.bin")
    with open(odd, "wb") as out:
        out.write(b"x")
    json.loads(subprocess.run([os.fsencode(binary), b"hash", b"--json", odd], capture_output=True, check=True).stdout)


def main():
    binary, big = os.path.abspath(sys.argv[1]), "--big" in sys.argv[2:]
    folder = tempfile.mkdtemp(prefix="interswarm-hash-", dir="/var/tmp")
    try:
        for size in BIG if big else SMALL:
            for zeros in (True,) if big or size == 0 else (True, False):
                path = os.path.join(folder, f"{'z' if zeros else 'p'}{size}.bin")
                make(path, size, zeros)
                check_file(binary, path, folder, ["hybrid"] if big else ["v1", "v2", "hybrid"])
                os.unlink(path)
        if not big:
            check_command(binary, folder)
    finally:
        shutil.rmtree(folder)
    print(f"{checks} comparisons agree")


main()

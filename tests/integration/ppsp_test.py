#!/usr/bin/python3
"""Our PPSPP swarms and a second implementation of RFC 7574, written from the RFC, exchange files
over loopback: either way, with the hash functions and addressing methods that peers in the field
have, and with datagrams lost.
"""

import os
import signal
import subprocess
import sys
import tempfile

PROGRAM = os.path.abspath(sys.argv[1])
OTHER = os.path.join(os.path.dirname(__file__), "..", "interop", "harness", "ppspp.py")
LIMIT_S = 60


def made(folder, size):
    path = os.path.join(folder, f"content-{size}")
    with open(path, "wb") as file:
        file.write(bytes(i * 7 % 251 for i in range(size)) if size < 10_000 else os.urandom(size))
    return path


def seed(words):
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    root, address = process.stdout.readline().split()
    return process, root, address


def run(words):
    done = subprocess.run(words, timeout=LIMIT_S, capture_output=True, text=True)
    assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"


def crosses(folder, path, ours_seeds, algorithm, method, drop):
    target = os.path.join(folder, "got")
    if os.path.exists(target):
        os.unlink(target)
    ours = [algorithm, method]
    theirs = ["--hash", algorithm, "--addressing", method]
    if ours_seeds:
        process, root, address = seed([PROGRAM, "seed", path, "127.0.0.1:0", *ours])
    else:
        process, root, address = seed(
            [sys.executable, OTHER, "seed", path, "--listen", "127.0.0.1:0", *theirs]
        )
    try:
        if ours_seeds:
            take = [sys.executable, OTHER, "leech", root, target, "--listen", "127.0.0.1:0"]
            run([*take, "--peer", address, *theirs, "--drop", str(drop)])
        else:
            run([PROGRAM, "leech", root, target, "127.0.0.1:0", address, *ours])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        process.stdout.close()
    with open(path, "rb") as want, open(target, "rb") as got:
        assert want.read() == got.read(), "the same bytes"
    return root


def main():
    with tempfile.TemporaryDirectory(prefix="interswarm-ppsp-") as folder:
        for size in (1, 1024, 7162, 65_536, 65_537, 1_500_000):
            path = made(folder, size)
            for algorithm in ("sha1", "sha256"):
                for method in ("chunk32", "bin32"):
                    drop = 0.02 if size > 100_000 else 0.0
                    roots = {
                        crosses(folder, path, ours_seeds, algorithm, method, drop)
                        for ours_seeds in (True, False)
                    }
                    assert len(roots) == 1, f"both name it alike: {roots}"
                    print(f"ok {size} bytes, {algorithm}, {method}", flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Our live PPSPP swarms and a second implementation of RFC 7574 stream to each other over loopback:
either way, with both integrity methods, the mandatory signature algorithms, and viewers that come
late.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.abspath(sys.argv[1])
HARNESS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop", "harness")
OTHER = os.path.join(HARNESS, "ppspp_live.py")
LIMIT_S = 70
CHUNK = 1024

sys.path.insert(0, HARNESS)
import dnssec  # noqa: E402


def vectors():
    """RFC 6605's example, so that the other side's arithmetic is known to be right."""
    key = dnssec.PublicKey(
        bytes.fromhex(
            "0d1a88c88615d437fbb8bf9e1942a1929f28562706ae6c2bd399e7b1bfb6d1e9e7"
            "5b92b4aa42917ae1c61b701ef035c3fe7be3009cbafe5a2f71316c902dcf0d00"
        )
    )
    record = bytes.fromhex(
        "00010d0300000e104c88b1374c63c737d960076578616d706c65036e657400"
        "03777777076578616d706c65036e6574000001000100000e100004c0000201"
    )
    signature = bytes.fromhex(
        "ab1eb02d8aa687e97da0229337aa8873e6f0eb26be289f28333d183f5d3b7a95"
        "c0c869adfb748daee3c5286eed6682c12e5533186baced9c26c167a9ebae950b"
    )
    assert key.verify(record, signature)
    assert not key.verify(record + b"x", signature)


def streams(folder, ours_streams, method, algorithm, addressing, size, rate, late, drop=0.0):
    path, target = os.path.join(folder, "stream"), os.path.join(folder, "got")
    with open(path, "wb") as file:
        file.write(os.urandom(size))
    if os.path.exists(target):
        os.unlink(target)
    last = str((size + CHUNK - 1) // CHUNK - 1)
    theirs = ["--method", method, "--addressing", addressing, "--listen", "127.0.0.1:0"]

    def viewing(swarm, address, to, by_us):
        if by_us:
            return [PROGRAM, "view", swarm, to, "127.0.0.1:0", address, method, addressing, last]
        words = [sys.executable, OTHER, "view", swarm, to, last, "--peer", address, *theirs]
        return [*words, "--drop", str(drop)]

    if ours_streams:
        words = [PROGRAM, "source", path, "127.0.0.1:0", method, str(algorithm), addressing]
        words.append(str(rate))
    else:
        words = [sys.executable, OTHER, "source", path, *theirs, "--rate", str(rate)]
        words += ["--algorithm", str(algorithm)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            swarm, address = process.stdout.readline().split()
            waker = None
            if late:
                # The stream begins with who is there first.
                words = viewing(swarm, address, target + "-first", not ours_streams)
                waker = subprocess.Popen(words, stdout=subprocess.DEVNULL)
                time.sleep(late)
            done = subprocess.run(
                viewing(swarm, address, target, not ours_streams),
                timeout=LIMIT_S,
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, f"{done.args}: {done.stdout}{done.stderr}"
            if waker:
                assert waker.wait(LIMIT_S) == 0
        finally:
            process.send_signal(signal.SIGTERM)
    with open(path, "rb") as want, open(target, "rb") as got:
        whole, part = want.read(), got.read()
    if late:
        assert whole.endswith(part) and 0 < len(part) < len(whole), f"{len(part)} of {len(whole)}"
    else:
        assert whole == part, f"{len(part)} of {len(whole)}"


def main():
    vectors()
    cases = [
        # method, algorithm, addressing, bytes, bytes a second, late by
        ("munro", 13, "chunk32", 700_001, 300_000, 0),
        ("munro", 13, "bin32", 300_000, 300_000, 0),
        ("munro", 13, "chunk32", 700_001, 200_000, 2),
        ("munro", 5, "chunk32", 300_000, 300_000, 0),
        ("munro", 14, "chunk32", 200_000, 200_000, 0),
        ("all", 13, "chunk32", 100_001, 30_000, 0),
        ("all", 5, "chunk32", 150_000, 100_000, 0),
    ]
    with tempfile.TemporaryDirectory(prefix="interswarm-ppsp-live-") as folder:
        for case in cases:
            for ours_streams in (True, False):
                streams(folder, ours_streams, *case)
                print("ok", "ours" if ours_streams else "theirs", *case, flush=True)
        streams(folder, True, "munro", 13, "chunk32", 500_000, 200_000, 0, drop=0.02)
        print("ok with losses", flush=True)


if __name__ == "__main__":
    main()

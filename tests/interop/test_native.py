#!/usr/bin/python3
"""The clients among themselves, without a bridge: what the other tests build on works here."""

import os
import sys

from harness import Aria2, OpenTracker, Transmission, case, main, make_file, make_torrent

SIZE = 24_000_001


def _fetch(run, tracker_url, scheme):
    lan = run.network()
    tracker_host, seed_host, leech_host = [
        run.host(name, lan) for name in ("tracker", "seed", "leech")
    ]
    data = run.folder("data")
    original = make_file(os.path.join(data, "native.bin"), SIZE, seed=1)
    torrent = make_torrent(
        data,
        os.path.join(run.root, "native.torrent"),
        "native.bin",
        [f"{scheme}://{tracker_host.ip}:6969/announce"],
    )
    tracker = OpenTracker(run, tracker_host, [torrent.v1_hash])
    seed = Transmission(run, seed_host)
    seed.seed(torrent.path, data)
    leech = Aria2(run, leech_host, torrent.magnet([tracker_url(tracker)]))
    seconds = run.wait_downloads([leech], 60)
    leech.must_hold(original)
    run.note(f"{SIZE:,} bytes in {seconds:.1f} s")


@case(timeout_s=90)
def aria2_from_transmission_http(run):
    """aria2 has the magnet link only and gets the file from Transmission through opentracker."""
    _fetch(run, lambda tracker: tracker.http, "http")


@case(timeout_s=90)
def aria2_from_transmission_udp(run):
    _fetch(run, lambda tracker: tracker.udp, "udp")


if __name__ == "__main__":
    sys.exit(main())

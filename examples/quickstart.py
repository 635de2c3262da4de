#!/usr/bin/python3
"""What quickstart.sh shows; needs the built program only."""

import argparse
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "interop")
)

from harness import (  # noqa: E402  (the path comes first)
    MIB,
    Scene,
    ed2k_link,
    run_alone,
    sha256,
    work_folder,
)

TIMEOUT_S = 300


def _table(rows):
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join("  " + line for line in lines)


def _row(run, what, path, giver, taker, client, folder):
    seconds = run.seconds_of(client)
    size = os.path.getsize(path)
    equal = sha256(path) == sha256(os.path.join(folder, os.path.basename(path)))
    run.must(equal, f"{client.name} holds the bytes that {giver} gave")
    rate = f"{size / seconds / 1e6:.2f} MB/s"
    return [
        what,
        giver,
        taker,
        f"{size:,}",
        f"{seconds:.1f}",
        rate,
        "equal" if equal else "DIFFERENT",
    ]


def show(run):
    """Two contents cross at the same time, one each way."""
    run.note(
        "networks: BitTorrent 198.51.100.0/24, ed2k 203.0.113.0/24; only the bridge stands in both"
    )
    scene = Scene(run)
    node = scene.bt_node
    film, book = scene.file("film.bin", seed=1), scene.file("book.bin", seed=2)
    film_torrent, book_torrent = scene.torrent(film), scene.torrent(book)
    run.note(f"bridge node up: tracker {scene.tracker}, ed2k server {scene.server}")

    amule_seed = scene.amule("amule-seed", [film])
    run.note("aMule shares film.bin, which no BitTorrent peer has")
    scene.transmission("transmission-seed").seed(book_torrent.path, scene.data)
    run.note("Transmission seeds book.bin, which no aMule has")
    node.link(film_torrent.path, ed2k_link(film))
    node.link(book_torrent.path, ed2k_link(book))
    run.note("interswarm link film.torrent ed2k://…; interswarm link book.torrent ed2k://…")

    aria2 = scene.aria2("aria2-leech", film_torrent.magnet([scene.tracker]))
    amule = scene.amule("amule-leech")
    amule.add(ed2k_link(book))
    run.note("aria2 has film's magnet link, the other aMule has book's ed2k link; nothing else")
    run.wait_downloads([aria2, amule], 240, sources=[amule_seed])

    rows = [
        ["content", "from", "to", "bytes", "seconds", "rate", "sha256"],
        _row(run, "film.bin", film, "aMule", "aria2", aria2, aria2.folder),
        _row(run, "book.bin", book, "Transmission", "aMule", amule, amule.incoming),
    ]
    print("\nWhat crossed:\n" + _table(rows))
    process = node.process
    print(
        f"\nThe node: {process.cpu_seconds():.1f} s of CPU, {process.peak_rss_bytes() / MIB:.0f} MiB at most; "
        f"aMule 2.3.3 froze and was restarted {amule_seed.restarts + amule.restarts} times."
    )
    print(
        "\ninterswarm ledger:\n"
        + "".join(f"  {line}\n" for line in node.command("ledger").splitlines())
    )
    scene.must_have_crossed(2 * os.path.getsize(film))
    print(
        "A file crossed each way between BitTorrent and ed2k, with unmodified clients.", flush=True
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True, help="the built interswarm program")
    binary = os.path.abspath(parser.parse_args().binary)
    with work_folder() as folder:
        code = run_alone(show, TIMEOUT_S, os.path.join(folder, "quickstart"), binary)
    if code != 0:
        print("The quickstart FAILED: see above.", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())

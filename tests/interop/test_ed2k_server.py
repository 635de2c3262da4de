#!/usr/bin/python3
"""Our ed2k server alone in front of real aMules: what a client does that the server cannot reach."""

import os
import subprocess
import sys
import time

from harness import AMule, Failure, LINE_MBIT, THREE_PARTS, case, ed2k_link, main, make_file, wait_until

PORT = 4661


def _server(run, host):
    program = os.path.join(os.path.dirname(run.binary), "tests", "interop", "ed2k_directory")
    run.start(host, [program, f"{host.ip}:{PORT}"], "server").wait_for("ready")
    return f"{host.ip}:{PORT}"


def _shut(host, port):
    """Nobody reaches the host's port any more; it reaches everybody."""
    rules = f"add table inet shut; add chain inet shut in {{ type filter hook input priority 0; }}; " \
            f"add rule inet shut in tcp dport {port} reject with tcp reset"
    with host.inside():
        done = subprocess.run(["nft", rules], capture_output=True, text=True, timeout=20, check=False)
    if done.returncode != 0:
        raise Failure(f"nft: {done.stderr.strip()}")


@case(timeout_s=230)
def high_ids(run):
    """aMule finds by search, and gets by link, what another aMule shares."""
    lan = run.network()
    server = _server(run, run.host("server", lan))
    original = make_file(os.path.join(run.folder("data"), "a rare title.bin"), THREE_PARTS, seed=1)
    link = ed2k_link(original)
    seed = AMule(run, run.host("seed", lan, line_mbit=LINE_MBIT), server, [original])
    seed.wait_shared(link)
    leech = AMule(run, run.host("leech", lan, line_mbit=LINE_MBIT), server)
    for client in (seed, leech):
        run.must(client.id_kind() == "HighID", f"{client.name} has a high id")
    leech.wait_found("rare title", "a rare title.bin")
    leech.add(link)
    seconds = run.wait_downloads([leech], 170, sources=[seed])
    leech.must_hold(original)
    run.note(f"done after {seconds:.1f} s; restarts: {seed.restarts} and {leech.restarts}")


@case(timeout_s=230)
def low_id_called_back(run):
    """An aMule behind a closed port shares; the server tells it to call the one that wants its file."""
    lan = run.network()
    server = _server(run, run.host("server", lan))
    original = make_file(os.path.join(run.folder("data"), "behind.bin"), THREE_PARTS, seed=2)
    link = ed2k_link(original)
    shut = run.host("shut", lan, line_mbit=LINE_MBIT)
    _shut(shut, 4662)
    seed = AMule(run, shut, server, [original])
    seed.wait_shared(link)
    leech = AMule(run, run.host("leech", lan, line_mbit=LINE_MBIT), server)
    run.must(seed.id_kind() == "LowID", "the aMule that cannot be reached has a low id")
    run.must(leech.id_kind() == "HighID", "the other has a high id")
    leech.add(link)
    seconds = run.wait_downloads([leech], 170, sources=[seed])
    leech.must_hold(original)
    run.note(f"done after {seconds:.1f} s; restarts: {seed.restarts} and {leech.restarts}")


@case(timeout_s=150)
def seeker_hears_of_a_new_source(run):
    """aMule asked when nobody had the file, and would ask again after a quarter of an hour: the
    server tells it of the first source."""
    lan = run.network()
    server = _server(run, run.host("server", lan))
    original = make_file(os.path.join(run.folder("data"), "late.bin"), 3_000_000, seed=3)
    link = ed2k_link(original)
    leech = AMule(run, run.host("leech", lan, line_mbit=LINE_MBIT), server)
    leech.add(link)
    time.sleep(5)  # it asks within a second or two of being told the link
    run.must(leech.source_count(link) == 0, "it knows nobody who has the file")
    seed = AMule(run, run.host("seed", lan, line_mbit=LINE_MBIT), server, [original])
    seed.wait_shared(link)
    # Nothing but the server could tell it: it is not restarted, and does not ask by itself.
    wait_until(lambda: leech.source_count(link) == 1, 20, "the seeker knows the source", 0.5)
    seconds = run.wait_downloads([leech], 90, stall_s=90)
    leech.must_hold(original)
    run.must(leech.restarts == 0, "no restart was needed")
    run.note(f"done {seconds:.1f} s after it knew")


if __name__ == "__main__":
    sys.exit(main())

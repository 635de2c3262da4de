#!/usr/bin/env python3
"""`interswarm compare`: a simulated experiment ends in a report; what is wrong is told in one line.

    compare_test.py PATH_TO_INTERSWARM PATH_TO_THE_SOURCE_TREE
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

SMALL = """
question = "Is it so?"
duration = "10m"
repetitions = 2
[contents]
count = 10
size = "5 MiB"
[peers]
count = 15
[demand]
requests_per_hour = 12
"""

checks = 0


def check(holds, what):
    global checks
    checks += 1
    if not holds:
        sys.exit(f"not so: {what}")


def run(*arguments):
    return subprocess.run([binary, "compare", *arguments], capture_output=True, text=True, timeout=300, env=environment)


def refused(code, part, *arguments):
    done = run(*arguments)
    check(done.returncode == code, f"{arguments} ended with {done.returncode}, not {code}: {done.stderr}")
    check(part in done.stderr, f"{arguments} says {part!r}, but: {done.stderr!r}")
    check(done.stderr.count("\n") == 1 or "--help" in done.stderr, f"{arguments} says one line, but: {done.stderr!r}")


def results(folder):
    with open(os.path.join(folder, "results.json"), encoding="utf-8") as file:
        out = json.load(file)
    check("made" in out, "results.json says how it was made")
    del out["made"]
    check("calibration" in out, "results.json says whether it was calibrated")
    return out


def good_runs(folder, small):
    out = os.path.join(folder, "new", "out")
    done = run(small, "--out", out)
    check(done.returncode == 0, f"a small experiment runs: {done.stderr}")
    check(sorted(os.listdir(out)) == ["report.html", "results.csv", "results.json"], f"{os.listdir(out)} are the results")
    check(done.stdout.rstrip().endswith("report.html"), f"the report is named last: {done.stdout!r}")
    first = results(out)
    check(run(small, "--out", out, "--jobs", "1").returncode == 0, "it runs again, into the same folder")
    check(results(out) == first, "the same seeds give the same results")
    check(run(small, "--out", out, "--set", "seed=7").returncode == 0, "it runs with another seed")
    check(results(out) != first, "another seed gives other results")


def wrong_ones(folder, small):
    out = os.path.join(folder, "out")
    bad = os.path.join(folder, "bad.toml")
    with open(bad, "w", encoding="utf-8") as file:
        file.write("[contents]\noverlpa = 1\n")
    refused(2, "bad.toml:2: contents.overlpa: unknown key", bad, "--out", out)
    refused(2, "contents.overlap: 0 to 1 is wanted", small, "--out", out, "--set", "contents.overlap=3")
    refused(2, "KEY=VALUE is wanted", small, "--out", out, "--set", "contents")
    refused(1, "none.toml: is no file", os.path.join(folder, "none.toml"), "--out", out)
    refused(1, "cannot write", small, "--out", "/dev/null")
    refused(1, "cannot write", small, "--out", "/proc/compare")
    refused(2, "--out is required", small)
    refused(2, "--engine", small, "--out", out, "--engine", "cloud")
    refused(2, "--jobs", small, "--out", out, "--jobs", "0")
    check(not os.path.exists(os.path.join(out, "results.json")), "what is refused leaves no results")


def calibrated(folder, small):
    """Both engines on the same small work; later reports tell of it."""
    out = os.path.join(folder, "calibrated")
    done = run(small, "--out", out, "--calibrate", "--set", "duration=20s", "--set", "peers.count=3", "--set",
               "contents.count=3", "--set", 'contents.size="1 MiB"', "--set", "contents.seeders=1", "--set",
               "demand.requests_per_hour=400", "--set", "demand.to=8s", "--set", "repetitions=1", "--set",
               'solutions=["isolated", "bridge"]')
    check(done.returncode == 0, f"a small experiment runs under both engines: {done.stderr}")
    check("medians are within 15" in done.stdout, f"it says how far they are apart: {done.stdout!r}")
    told = results(out)
    check(told["engine"] == "live", "the figures are the real nodes'")
    rows = told["calibration"]["deviations"]
    check({row["solution"] for row in rows} == {"isolated", "bridge"}, "of each solution")
    share = [row for row in rows if row["metric"] == "satisfied_share"]
    check(len(share) == 2 and all(0 < row["live"] <= 1 and 0 < row["simulated"] <= 1 for row in share),
          f"requests are satisfied in both: {share}")
    later = os.path.join(folder, "later")
    check(run(small, "--out", later).returncode == 0, "a later experiment runs")
    check(results(later)["calibration"] == told["calibration"], "its report tells of the last calibration")
    with open(os.path.join(environment["XDG_STATE_HOME"], "interswarm", "calibration.json"), "w", encoding="utf-8") as file:
        file.write("{}")
    done = run(small, "--out", later)
    check(done.returncode == 0 and "goes without calibration" in done.stderr, f"a broken one is told: {done.stderr!r}")
    check(results(later)["calibration"] is None, "and passed over")
    overlap = os.path.join(source, "examples", "experiments", "overlap.toml")
    refused(2, "--calibrate wants one value", overlap, "--out", out, "--calibrate")
    refused(2, "--calibrate", small, "--out", out, "--calibrate", "--engine", "sim")


def interrupted(folder, small):
    for number in (signal.SIGINT, signal.SIGTERM):
        out = os.path.join(folder, f"out-{number}")
        child = subprocess.Popen([binary, "compare", small, "--out", out, "--set", "peers.count=20000", "--set",
                                  "duration=5h"], stderr=subprocess.PIPE, text=True)
        while not os.path.isdir(out):
            check(child.poll() is None, "it has begun")
            time.sleep(0.05)
        time.sleep(0.5)
        child.send_signal(number)
        begin = time.monotonic()
        said = child.communicate(timeout=60)[1]
        check(child.returncode == 1, f"interrupted with {number} it ends with 1, not {child.returncode}")
        check("interrupted; no report was written" in said, f"it says so: {said!r}")
        check(os.listdir(out) == [], f"it leaves nothing: {os.listdir(out)}")
        print(f"ended {time.monotonic() - begin:.1f} s after signal {number}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        environment["XDG_STATE_HOME"] = os.path.join(folder, "state")
        small = os.path.join(folder, "small.toml")
        with open(small, "w", encoding="utf-8") as file:
            file.write(SMALL)
        good_runs(folder, small)
        wrong_ones(folder, small)
        interrupted(folder, small)
        calibrated(folder, small)
        paper = os.path.join(source, "examples", "experiments", "paper.toml")
        done = run(paper, "--out", os.path.join(folder, "paper"), "--set", "peers.count=20", "--set", "contents.count=20",
                   "--set", "duration=30m", "--set", "repetitions=2", "--set", "fault=[]")
        check(done.returncode == 0, f"the small setting in paper.toml runs: {done.stderr}")
        check("contents.overlap" in done.stdout, "its sweep is on the terminal")
    print(f"{checks} checks passed")


binary, source = sys.argv[1:3]
environment = dict(os.environ)
main()

"""Drivers of the second implementation of PPSP: `ppspp.py` in a swarm, `pptp.py` at its tracker."""

import os
import re
import sys

PORT = 7001


def _script(run, host, name, *words):
    path = os.path.join(os.path.dirname(__file__), name)
    return run.start(host, [sys.executable, path, *words], f"{host.name}-{name}")


def ppsp_seed(run, host, tracker, path):
    """Seeds the file and says so at the tracker; answers with the swarm id."""
    listen = f"{host.ip}:{PORT}"
    seed = _script(run, host, "ppspp.py", "seed", path, "--listen", listen)
    seed.wait_for(listen, 20)
    swarm = re.search(r"^([0-9a-f]{64}) ", seed.text(), re.M).group(1)
    _script(run, host, "pptp.py", tracker, swarm, "seed", listen).wait_for("joined", 10)
    return swarm


def ppsp_leech(run, host, tracker, swarm, target):
    """Asks the tracker for a peer and fetches from it; answers with the process that does."""
    listen = f"{host.ip}:{PORT}"
    member = _script(run, host, "pptp.py", tracker, swarm, "leech", listen)
    member.wait_for("peer ", 30)
    peer = re.search(r"^peer (\S+)", member.text(), re.M).group(1)
    return _script(
        run, host, "ppspp.py", "leech", swarm, target, "--listen", listen, "--peer", peer
    )


def swarm_of(link):
    """The swarm id of a ppspp:// link."""
    return re.match(r"ppspp://([0-9a-f]+)", link).group(1)

"""Networks and hosts inside a sandbox: one bridge a network, one network namespace and veth pair a
host and network.

Addresses look public (198.51.100.0/24, 203.0.113.0/24): aMule ignores loopback and private sources.
There is no route out of a network, and none between two networks unless a host stands in both.
"""

import contextlib
import os
import subprocess

from . import sandbox


def _ip(*words, program="ip"):
    done = subprocess.run(
        [program, *words], capture_output=True, text=True, timeout=20, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"{program} {' '.join(words)}: {done.stderr.strip()}")


def _shape(interface, mbit):
    _ip(
        "qdisc",
        "add",
        "dev",
        interface,
        "root",
        "tbf",
        "rate",
        f"{mbit}mbit",
        "burst",
        "3kb",
        "latency",
        "100ms",
        program="tc",
    )


def _quiet_ipv6():
    with contextlib.suppress(OSError):
        for kind in ("all", "default"):
            with open(
                f"/proc/sys/net/ipv6/conf/{kind}/disable_ipv6", "w", encoding="ascii"
            ) as file:
                file.write("1")


class Network:
    """One Ethernet segment, a /24 given by its first three numbers."""

    _count = 0

    def __init__(self, prefix):
        Network._count += 1
        self.prefix = prefix
        self.bridge = f"net{Network._count}"
        self._hosts = 0
        _ip("link", "add", self.bridge, "type", "bridge")
        _ip("link", "set", self.bridge, "up")

    def next_address(self):
        self._hosts += 1
        return f"{self.prefix}.{10 + self._hosts}"


class Host:
    """A network namespace with one interface for each network it stands in.

    `line_mbit` is the rate of its cables in Mbit/s, both ways; without it they are as fast as the
    machine.
    """

    _count = 0

    def __init__(self, name, *networks, line_mbit=None):
        Host._count += 1
        self.name = name
        self._line_mbit = line_mbit
        self._root_fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        sandbox.unshare(sandbox.CLONE_NEWNET)
        self._fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            _quiet_ipv6()
            _ip("link", "set", "lo", "up")
        finally:
            sandbox.setns(self._root_fd, sandbox.CLONE_NEWNET)
        self._addresses = {}
        self._cables = []
        for index, network in enumerate(networks):
            self._join(network, index)

    def _join(self, network, index):
        cable = f"h{Host._count}c{index}"
        address = network.next_address()
        _ip(
            "link",
            "add",
            cable,
            "type",
            "veth",
            "peer",
            "name",
            f"eth{index}",
            "netns",
            f"/proc/{os.getpid()}/fd/{self._fd}",
        )
        _ip("link", "set", cable, "master", network.bridge, "up")
        with self.inside():
            _ip("addr", "add", f"{address}/24", "dev", f"eth{index}")
            _ip("link", "set", f"eth{index}", "up")
        if self._line_mbit:
            _shape(cable, self._line_mbit)
            with self.inside():
                _shape(f"eth{index}", self._line_mbit)
        self._addresses[network] = address
        self._cables.append(cable)

    @property
    def ip(self):
        """The address in the first network."""
        return next(iter(self._addresses.values()))

    def ip_in(self, network):
        return self._addresses[network]

    @contextlib.contextmanager
    def inside(self):
        """Sockets and processes made by this thread belong to the host meanwhile."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        sandbox.setns(self._fd, sandbox.CLONE_NEWNET)
        try:
            yield
        finally:
            sandbox.setns(before, sandbox.CLONE_NEWNET)
            os.close(before)

    def unplug(self):
        """Cuts the host off, without a word to anyone, as a pulled cable does."""
        for cable in self._cables:
            _ip("link", "set", cable, "down")

    def plug(self):
        for cable in self._cables:
            _ip("link", "set", cable, "up")

    def received_bytes(self):
        """Bytes that came in over all cables so far, headers included."""
        total = 0
        with self.inside(), open("/proc/thread-self/net/dev", encoding="ascii") as file:
            for line in file:
                name, _, numbers = line.partition(":")
                if name.strip().startswith("eth"):
                    total += int(numbers.split()[0])
        return total

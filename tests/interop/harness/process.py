"""Processes with a log, ended by their own id; waiting that always ends."""

import os
import signal
import subprocess
import time

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Failure(Exception):
    """What was to be shown did not happen; the text says what and where."""


def wait_until(condition, timeout_s, what, step_s=0.1):
    """Answers with the first true value of `condition()`; fails after `timeout_s`."""
    end = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= end:
            raise Failure(f"not within {timeout_s:g} s: {what}")
        time.sleep(step_s)


def tail(path, lines=40):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-lines:])
    except OSError:
        return ""


class Process:
    """A program in the foreground on a host; both of its outputs go to `log`."""

    def __init__(self, host, argv, log, cwd=None, env=None):
        self.host = host
        self.argv = [str(word) for word in argv]
        self.log = str(log)
        self._wanted_end = False
        self._cpu_before_end = None
        with host.inside(), open(self.log, "ab") as out:
            self._child = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})},
                start_new_session=True,
            )
        self.pid = self._child.pid

    def __str__(self):
        return f"{os.path.basename(self.argv[0])} on {self.host.name}"

    @property
    def exit_code(self):
        """None while it runs; negative is the signal that ended it."""
        return self._child.poll()

    @property
    def alive(self):
        return self.exit_code is None

    @property
    def ended_unasked(self):
        return not self.alive and not self._wanted_end

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_for(self, text, timeout_s=20, after=0):
        """Waits for `text` in the log behind byte `after`."""

        def seen():
            if text in self.text()[after:]:
                return True
            if not self.alive:
                raise Failure(
                    f"{self} ended with {self.exit_code} before saying “{text}”:\n{tail(self.log)}"
                )
            return False

        wait_until(seen, timeout_s, f"{self} says “{text}”; its log ends:\n{tail(self.log, 15)}")

    def wait_end(self, timeout_s):
        self._wanted_end = True
        try:
            return self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise Failure(
                f"{self} still runs after {timeout_s:g} s:\n{tail(self.log, 15)}"
            ) from None

    def stop(self, grace_s=10):
        """SIGTERM, then SIGKILL after `grace_s`; answers with the exit code (-9 where it had to be
        killed).
        """
        self._wanted_end = True
        if self.alive:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(grace_s)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.exit_code

    def kill(self):
        """SIGKILL, at once."""
        self._wanted_end = True
        if self.alive:
            self._child.kill()
            self._child.wait(10)

    def _stat(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()

    def cpu_seconds(self):
        """User and system time used so far."""
        fields = self._stat()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def rss_bytes(self):
        return int(self._stat()[21]) * PAGE_BYTES

    def peak_rss_bytes(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        return 0


def wait_port(host, address, port, timeout_s=20, process=None):
    """Waits until something accepts TCP connections at address:port, as seen from the host."""
    import socket

    def open_port():
        if process is not None and not process.alive:
            raise Failure(f"{process} ended with {process.exit_code}:\n{tail(process.log)}")
        with host.inside():
            try:
                socket.create_connection((address, port), 1).close()
                return True
            except OSError:
                return False

    wait_until(open_port, timeout_s, f"a listener at {address}:{port}")

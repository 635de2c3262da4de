"""One test case: its folder, networks, processes and clock. And the program that runs the cases of
a file.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

from . import sandbox
from .net import Host, Network
from .process import Failure, Process, tail

FOLDER_PREFIX = "interswarm-interop-"
DEFAULT_TIMEOUT_S = 150
STALL_S = 10
REASON = "FAILED: "
_cases = {}
_by_hand = set()


def case(timeout_s=DEFAULT_TIMEOUT_S, cpu=1, by_hand=False):
    """Makes a function `f(run)` a test case of the file; `cpu` says how many cores it keeps busy.
    One that is too long to run each time is `by_hand`: it runs only where it is named.
    """

    def add(function):
        _cases[function.__name__] = (function, timeout_s, cpu)
        if by_hand:
            _by_hand.add(function.__name__)
        return function

    return add


class _Progress:
    """How far a client is, and since when."""

    def __init__(self, now):
        self._done = 0
        self._since = now
        self._beginning = True

    def stalled(self, done, now, stall_s):
        """True after `stall_s` without progress, or three times that where it has yet to begin
        (anew).
        """
        if done > self._done:
            self._done, self._since, self._beginning = done, now, False
        elif now - self._since >= stall_s * (3 if self._beginning else 1):
            self._since, self._beginning = now, True
            return True
        return False


class Run:
    """What a case works with."""

    def __init__(self, root, binary, as_user, deadline):
        self.root = root
        self.binary = binary
        self.as_user = as_user
        self.deadline = deadline
        self.processes = []
        self._finished_after = {}
        self._core = None
        self._started_at = time.monotonic()
        self.logs = os.path.join(root, "logs")
        self._networks = iter(("198.51.100", "203.0.113", "192.0.2"))
        os.makedirs(self.logs, exist_ok=True)

    def note(self, text):
        """One line of the test's output, with the seconds since its start."""
        print(f"{time.monotonic() - self._started_at:7.1f} s  {text}", flush=True)

    def folder(self, name):
        path = os.path.join(self.root, name)
        os.makedirs(path, exist_ok=True)
        return path

    def network(self):
        return Network(next(self._networks))

    def host(self, name, *networks, line_mbit=None):
        return Host(name, *networks, line_mbit=line_mbit)

    def start(self, host, argv, log_name, cwd=None, env=None):
        """A program on the host, in the foreground; its log is named after `log_name`."""
        process = Process(host, argv, os.path.join(self.logs, log_name + ".log"), cwd, env)
        self.processes.append(process)
        return process

    def one_core(self):
        """All of this case's programs run on this core from now on."""
        if self._core is None:
            self._core = random.choice(sorted(os.sched_getaffinity(0)))
            os.sched_setaffinity(0, {self._core})
        for process in self.processes:
            # Threads that are being made meanwhile have their maker's core.
            with contextlib.suppress(OSError):
                for thread in os.listdir(f"/proc/{process.pid}/task"):
                    with contextlib.suppress(OSError):
                        os.sched_setaffinity(int(thread), {self._core})
        return self._core

    def command_result(self, host, argv, timeout_s=30):
        """Runs a program to its end; answers with its exit code and outputs."""
        with host.inside():
            try:
                return subprocess.run(
                    [str(word) for word in argv],
                    capture_output=True,
                    text=True,
                    check=False,
                    errors="replace",
                    timeout=timeout_s,
                    stdin=subprocess.DEVNULL,
                )
            except subprocess.TimeoutExpired:
                raise Failure(f"no end within {timeout_s} s: {' '.join(map(str, argv))}") from None

    def command(self, host, argv, timeout_s=30, expect=0):
        """As above; answers with its output, fails unless it exits with `expect` (None: any)."""
        done = self.command_result(host, argv, timeout_s)
        if expect is not None and done.returncode != expect:
            raise Failure(
                f"{' '.join(map(str, argv))}\n  exit {done.returncode} instead of {expect}: "
                f"{done.stdout.strip()} {done.stderr.strip()}"
            )
        return done.stdout

    def now(self):
        return time.monotonic()

    def must(self, condition, what):
        """Fails unless `condition`; `what` is the sentence that should be true."""
        if not condition:
            raise Failure(f"not so: {what}")

    def wait_downloads(
        self, clients, timeout_s, sources=(), watch=None, until=None, step_s=0.25, stall_s=STALL_S
    ):
        """Waits until all clients hold all they asked for, or until `until()`; answers with the
        seconds.

        Where a client makes no progress for `stall_s` (three times that where it has yet to begin),
        the amuled programs among it and its `sources` are restarted; see amule.py for the reason.
        """
        started = time.monotonic()
        progress = {client: _Progress(started) for client in clients}
        noted = started
        while not (all(client.finished() for client in clients) or (until and until())):
            now = time.monotonic()
            self._note_finished(clients, now - started)
            for client, state in progress.items():
                if not client.finished() and state.stalled(client.done_bytes(), now, stall_s):
                    self._wake(client, sources)
            if watch:
                watch()
            self.must_all_live()
            if now - started > timeout_s:
                raise Failure(
                    f"not within {timeout_s} s: "
                    + ", ".join(
                        f"{client.name} holds {client.done_bytes():,} bytes" for client in clients
                    )
                )
            if now - noted > 10:
                noted = now
                self.note(
                    ", ".join(f"{client.name} holds {client.done_bytes():,}" for client in clients)
                )
            time.sleep(step_s)
        seconds = time.monotonic() - started
        self._note_finished(clients, seconds)
        return seconds

    def _note_finished(self, clients, seconds):
        for client in clients:
            if client not in self._finished_after and client.finished():
                self._finished_after[client] = seconds

    def seconds_of(self, client):
        """How long the wait for this client's downloads took."""
        return self._finished_after[client]

    def wait_import(self, node, name, sources, timeout_s=180, stall_s=2 * STALL_S):
        """Brings a content in through the node; answers with its records. Restarts standing amuled
        `sources`.
        """
        state = _Progress(time.monotonic())

        def watch():
            self.must_all_live()
            # Frames of a few hundred bytes go on without any content: only what is more than that
            # is progress.
            if state.stalled(node.received_bytes() // 100_000, time.monotonic(), stall_s):
                for one in sources:
                    one.restart(f"nothing comes in at {node.name}")

        started = time.monotonic()
        records = node.bring_in(name, timeout_s, watch)
        self.note(f"import took {time.monotonic() - started:.1f} s")
        return records

    def _wake(self, client, sources):
        why = f"{client.name} without progress at {client.done_bytes():,} bytes"
        for one in (*sources, client):
            # One that was just restarted for another client gets its time.
            if hasattr(one, "restart") and time.monotonic() - one.restarted_at >= STALL_S:
                one.restart(why)

    def must_all_live(self):
        for process in self.processes:
            if process.ended_unasked:
                raise Failure(
                    f"{process} ended by itself with {process.exit_code}:\n{tail(process.log)}"
                )

    def end(self):
        """Ends what still runs, the youngest first; an interswarm node has to end in order."""
        for process in reversed(self.processes):
            was_alive = process.alive
            code = process.stop()
            if was_alive and process.argv[0] == self.binary and code != 0:
                raise Failure(f"{process} ended with {code} after SIGTERM:\n{tail(process.log)}")

    def show_logs(self):
        for name in sorted(os.listdir(self.logs)):
            print(f"--- {name}\n{tail(os.path.join(self.logs, name), 25)}", end="", flush=True)


def _work(function, timeout_s, root, binary, as_user):
    """The body of a case, in its sandbox; answers with the exit code."""

    def too_long(_signal, _frame):
        raise Failure(f"the case takes more than its {timeout_s} s")

    run = Run(root, binary, as_user, time.monotonic() + timeout_s)
    signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, timeout_s)
    try:
        function(run)
        run.end()
        return 0
    except Failure as failure:
        print(f"{REASON}{failure}", flush=True)
        traceback.print_tb(failure.__traceback__, file=sys.stdout)
    except Exception as fault:  # of the test or of the machine; shown, never passed over
        print(f"{REASON}{fault!r}", flush=True)
        traceback.print_exc(file=sys.stdout)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    run.show_logs()
    return 1


def run_alone(function, timeout_s, root, binary):
    """Runs one function of a Run in a sandbox; answers with the exit code."""
    as_user = os.getuid() != 0
    os.makedirs(root, exist_ok=True)
    return sandbox.run(lambda: _work(function, timeout_s, root, binary, as_user))


def remove_leftovers():
    """Removes the folders of runs whose process is gone."""
    base = tempfile.gettempdir()
    for name in os.listdir(base):
        if not name.startswith(FOLDER_PREFIX):
            continue
        pid = name[len(FOLDER_PREFIX) :].split("-")[0]
        if pid.isdigit() and not os.path.exists(f"/proc/{pid}"):
            shutil.rmtree(os.path.join(base, name), ignore_errors=True)


@contextlib.contextmanager
def work_folder():
    """A folder that ends with the block, on signals too."""
    remove_leftovers()
    folder = tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-")
    os.chmod(folder, 0o755)

    def leave(number, _frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, leave)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Child:
    """A case that runs in a process of its own."""

    def __init__(self, name, folder, binary):
        self.name = name
        _, self.timeout_s, self.cpu = _cases[name]
        self.folder = os.path.join(folder, name)
        os.makedirs(self.folder)
        self.output = os.path.join(self.folder, "output.txt")
        self.started = time.monotonic()
        self.reason = ""
        with open(self.output, "wb") as out:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    sys.argv[0],
                    "--binary",
                    binary,
                    "--only-here",
                    name,
                    "--folder",
                    self.folder,
                ],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def ended(self):
        if self.process.poll() is None and time.monotonic() - self.started > self.timeout_s + 30:
            self.process.kill()
            self.process.wait()
        return self.process.poll() is not None

    def report(self, logs, all_logs):
        passed = self.process.returncode == 0
        seconds = time.monotonic() - self.started
        print(f"{'ok    ' if passed else 'FAILED'} {self.name}  {seconds:.1f} s", flush=True)
        with open(self.output, encoding="utf-8", errors="replace") as file:
            lines = file.readlines()
        print("".join(f"    {line}" for line in lines), end="", flush=True)
        reasons = (line.rstrip() for line in lines if line.startswith(REASON))
        self.reason = next(reasons, "no reason told")
        if logs and (all_logs or not passed):
            target = os.path.join(logs, f"{os.path.basename(sys.argv[0])}-{self.name}")
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(os.path.join(self.folder, "logs"), target, dirs_exist_ok=True)
            shutil.copy(self.output, target)
            print(f"    logs: {target}", flush=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        return passed


def _run_cases(names, binary, jobs, logs, all_logs):
    waiting, running, failed = list(names), [], []
    with work_folder() as folder:
        try:
            while waiting or running:
                busy = sum(child.cpu for child in running)
                while waiting and (not running or busy + _cases[waiting[0]][2] <= jobs):
                    running.append(_Child(waiting.pop(0), folder, binary))
                    busy = sum(child.cpu for child in running)
                for child in [one for one in running if one.ended()]:
                    running.remove(child)
                    if not child.report(logs, all_logs):
                        failed.append(child)
                time.sleep(0.1)
        finally:
            for child in running:
                child.process.kill()
                child.process.wait()
    if failed:
        # Again, since the middle of a long output is the first thing that gets lost.
        for child in failed:
            print(f"{child.name} {child.reason}", flush=True)
        print(f"{len(failed)} of {len(names)} failed", flush=True)
    return 1 if failed else 0


def _is_wanted(name, asked):
    if name in _by_hand:
        return name in asked
    return not asked or any(name.startswith(one) for one in asked)


def main():
    """The command line of a test file: all of its cases, or those named."""
    parser = argparse.ArgumentParser(
        description="Runs interoperability cases in namespaces of their own."
    )
    parser.add_argument("cases", nargs="*", help="names or beginnings of names; all without")
    parser.add_argument("--binary", default="interswarm", help="the interswarm program under test")
    parser.add_argument(
        "--jobs",
        type=int,
        default=2 * max(2, os.cpu_count() or 2),
        help="how much runs at once; most cases wait for slow clients and count 1",
    )
    parser.add_argument("--logs", default="", help="where the logs of failed cases go")
    parser.add_argument("--all-logs", action="store_true", help="those of passed cases, too")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only-here", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only_here:
        function, timeout_s, _ = _cases[arguments.only_here]
        sandbox.die_with_parent(os.getppid())
        return run_alone(function, timeout_s, arguments.folder, arguments.binary)
    names = [name for name in _cases if _is_wanted(name, arguments.cases)]
    if arguments.list:
        print("\n".join(names + sorted(f"{name} (by hand)" for name in _by_hand - set(names))))
        return 0
    if not names:
        print(
            f"no case is called {' '.join(arguments.cases)}; there are: {' '.join(_cases)}",
            file=sys.stderr,
        )
        return 2
    binary = arguments.binary
    if os.path.sep in binary:
        binary = os.path.abspath(binary)
    return _run_cases(names, binary, arguments.jobs, arguments.logs, arguments.all_logs)

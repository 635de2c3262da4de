"""Namespaces of one test case: everything it starts ends with it, and nothing reaches the machine.

`run()` forks a process that gets its own mount, network and PID namespaces (and a user namespace
where the caller is not root) and runs a function there. When the caller's process ends, by whatever
signal, the kernel ends the first process of the PID namespace, hence every process inside, hence
the networks.
"""

import ctypes
import os
import signal
import sys
import traceback

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
MS_REC = 0x4000
MS_PRIVATE = 1 << 18
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def unshare(flags):
    _check(_libc.unshare(flags), "unshare")


def setns(fd, kind):
    _check(_libc.setns(fd, kind), "setns")


def _mount(source, target, kind, flags):
    _check(
        _libc.mount(source, target, kind, ctypes.c_ulong(flags), None), f"mount {target.decode()}"
    )


def die_with_parent(parent_pid):
    """Asks the kernel to end this process when its parent ends; ends at once where that already
    happened.
    """
    _check(_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    if os.getppid() != parent_pid:
        os._exit(1)


def _own_namespaces():
    uid, gid = os.getuid(), os.getgid()
    flags = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID
    if uid == 0:
        unshare(flags)
        return
    try:
        unshare(flags | CLONE_NEWUSER)
    except OSError as error:
        raise OSError(
            error.errno,
            "this kernel gives no user namespace to users: run as root, or allow it "
            "(sysctl kernel.unprivileged_userns_clone=1)",
        ) from error
    for path, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{path}", "w", encoding="ascii") as file:
            file.write(text)


def _reap_until(pid):
    """The work of a PID namespace's first process: collects orphans, answers with `pid`'s exit
    code.
    """
    while True:
        ended, status = os.wait()
        if ended == pid:
            return os.waitstatus_to_exitcode(status)


def _guarded(function):
    """Runs function in a process that never returns into the caller's code."""
    try:
        code = function()
    except BaseException:  # whatever it is, this process must end here
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if 0 <= code <= 255 else 1)


def _first_process(function, alive_fd):
    _check(_libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    if os.read(alive_fd, 1) != b"g":
        return 1
    _mount(b"none", b"/", None, MS_REC | MS_PRIVATE)
    _mount(b"proc", b"/proc", b"proc", 0)
    worker = os.fork()
    if worker == 0:
        _guarded(function)
    return _reap_until(worker)


def run(function):
    """Runs `function() -> exit code` in namespaces of its own and answers with that code."""
    parent = os.getpid()
    outer = os.fork()
    if outer == 0:

        def outside():
            die_with_parent(parent)
            _own_namespaces()
            read_fd, write_fd = os.pipe()
            first = os.fork()
            if first == 0:
                os.close(write_fd)
                _guarded(lambda: _first_process(function, read_fd))
            os.write(write_fd, b"g")
            return _reap_until(first)

        _guarded(outside)
    try:
        return os.waitstatus_to_exitcode(os.waitpid(outer, 0)[1])
    except BaseException:
        os.kill(outer, signal.SIGKILL)
        os.waitpid(outer, 0)
        raise

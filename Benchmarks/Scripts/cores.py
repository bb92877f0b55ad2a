"""Which cores what runs on, while it is measured. Linux only."""
import contextlib
import os
import re

ALL = sorted(os.sched_getaffinity(0))


def pin(pid, cores):
    """Lets a process and every thread of it run on these cores only; a thread that it starts later does so, too."""
    done = set()
    while left := {int(task) for task in os.listdir(f"/proc/{pid}/task")} - done:
        for task in left:
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(task, cores)
        done |= left


def owner(port):
    """The process that listens at a port of this machine; nil when there is none, or none that may be looked at."""
    inodes = set()
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(name) as file:
            for line in file.readlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            for link in os.listdir(f"/proc/{pid}/fd"):
                if os.readlink(f"/proc/{pid}/fd/{link}") in inodes:
                    return int(pid)
    return None


class Placing:
    """Where things run: all on all cores, or what is measured on the last one and everything else on the others."""

    def __init__(self, own_core):
        self.own_core = own_core

    def command(self, words):
        """What starts a program that is measured."""
        return ["taskset", "-c", str(ALL[-1]), *words] if self.own_core else words


@contextlib.contextmanager
def placing(own_core, address):
    """Moves this process, and so what it starts, and the database at `address` (when it is on this machine) off the
    core of what is measured, and back afterwards."""
    if not own_core:
        yield Placing(False)
        return
    if len(ALL) < 2:
        raise SystemExit("a core of its own needs two cores")
    host, port = address.rsplit(":", 1)
    database = owner(int(port)) if re.fullmatch(r"127\.[\d.]+|localhost|\[?::1\]?", host) else None
    moved = [pid for pid in (os.getpid(), database) if pid]
    try:
        for pid in moved:
            pin(pid, ALL[:-1])
        yield Placing(True)
    finally:
        for pid in moved:
            with contextlib.suppress(OSError):
                pin(pid, ALL)

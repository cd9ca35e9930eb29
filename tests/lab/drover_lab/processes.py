"""Finding and ending processes by what they are, not by a pid file that may be stale or gone."""

import os
import signal
import time
from pathlib import Path


def argv_of(pid: int) -> list:
    """The argument vector of a process; empty for a kernel thread, a zombie or a process that is gone."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return raw.decode("utf-8", "replace").split("\0")[:-1]


def find(predicate) -> list:
    """The pids, other than this process, whose argument vector satisfies predicate."""
    pids = (int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit())
    return [pid for pid in pids if pid != os.getpid() and (argv := argv_of(pid)) and predicate(argv)]


def in_namespace(network_namespace: Path) -> list:
    """The pids whose network namespace is the one mounted at the given path."""
    try:
        wanted = network_namespace.stat().st_ino
    except OSError:
        return []
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "ns/net").stat().st_ino == wanted:
                found.append(int(entry.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


def is_alive(pid: int) -> bool:
    """Whether the process still runs; a zombie has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] not in "ZX"
    except (OSError, IndexError):
        return False


def signal_all(pids, number: int) -> None:
    """Sends a signal to each of the pids that is still there."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def end(pids, patience: float) -> None:
    """Ends processes: TERM, then KILL for those that are left after `patience` seconds; returns once all are gone."""
    if patience > 0:
        signal_all(pids, signal.SIGTERM)
        _wait_gone(pids, patience)
    signal_all([pid for pid in pids if is_alive(pid)], signal.SIGKILL)
    _wait_gone(pids, 10)


def _wait_gone(pids, seconds: float) -> None:
    limit = time.monotonic() + seconds
    while any(is_alive(pid) for pid in pids) and time.monotonic() < limit:
        time.sleep(0.05)

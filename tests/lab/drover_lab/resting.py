"""What a process uses while it has nothing to do, read from /proc."""

import os
import re
import time
from pathlib import Path

from .shell import LabError


def measure(pid: int, seconds: float) -> dict:
    """Resident memory now, and the CPU time that was used over the given time."""
    before = cpu_seconds(pid)
    began = time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - began
    used = cpu_seconds(pid) - before
    status = _read(pid, "status")
    return {"pid": pid, "rss_mb": round(_number(status, "VmRSS") / 1024, 2),
            "anonymous_mb": round(_number(status, "RssAnon") / 1024, 2),
            "threads": _number(status, "Threads"), "seconds": round(passed, 1), "cpu_seconds": round(used, 3),
            "cpu_percent_of_a_core": round(100 * used / passed, 3)}


def cpu_seconds(pid: int) -> float:
    """User and system time of the process so far, by the scheduler's own account where the kernel has it."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return sum(int((t / "schedstat").read_text(encoding="ascii").split()[0]) for t in tasks) / 1e9
    except (OSError, ValueError, IndexError):
        fields = _read(pid, "stat").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _number(status: str, key: str) -> int:
    found = re.search(rf"^{key}:\s+(\d+)", status, re.MULTILINE)
    return int(found.group(1)) if found else 0


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(encoding="utf-8")
    except OSError as e:
        raise LabError(f"process {pid} has ended: {e}") from e

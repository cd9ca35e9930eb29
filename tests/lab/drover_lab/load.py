"""Starting and stopping the load client as a process of its own.

$LAB/load/NAME.pid is its process, NAME.json its counts (written about once a second, and one last time with
"finished": true), NAME.log what it said.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from . import processes, settings, specs
from .load_client import Counters, Load, Refused
from .settings import LOADS
from .shell import LabError, say, wait_until, write_file

VERIFY_PATIENCE = 300


def start(name: str, rate: float, state) -> None:
    """Starts the client and returns once it has acknowledged writes."""
    if rate <= 0:
        raise LabError(f"--rate {rate}: expected a number of documents per second above 0")
    specs.load(name)
    if _pids(name):
        raise LabError(f"cluster {name} has a load client already: `lab load stop {name}` ends it")
    LOADS.mkdir(parents=True, exist_ok=True)
    path = Path(state).absolute() if state else LOADS / f"{name}.json"
    path.unlink(missing_ok=True)
    argv = [sys.executable, str(settings.SOURCE / "lab"), "load", "run", name, "--rate", str(rate), "--state", str(path)]
    with open(LOADS / f"{name}.log", "ab") as log:
        child = subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    write_file(LOADS / f"{name}.pid", f"{child.pid}\n{path}\n")
    wait_until(f"the load client of {name}", lambda: child.poll() is not None or _read(path).get("acknowledged"), 60,
               hint=f"see {LOADS}/{name}.log")
    if child.poll() is not None:
        raise LabError(f"the load client of {name} ended at once: see {LOADS}/{name}.log")
    say(f"load client of {name} writes {rate:g} documents a second")


def stop(name: str) -> dict:
    """Ends the client, waits for its check of every acknowledged document, and returns its counts."""
    path = _state_path(name)
    pids = _pids(name)
    if not pids and not _read(path).get("finished"):
        raise LabError(f"the load client of {name} died: what it had counted is in {path}, why is in {LOADS}/{name}.log")
    processes.signal_all(pids, signal.SIGTERM)
    wait_until(f"the load client of {name}, checking its documents",
               lambda: not any(processes.is_alive(p) for p in pids), VERIFY_PATIENCE)
    counts = _read(path)
    counts.pop("held", None)
    if not counts.pop("finished", False):
        raise LabError(f"the load client of {name} could not check its documents: see {LOADS}/{name}.log")
    (LOADS / f"{name}.pid").unlink(missing_ok=True)
    return counts


def hold(name: str) -> dict:
    """Ends reads and writes, and keeps what was acknowledged for the check that `stop` makes."""
    path = _state_path(name)
    processes.signal_all(_pids(name), signal.SIGUSR1)
    wait_until(f"the load client of {name} to hold", lambda: _read(path).get("held"), 150)
    return _read(path)


def status(name: str) -> dict:
    """What the client has counted so far."""
    return _read(_state_path(name)) | {"running": bool(_pids(name))}


def discard(name: str) -> None:
    """Ends the client without its check at the end."""
    processes.end(_pids(name), patience=0)
    for suffix in ("pid", "json", "log"):
        (LOADS / f"{name}.{suffix}").unlink(missing_ok=True)


def discard_all() -> None:
    """Ends every load client of this lab."""
    mark = str(settings.SOURCE / "lab")
    processes.end(processes.find(lambda argv: argv[1:4] == [mark, "load", "run"]), patience=0)


def work(name: str, rate: float, state: str) -> int:
    """The client itself: runs until TERM or INT, then checks its documents. The exit status is 0 if it could check."""
    spec = specs.load(name)
    client = Load(spec.endpoints, rate, f"{int(time.time())}-{os.getpid()}", spec.access)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: client.stop())
    signal.signal(signal.SIGUSR1, lambda *_: client.hold())
    path = Path(state)
    client.prepare()
    client.run(lambda: _write(path, client.counters, finished=False))
    if client.held:
        _write(path, client.counters, finished=False, held=True)
    client.await_release()
    try:
        client.verify()
    except Refused as e:
        say(f"could not check the documents of {name}: {e}")
        return 1
    _write(path, client.counters, finished=True)
    return 0


def _write(path: Path, counters: Counters, finished: bool, held: bool = False) -> None:
    write_file(path, json.dumps(counters.snapshot() | {"finished": finished, "held": held}) + "\n")


def _read(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _state_path(name: str) -> Path:
    try:
        return Path((LOADS / f"{name}.pid").read_text(encoding="utf-8").splitlines()[1])
    except (OSError, IndexError) as e:
        raise LabError(f"cluster {name} has no load client: `lab load start {name}` starts one") from e


def _pids(name: str) -> list:
    mark = str(settings.SOURCE / "lab")
    return processes.find(lambda argv: argv[1:5] == [mark, "load", "run", name])

"""Running programs and talking to the person at the terminal."""

import fcntl
import os
import subprocess
import sys
import time
from contextlib import contextmanager

from . import settings


class LabError(Exception):
    """Something the lab was asked for cannot be done. Its text says what is wrong, where, and what to do."""


def say(text: str) -> None:
    """One line for the person at the terminal; stdout stays free for data."""
    print(f"lab: {text}", file=sys.stderr, flush=True)


def run(argv, *, env=None, cwd=None, input=None, check=True, timeout=None) -> subprocess.CompletedProcess:
    """Runs argv to its end and returns it with stdout and stderr as text.

    With check, an exit status other than 0 becomes a LabError that shows the command and the end of its output.
    """
    argv = [str(a) for a in argv]
    try:
        done = subprocess.run(argv, env=env, cwd=cwd, input=input, capture_output=True, text=True,
                              errors="replace", timeout=timeout, stdin=None if input else subprocess.DEVNULL)
    except FileNotFoundError as e:
        raise LabError(f"{argv[0]} is not on this machine: run scripts/setup lab") from e
    except subprocess.TimeoutExpired as e:
        raise LabError(f"`{' '.join(argv)}` did not end within {timeout} s") from e
    if check and done.returncode != 0:
        tail = "\n  ".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-8:])
        raise LabError(f"`{' '.join(argv)}` ended with {done.returncode}:\n  {tail}")
    return done


def succeeds(argv) -> bool:
    """Whether argv ends with status 0."""
    return run(argv, check=False).returncode == 0


def retry(what: str, action, attempts: int = 4, pause: float = 3.0):
    """Calls action until it raises no LabError, with a growing pause between; the last error is passed on."""
    for attempt in range(1, attempts + 1):
        try:
            return action()
        except LabError as e:
            if attempt == attempts:
                raise
            say(f"{what}: attempt {attempt} of {attempts} failed, again in {pause * attempt:.0f} s ({e})")
            time.sleep(pause * attempt)


def wait_until(what: str, condition, seconds: float, every: float = 0.1, hint: str = "") -> None:
    """Returns once condition() is true; a LabError that names `what` and `hint` after the given time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise LabError(f"{what}: not within {seconds:.0f} s" + (f"; {hint}" if hint else ""))
        time.sleep(every)


@contextmanager
def exclusive(name: str = "lab"):
    """Holds the machine-wide lock of that name; says so when another lab command has it."""
    settings.CACHE.mkdir(parents=True, exist_ok=True)
    with open(settings.CACHE / f"{name}.lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another lab command to end ({lock.name} is held)")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_file(path, text: str, mode: int = 0o644) -> None:
    """Writes path in one step: a reader sees the old text or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.chmod(mode)
    temporary.replace(path)

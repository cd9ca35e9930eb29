#!/usr/bin/python3
"""Times one rolling upgrade three ways on the lab, for scripts/bench: a plain loop, Ansible, Drover."""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LAB = ROOT / "tests/lab/lab"
HOME = Path(os.environ.get("LAB") or "/var/lib/drover-lab")
BIN = ROOT / "build/release/bin"
PAGE = ROOT / "docs/benchmarks.md"
# The first of the other parts begins with it.
OTHERS = "<!-- "
NAME, FROM, TO, HOSTS = "bench", "2.17.1", "2.19.1", "h1,h2,h3"
WAYS = ("plain loop", "Ansible", "Drover")
LIMITS = {"plain loop": 0.95, "Ansible": 0.65, "reaction p50": 20.0, "reaction p99": 100.0, "rss": 18.0, "cpu": 0.2}
REACTIONS = re.compile(r"rollout (\S+) reactions n=(\d+) p50=([\d.]+) ms p99=([\d.]+) ms")


def say(text: str) -> None:
    """One line for the person at the terminal."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def lab(*arguments: str, log) -> str:
    """Runs `lab`, its messages into the log; ends the benchmark where it fails."""
    done = subprocess.run([LAB, *arguments], stdout=subprocess.PIPE, stderr=log, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"bench: `lab {' '.join(arguments)}` ended with {done.returncode}: see {log.name}")
    return done.stdout


def fresh_cluster(log) -> None:
    """Hosts that have never had the new image, and a cluster that was just filled."""
    lab("down", log=log)
    lab("up", "--hosts", "3", "--compose-v1", "none", log=log)
    lab("cluster", "up", NAME, "--version", FROM, "--hosts", HOSTS, "--style", "plain", log=log)
    lab("cluster", "seed", NAME, "--indices", "10", "--shards", "2", "--replicas", "1", "--docs", "40000", log=log)


def by_plain_loop(log) -> dict:
    """The loop of tests/lab/drover_lab/baseline.py."""
    return json.loads(lab("baseline", NAME, "--to", TO, log=log))


def by_ansible(log) -> dict:
    """The playbook tests/lab/ansible/roll.yml."""
    return json.loads(lab("ansible", NAME, "--to", TO, log=log))


def by_drover(log) -> dict:
    """`drover upgrade --yes`, plan and checks included."""
    lab("drover", "up", "--bin", str(BIN), "--hosts", HOSTS, log=log)
    drover = [BIN / "drover", "--address", f"unix://{HOME}/drover/control.sock"]
    subprocess.run([*drover, "cluster", "apply", HOME / "clusters" / f"{NAME}.yaml"], stdout=log, stderr=log, check=True)
    began = time.monotonic()
    done = subprocess.run([*drover, "upgrade", NAME, "--to", TO, "--yes"], stdout=log, stderr=log, check=False)
    seconds = round(time.monotonic() - began, 2)
    if done.returncode != 0:
        sys.exit(f"bench: drover upgrade ended with {done.returncode}: see {log.name}")
    return {"way": "drover", "seconds": seconds, "reactions": reactions()}


def reactions() -> dict:
    """What the controller said of its reaction times at the end of the rollout."""
    found = REACTIONS.findall((HOME / "drover/controller.log").read_text(encoding="utf-8", errors="replace"))
    if not found:
        return {}
    _, count, p50, p99 = found[-1]
    return {"count": int(count), "p50_ms": float(p50), "p99_ms": float(p99)}


def check_versions(log) -> None:
    """A way that is quick because it did not do the work does not count."""
    nodes = json.loads(lab("cluster", "status", NAME, log=log))["nodes"]
    if [n["version"] for n in nodes] != [TO] * 3:
        sys.exit(f"bench: not every node is at {TO}: {nodes}")


def measure(runs: int, log) -> dict:
    """All the runs, the ways in turn, and the agent at rest after the last."""
    ways = dict(zip(WAYS, (by_plain_loop, by_ansible, by_drover)))
    found = {way: [] for way in WAYS}
    lab("images", FROM, TO, log=log)
    for number in range(1, runs + 1):
        for way, roll in ways.items():
            fresh_cluster(log)
            found[way].append(roll(log))
            check_versions(log)
            say(f"run {number} of {runs}: {way} {found[way][-1]['seconds']} s")
    say("an agent at rest, 60 s")
    rest = json.loads(lab("drover", "rest", "h1", "--seconds", "60", log=log))
    return {"runs": found, "seconds": {w: statistics.median(r["seconds"] for r in found[w]) for w in WAYS}, "rest": rest}


def rows(result: dict) -> list:
    """(what, figure, limit, kept) for each figure that has a limit, and the times."""
    seconds, rest = result["seconds"], result["rest"]
    found = [(f"{way}, seconds", f"{seconds[way]:.1f}", "", True) for way in WAYS]
    for way in WAYS[:2]:
        ratio = seconds["Drover"] / seconds[way]
        found.append((f"Drover / {way}", f"{ratio:.2f}", f"≤ {LIMITS[way]}", ratio <= LIMITS[way]))
    seen = [r["reactions"] for r in result["runs"]["Drover"] if r["reactions"]]
    for key, name in (("p50_ms", "reaction p50"), ("p99_ms", "reaction p99")):
        worst = max((r[key] for r in seen), default=None)
        found.append((f"{name}, ms", "no line in the controller's log" if worst is None else f"{worst:.1f}",
                      f"≤ {LIMITS[name]:g}", worst is not None and worst <= LIMITS[name]))
    found.append(("agent at rest, resident MB", f"{rest['rss_mb']:.1f}", f"≤ {LIMITS['rss']:g}", rest["rss_mb"] <= LIMITS["rss"]))
    cpu = rest["cpu_percent_of_a_core"]
    found.append(("agent at rest, % of a core over 60 s", f"{cpu:.3f}", f"≤ {LIMITS['cpu']:g}", cpu <= LIMITS["cpu"]))
    return found


def table(found: list) -> str:
    """The figures as a Markdown table."""
    lines = ["| what | figure | limit | |", "|---|---|---|---|"]
    return "\n".join(lines + [f"| {what} | {figure} | {limit} | {'✔' if kept else '✘'} |" for what, figure, limit, kept in found])


def machine() -> str:
    """What it ran on."""
    info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"model name\s*:\s*(.+)", info)
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text(encoding="ascii")).group(1))
    return f"{os.cpu_count()} cores ({model.group(1).strip() if model else 'unknown'}), {memory / 2**20:.0f} GiB"


def record(result: dict, runs: int) -> None:
    """Writes docs/benchmarks.md."""
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False)
    # The other benchmarks' parts stay.
    others = PAGE.read_text(encoding="utf-8").partition(OTHERS)
    PAGE.write_text(
        "# Benchmarks\n\n"
        "## One rolling upgrade, three ways (`scripts/bench roll`)\n\n"
        f"{FROM} → {TO}, three hosts with a node each, 10 indexes × 2 shards × 1 replica, 40,000 documents; each time a fresh\n"
        "cluster on hosts without the new image. The plain loop does the documented steps and no checks; Ansible does the same\n"
        "with community.docker's Compose modules; Drover's time has its plan, its checks and its snapshot in it.\n\n"
        f"{time.strftime('%Y-%m-%d')}, commit {commit.stdout.strip()}, {machine()}, median of {runs}.\n\n"
        f"{table(rows(result))}\n\n"
        "A reaction is the time from a step's cause (a process ended, the cluster answered) to the next action's start.\n"
        + ("\n" + others[1] + others[2] if others[1] else ""),
        encoding="utf-8")
    say(f"wrote {PAGE.relative_to(ROOT)}")


def main() -> int:
    """Measures, prints the table and the JSON; 1 where a limit was not kept."""
    parser = argparse.ArgumentParser(prog="scripts/bench roll")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--log", required=True)
    arguments = parser.parse_args()
    with open(arguments.log, "a", encoding="utf-8") as log:
        result = measure(arguments.runs, log)
        lab("down", log=log)
    print(json.dumps(result, indent=1))
    print(table(rows(result)))
    if arguments.record:
        record(result, arguments.runs)
    return 0 if all(kept for *_, kept in rows(result)) else 1


if __name__ == "__main__":
    sys.exit(main())

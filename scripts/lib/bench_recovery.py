#!/usr/bin/python3
"""Runs the lab's case that kills the controller at each step of an upgrade, for scripts/bench: prints how soon it acts again."""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_roll import BIN, PAGE, ROOT, machine

CASE = [BIN / "drover_lab_fault_kill_test", "--gtest_filter=ControllerKillTest.AtEachStepOfOneUpgrade"]
LIMIT_MS = 5000
BEGIN, END = "<!-- recovery -->\n", "<!-- /recovery -->\n"


def measure(runs: int, log) -> list:
    """The rows of all runs: aimed_at, stood_at, action_ms, recovered_ms, all_agents_ms."""
    rows = []
    for number in range(1, runs + 1):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "rows.json"
            done = subprocess.run(CASE, stdout=log, stderr=log, env=os.environ | {"DROVER_RECOVERY_FILE": str(path)},
                                  check=False)
            if done.returncode != 0:
                sys.exit(f"bench: {CASE[0].name} ended with {done.returncode}: see {log.name}")
            rows += json.loads(path.read_text(encoding="utf-8"))
        print(f"bench: run {number} of {runs}", file=sys.stderr, flush=True)
    return rows


def table(rows: list) -> str:
    """p50 and max of each figure, and each kill of the first run."""
    lines = ["| from the start of the controller's process to | p50 | max | limit | |", "|---|---|---|---|---|"]
    names = (("its next action", "action_ms", LIMIT_MS), ("its rollouts recovered", "recovered_ms", None),
             ("all three agents connected", "all_agents_ms", None))
    for what, key, limit in names:
        values = [r[key] for r in rows if key in r]
        kept = "" if limit is None else "✔" if max(values) <= limit else "✘"
        lines.append(f"| {what} | {statistics.median(values):.0f} ms | {max(values)} ms | {f'≤ {limit} ms' if limit else ''} | {kept} |")
    return "\n".join(lines)


def record(rows: list, runs: int) -> None:
    """Puts its part into docs/benchmarks.md, in place of the one from before."""
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False)
    steps = ", ".join(f"{r['stood_at']} {r['action_ms']}" for r in rows[:len(rows) // runs])
    part = (f"{BEGIN}\n## After kill -9 of the controller (`scripts/bench recovery`)\n\n"
            "Killed at each step of a real upgrade under load, three hosts, and started again at once. Its next action is what it\n"
            "asks the cluster as soon as its rollouts are recovered, or, where a host is to act, the order to that host's agent.\n\n"
            f"{time.strftime('%Y-%m-%d')}, commit {commit.stdout.strip()}, {machine()}, {len(rows)} kills in {runs} upgrade"
            f"{'s' if runs > 1 else ''}.\n\n{table(rows)}\n\nBy where it stood, ms: {steps}.\n\n{END}")
    text = re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", "", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    PAGE.write_text(text.rstrip("\n") + "\n\n" + part, encoding="utf-8")


def main() -> int:
    """Measures and prints; 1 where the limit was not kept."""
    parser = argparse.ArgumentParser(prog="scripts/bench recovery")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--log", required=True)
    arguments = parser.parse_args()
    with open(arguments.log, "a", encoding="utf-8") as log:
        rows = measure(arguments.runs, log)
    print(json.dumps(rows, indent=1))
    print(table(rows))
    if arguments.record:
        record(rows, arguments.runs)
    return 0 if all(r["action_ms"] <= LIMIT_MS for r in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

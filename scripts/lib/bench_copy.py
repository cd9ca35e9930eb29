#!/usr/bin/python3
"""Times cold copies of three hosts' volumes by the agent's own code against `cp --archive`, for scripts/bench."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_roll import BIN, PAGE, ROOT, machine, say

PROGRAM = BIN / "drover_bench_copy"
HOSTS = ("h1", "h2", "h3")
LIMIT = 1.2
BEGIN, END = "<!-- copy -->\n", "<!-- /copy -->\n"
# As an index has them, in bytes: a few large segments, many small files.
LARGE, SMALL, SMALL_FILES = 256 << 20, 40_000, 400


def fill(folder: Path, size: int) -> None:
    """A volume of about `size` bytes that no file system makes smaller."""
    block = os.urandom(16 << 20)
    left = size - SMALL * SMALL_FILES
    for number in range(SMALL_FILES):
        path = folder / f"nodes/0/indices/i{number % 20}/0/index/_{number}.si"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(block[number:number + SMALL])
    number = 0
    while left > 0:
        with open(folder / f"nodes/0/indices/i{number % 20}/0/index/_{number}.cfs", "wb") as file:
            for _ in range(max(1, min(LARGE, left) // len(block))):
                file.write(block)
        left -= LARGE
        number += 1


def forget() -> None:
    """Both ways begin with what is on the disk."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3", encoding="ascii")


def by_cp(source: Path, target: Path) -> dict:
    """`cp --archive`; how long until it ends, and until what it wrote is on the disk."""
    began = time.monotonic()
    subprocess.run(["cp", "--archive", "--reflink=auto", "--no-target-directory", source, target], check=True)
    ended = time.monotonic()
    subprocess.run(["sync", "--file-system", target], check=True)
    synced = time.monotonic()
    shutil.rmtree(target)
    return {"seconds": ended - began, "synced": synced - began}


def by_agent(source: Path, state: Path) -> dict:
    """ColdCopies::Make: copied, summed, compared, on the disk."""
    done = subprocess.run([PROGRAM, source, state, "drover-bench"], stdout=subprocess.PIPE, text=True, check=True)
    said = json.loads(done.stdout)
    shutil.rmtree(state)
    return said


def measure(gigabytes: float, folder: Path) -> list:
    """A row a host: both ways after each other, in turns the one and the other first."""
    rows = []
    for number, host in enumerate(HOSTS):
        source = folder / host
        source.mkdir()
        fill(source, int(gigabytes * 1e9 / len(HOSTS)))
        row = {"host": host}
        ways = [("cp", lambda source=source: by_cp(source, folder / "cp")),
                ("agent", lambda source=source: by_agent(source, folder / "agent"))]
        for name, way in ways if number % 2 == 0 else reversed(ways):
            forget()
            row[name] = way()
            say(f"{host}, {name}: {row[name]['seconds']:.1f} s")
        rows.append(row)
        shutil.rmtree(source)
    return rows


def ratios(rows: list) -> dict:
    """Of all hosts together."""
    agent = sum(r["agent"]["seconds"] for r in rows)
    alone = sum(r["cp"]["seconds"] for r in rows)
    synced = sum(r["cp"]["synced"] for r in rows)
    return {"agent": agent, "cp": alone, "cp and sync": synced, "ratio": agent / alone, "ratio, synced": agent / synced}


def table(rows: list) -> str:
    """Each host, and all."""
    all_hosts = ratios(rows)
    lines = ["| volume of | GB | cp --archive, s | and until it is on the disk, s | cold copy, s |", "|---|---|---|---|---|"]
    for row in rows:
        lines.append(f"| {row['host']} | {row['agent']['bytes'] / 1e9:.2f} | {row['cp']['seconds']:.1f} | {row['cp']['synced']:.1f} "
                     f"| {row['agent']['seconds']:.1f} |")
    size = sum(r["agent"]["bytes"] for r in rows) / 1e9
    kept = "✔" if all_hosts["ratio"] <= LIMIT else "✘"
    lines.append(f"| all | {size:.2f} | {all_hosts['cp']:.1f} | {all_hosts['cp and sync']:.1f} | {all_hosts['agent']:.1f} |")
    lines += ["", f"Cold copy / cp: **{all_hosts['ratio']:.2f}** (≤ {LIMIT} {kept}); / cp that is on the disk: {all_hosts['ratio, synced']:.2f}."]
    return "\n".join(lines)


def record(rows: list) -> None:
    """Puts its part into docs/benchmarks.md, in place of the one from before."""
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False)
    part = (f"{BEGIN}\n## Cold copies of volumes (`scripts/bench copy`)\n\n"
            "Volumes of three hosts, one after the other, nothing of them in memory at the start. A cold copy is copied, summed by SHA-256,\n"
            "compared in samples, and on the disk when it counts; `cp --archive` alone is done when the kernel has taken its bytes.\n\n"
            f"{time.strftime('%Y-%m-%d')}, commit {commit.stdout.strip()}, {machine()}, one run.\n\n{table(rows)}\n\n{END}")
    text = re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", "", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    PAGE.write_text(text.rstrip("\n") + "\n\n" + part, encoding="utf-8")


def main() -> int:
    """Measures and prints; 1 where the limit was not kept."""
    parser = argparse.ArgumentParser(prog="scripts/bench copy")
    parser.add_argument("--gigabytes", type=float, default=10)
    parser.add_argument("--folder", default="/var/tmp", help="on the disk that is measured")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--log", required=True)
    arguments = parser.parse_args()
    if shutil.disk_usage(arguments.folder).free < arguments.gigabytes * 1e9 * 2 / 3 + 2e9:
        sys.exit(f"bench: {arguments.folder} has not the room for two thirds of {arguments.gigabytes} GB; name another with --folder")
    with tempfile.TemporaryDirectory(prefix="drover-bench-", dir=arguments.folder) as folder:
        rows = measure(arguments.gigabytes, Path(folder))
    print(json.dumps(rows, indent=1))
    print(machine())
    print(table(rows))
    if arguments.record:
        record(rows)
    return 0 if ratios(rows)["ratio"] <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())

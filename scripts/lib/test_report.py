#!/usr/bin/python3
"""Counts what ctest reported, for scripts/test: `count BUILD` prints one line, `record BUILD SECONDS` writes a page."""

import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs/proof-latest.md"
PARTS = ("quick", "lab")


def read(build: Path, part: str) -> list:
    """(name, result, seconds, why) of each test in one report; result is passed, failed or skipped."""
    found = []
    for case in xml.parse(build / f"junit-{part}.xml").getroot().iter("testcase"):
        status, skipped = case.get("status"), case.find("skipped")
        result = {"run": "passed", "fail": "failed"}.get(status, "skipped" if skipped is not None else "failed")
        # ctest calls a test without its program "notrun" as well: that is no skip that somebody chose.
        text = (skipped.get("message") or "") if skipped is not None else ""
        if result == "skipped" and not text.startswith("SKIP_"):
            result = "failed"
        found.append((case.get("name"), result, float(case.get("time") or 0), text))
    return found


def count(build: Path) -> int:
    """Prints the summary line; 1 if a test failed or a report is missing."""
    try:
        results = [result for part in PARTS for _, result, _, _ in read(build, part)]
    except (OSError, xml.ParseError) as e:
        print(f"test: no report of a part: {e}", file=sys.stderr)
        print("0 passed, 1 failed, 0 skipped")
        return 1
    print(", ".join(f"{results.count(kind)} {kind}" for kind in ("passed", "failed", "skipped")))
    return 1 if "failed" in results else 0


def record(build: Path, seconds: int) -> int:
    """Writes docs/proof-latest.md."""
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False)
    lines = ["# The latest recorded run of the tests", "",
             f"{time.strftime('%Y-%m-%d')}, commit {commit.stdout.strip() or 'unknown'}, {seconds // 60} min {seconds % 60} s. "
             "Written by `scripts/test --record`.", "", "## In the lab: real Docker Engines, real OpenSearch nodes", "",
             "| case | result | time |", "|---|---|---|"]
    lines += [f"| {name} | {result} | {took:.1f} s |" for name, result, took, _ in read(build, "lab")]
    quick = read(build, "quick")
    bad = [name for name, result, _, _ in quick if result != "passed"]
    lines += ["", "## Without the lab", "", f"{len(quick)} cases in {sum(t for _, _, t, _ in quick):.0f} s of test time; "
              + (f"not passed: {', '.join(bad)}" if bad else "all passed") + "."]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"test: wrote {PAGE.relative_to(ROOT)}", file=sys.stderr)
    return 0


def main(arguments) -> int:
    """Runs `count BUILD` or `record BUILD SECONDS`."""
    build = Path(arguments[1])
    return count(build) if arguments[0] == "count" else record(build, int(arguments[2]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

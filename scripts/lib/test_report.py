#!/usr/bin/python3
"""Counts what ctest reported, for scripts/test: `count BUILD` prints one line, `record BUILD SECONDS` writes a page, and `failed BUILD`
prints the lab cases whose last result is no success, as ctest's -R takes them."""

import sys
import time
import xml.etree.ElementTree as xml
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs/proof-latest.md"


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


def read_lab(build: Path) -> list:
    """(name, result, seconds, commit) of each lab case, by what it did last. What ran in parts, or again, is in reports of their own: a
    case that did not end the same each time says "failed, then passed"."""
    cases = {}
    for report in sorted(build.glob("junit-lab*.xml"), key=lambda path: path.stat().st_mtime):
        commit = report.with_suffix(".commit").read_text(encoding="utf-8").strip()
        for name, result, seconds, _ in read(build, report.stem.removeprefix("junit-")):
            before = cases[name][0].split(", then ")[0] if name in cases else result
            cases[name] = (result if before == result else f"{before}, then {result}", seconds, commit)
    if not cases:
        raise OSError(f"{build} has no report of the lab")
    return [(name, *rest) for name, rest in cases.items()]


def failed(build: Path) -> int:
    """Prints a regular expression of what has not passed; 1 where everything has."""
    names = [name for name, result, _, _ in read_lab(build) if result.endswith("failed")]
    print("^(" + "|".join(names) + ")$" if names else "")
    return 0 if names else 1


def count(build: Path) -> int:
    """Prints the summary line; 1 if a test failed or a report is missing."""
    try:
        results = [result.split(", then ")[-1] for _, result, _, _ in [*read(build, "quick"), *read_lab(build)]]
    except (OSError, xml.ParseError) as e:
        print(f"test: no report of a part: {e}", file=sys.stderr)
        print("0 passed, 1 failed, 0 skipped")
        return 1
    print(", ".join(f"{results.count(kind)} {kind}" for kind in ("passed", "failed", "skipped")))
    return 1 if "failed" in results else 0


def record(build: Path, seconds: int) -> int:
    """Writes docs/proof-latest.md."""
    lab, quick = read_lab(build), read(build, "quick")
    commits = sorted({commit for *_, commit in lab} | {(build / "junit-quick.commit").read_text(encoding="utf-8").strip()})
    lines = ["# The latest recorded run of the tests", "",
             f"{time.strftime('%Y-%m-%d')}, commit {', '.join(commits)}; the last part took {seconds // 60} min {seconds % 60} s. "
             "Written by `scripts/test --record`.", "", "## In the lab: real Docker Engines, real OpenSearch nodes", "",
             f"{len(lab)} cases, {sum(took for _, _, took, _ in lab) / 60:.0f} min.", ""]
    lines += ["| case | result | time | commit |", "|---|---|---|---|"] if len(commits) > 1 else ["| case | result | time |", "|---|---|---|"]
    for name, result, took, commit in lab:
        lines.append(f"| {name} | {result} | {took:.1f} s |" + (f" {commit} |" if len(commits) > 1 else ""))
    bad = [name for name, result, _, _ in quick if result != "passed"]
    lines += ["", "## Without the lab", "", f"{len(quick)} cases in {sum(t for _, _, t, _ in quick):.0f} s of test time; "
              + (f"not passed: {', '.join(bad)}" if bad else "all passed") + "."]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"test: wrote {PAGE.relative_to(ROOT)}", file=sys.stderr)
    return 0


def main(arguments) -> int:
    """Runs `count BUILD`, `failed BUILD` or `record BUILD SECONDS`."""
    build = Path(arguments[1])
    if arguments[0] == "record":
        return record(build, int(arguments[2]))
    return failed(build) if arguments[0] == "failed" else count(build)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

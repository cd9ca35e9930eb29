"""What an upgrade under load has to have kept, as lines for a person and as a verdict."""

import json
from pathlib import Path

from . import evidence
from .shell import LabError


def show(name: str, version: str, load_file: str, seconds: float) -> int:
    """Prints the summary of an upgrade to `version`; 0 if all of it is as it must be, else 1."""
    try:
        load = json.loads(Path(load_file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as e:
        raise LabError(f"{load_file} does not hold what `lab load stop` printed: {e}") from e
    facts = verdicts(evidence.compare(name), load, version)
    for good, what, evidence_text in facts:
        print(f" {'✔' if good else '✘'} {what:<22} {evidence_text}")
    if seconds:
        print(f"   {'time':<22} {seconds:.1f} s from the command to its end, checks and snapshot included")
    return 0 if all(good for good, _, _ in facts) else 1


def verdicts(found: dict, load: dict, version: str) -> list:
    """(good, what, evidence) for each promise that can be seen from outside."""
    versions = found["versions"]["after"]
    snapshot, settings = found["snapshot"], found["settings"]
    early = snapshot["seconds_before_first_stop"]
    return [
        (bool(versions) and set(versions.values()) == {version} and versions.keys() == found["versions"]["before"].keys(),
         "versions", ", ".join(f"{k} {v}" for k, v in versions.items())),
        (found["health"] == "green", "cluster health", found["health"]),
        (load["lost"] == 0 and load["acknowledged"] > 0 and load["verified"] == load["acknowledged"],
         "acknowledged documents", f"{load['acknowledged']} written during it, {load['verified']} read back by id, "
                                   f"{load['lost']} lost"),
        (load["failed_after_retries"] == 0, "failed requests", f"{load['failed_after_retries']} of {load['writes'] + load['reads']} "
                                                 f"({load['retried']} were answered by another endpoint)"),
        (found["documents"]["equal"], "documents from before", f"{found['documents']['after']} of "
                                                               f"{found['documents']['before']}"),
        (settings["equal"], "cluster settings", "as before" if settings["equal"] else
         f"before {json.dumps(settings['before'])}, now {json.dumps(settings['after'])}"),
        _files(found["files"], len(versions)),
        (snapshot["state"] == "SUCCESS" and early is not None and early > 0 and snapshot["by_events"], "snapshot",
         f"{snapshot['name'] or 'none'} {snapshot['state']}" + (f", {early:.1f} s before the first stop" if early else "")),
        _containers(found["containers"]),
    ]


def _files(files: list, members: int) -> tuple:
    changed = sum(f["tags_changed"] for f in files)
    wrong = [f"{f['host']}/{f['file']}" for f in files if not f["equal_but_tag"]]
    hosts = {f["host"] for f in files}
    untouched = hosts - {f["host"] for f in files if f["tags_changed"]}
    text = f"{len(files)} files on {len(hosts)} hosts equal byte for byte but for {changed} image tags"
    if wrong:
        text = f"different in more than the tag: {', '.join(wrong)}"
    elif untouched:
        text += f"; no tag was changed on {', '.join(sorted(untouched))}"
    return not wrong and not untouched and changed <= members, "Compose files", text


def _containers(containers: dict) -> tuple:
    text = ", ".join(f"{k} stopped {v['stops']}×" for k, v in containers.items())
    return all(v["stops"] == 1 and v["replaced"] for v in containers.values()), "restarts", text

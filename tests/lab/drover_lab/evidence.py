"""What an upgrade did to a cluster, found out from the outside: from the cluster, the Engines, the files, the events.

`save` keeps a picture of the cluster before anything happens to it in $LAB/evidence/NAME; `compare` looks again and says
what is different. Neither takes Drover's word for anything but the order of its own events.
"""

import json
import re
import shutil
import time
from pathlib import Path

from . import clusters, drover, hosts, specs
from .engine import DOCKER
from .load_client import INDEX as LOAD_INDEX
from .settings import LAB
from .shell import LabError, run, write_file
from .specs import REPOSITORY, Spec

FOLDER = LAB / "evidence"


def save(name: str) -> dict:
    """Keeps files, settings, documents and containers of the cluster as they are now."""
    spec = specs.load(name)
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    for host in spec.hosts:
        shutil.copytree(spec.folder(host), folder / "files" / host)
    before = {"at": time.time(), **_look(spec)}
    write_file(folder / "before.json", json.dumps(before, indent=1) + "\n")
    return before


def compare(name: str, tag: str = "") -> dict:
    """What is different from when `save` was called: see the keys below; every verdict is a boolean. `tag` may stand in
    the files in place of a version."""
    spec, folder = specs.load(name), FOLDER / name
    try:
        before = json.loads((folder / "before.json").read_text(encoding="utf-8"))
    except OSError as e:
        raise LabError(f"nothing was saved of cluster {name}: run `lab evidence save {name}` before the upgrade") from e
    after = _look(spec)
    by_host = {h: engine_events(h, spec.name, before["at"]) for h in spec.hosts}
    return {
        "name": name,
        "versions": {"before": before["versions"], "after": after["versions"]},
        "health": after["health"],
        "settings": {"before": before["settings"], "after": after["settings"],
                     "equal": before["settings"] == after["settings"]},
        "documents": {"before": sum(before["documents"].values()), "after": sum(after["documents"].values()),
                      "equal": before["documents"] == after["documents"]},
        "files": compare_files(spec, folder / "files", set(before["versions"].values()),
                               set(after["versions"].values()) | ({tag} if tag else set())),
        "containers": {m.name: _container(m, before, after, by_host[m.host]) for m in spec.members},
        "snapshot": _snapshot(spec, before["at"], by_host),
        "untouched": _untouched(spec, folder / "files", before, after),
    }


def compare_files(spec: Spec, saved: Path, old_versions: set, new_versions: set) -> list:
    """For each file of each project: whether it has every byte of its saved copy but for image tags, and how many."""
    found = []
    for host in spec.hosts:
        names = {p.name for p in (saved / host).iterdir()} | {p.name for p in spec.folder(host).iterdir()}
        for name in sorted(names):
            old, new = _bytes(saved / host / name), _bytes(spec.folder(host) / name)
            tags = None if old is None or new is None else changed_tags(old, new, old_versions, new_versions)
            found.append({"host": host, "file": name, "equal_but_tag": tags is not None, "tags_changed": tags or 0})
    return found


def changed_tags(old: bytes, new: bytes, old_versions, new_versions):
    """How many tags were replaced where `new` is `old` but for tags of an old version; None where anything else is."""
    either = b"|".join(re.escape(v.encode()) for v in sorted(old_versions))
    tag = re.compile(rb"(?<=[:=-])(?:" + either + rb")(?![0-9.])")
    pattern, last, tags = b"", 0, []
    for found in tag.finditer(old):
        options = b"|".join(re.escape(v) for v in [found.group(), *(v.encode() for v in sorted(new_versions))])
        pattern += re.escape(old[last:found.start()]) + b"(" + options + b")"
        tags.append(found.group())
        last = found.end()
    match = re.fullmatch(pattern + re.escape(old[last:]), new, re.DOTALL)
    return None if match is None else sum(1 for a, b in zip(tags, match.groups()) if a != b)


def _look(spec: Spec) -> dict:
    status = clusters.status(spec.name)
    own = {n["name"]: n["version"] for n in status["nodes"]}
    counts = {k: v for k, v in status["indices"].items() if k != LOAD_INDEX}
    return {"versions": own, "health": status["health"]["status"], "settings": status["settings"], "documents": counts,
            "containers": {m.name: _container_id(spec, m) for m in spec.members},
            "exclusions": _exclusions(spec)}


def _exclusions(spec: Spec) -> list:
    path = "/_cluster/state/metadata?filter_path=metadata.cluster_coordination.voting_config_exclusions"
    state = spec.client.call("GET", path) or {}
    return state.get("metadata", {}).get("cluster_coordination", {}).get("voting_config_exclusions", [])


def _untouched(spec: Spec, saved: Path, before: dict, after: dict) -> bool:
    """Whether files, containers, settings and documents are exactly as they were."""
    same_files = all(_bytes(saved / h / f.name) == _bytes(f) for h in spec.hosts for f in spec.folder(h).iterdir())
    same_names = all({f.name for f in (saved / h).iterdir()} == {f.name for f in spec.folder(h).iterdir()}
                     for h in spec.hosts)
    keys = ("versions", "settings", "documents", "containers", "exclusions")
    return same_files and same_names and all(before[k] == after[k] for k in keys)


def _docker(host: str, *arguments: str) -> str:
    return run([DOCKER, *arguments], env=hosts.environment(host)).stdout


def _container_id(spec: Spec, member) -> str:
    return _docker(member.host, "ps", "--all", "--quiet", "--no-trunc",
                   "--filter", f"label=com.docker.compose.project={spec.name}",
                   "--filter", f"label=com.docker.compose.service={member.service}").strip()


def engine_events(host: str, project: str, since: float) -> list:
    """What the host's Engine says of the containers of a Compose project since that time."""
    out = _docker(host, "events", "--since", f"{since:.3f}", "--until", f"{time.time():.3f}", "--format", "{{json .}}",
                  "--filter", "type=container", "--filter", f"label=com.docker.compose.project={project}")
    events = [json.loads(line) for line in out.splitlines()]
    return [{"action": e["Action"], "at": e["timeNano"] / 1e9, "container": e["Actor"]["ID"],
             "service": e["Actor"]["Attributes"].get("com.docker.compose.service", ""),
             "exit_code": e["Actor"]["Attributes"].get("exitCode")} for e in events]


def _container(member, before: dict, after: dict, events: list) -> dict:
    own = [e for e in events if e["service"] == member.service]
    ends = [e for e in own if e["action"] == "die"]
    return {"replaced": before["containers"][member.name] != after["containers"][member.name],
            "stops": len(ends), "starts": sum(e["action"] == "start" for e in own),
            "exit_codes": [e["exit_code"] for e in ends]}


def _snapshot(spec: Spec, since: float, by_host: dict) -> dict:
    """The last snapshot made since, and whether it had ended before anything stopped: by clock and by Drover's events."""
    stops = [e["at"] for events in by_host.values() for e in events if e["action"] in ("die", "kill", "stop")]
    try:
        # Those of single upgrades are in repositories of their own below it.
        names = [n for n in spec.client.call("GET", "/_snapshot") if n == REPOSITORY or n.startswith(f"{REPOSITORY}-drover-")]
        listing = [s for n in names for s in spec.client.call("GET", f"/_snapshot/{n}/_all")["snapshots"]]
    except LabError:
        listing = []
    made = [s for s in listing if s["start_time_in_millis"] / 1000 >= since]
    if not made:
        return {"name": "", "state": "", "seconds_before_first_stop": None, "by_events": False}
    last = max(made, key=lambda s: s["start_time_in_millis"])
    ended = last["end_time_in_millis"] / 1000
    return {"name": last["snapshot"], "state": last["state"], "shards": last["shards"]["total"],
            "seconds": round(ended - last["start_time_in_millis"] / 1000, 2),
            "seconds_before_first_stop": round(min(stops) - ended, 3) if stops else None,
            "by_events": snapshot_came_first(_drover_events(spec.name))}


def snapshot_came_first(events: list) -> bool:
    """Whether Drover recorded the snapshot's SUCCESS before the first member's stop."""
    done = [int(e["sequence"]) for e in events if e["kind"] == "snapshot.done"]
    stops = [int(e["sequence"]) for e in events if e["kind"] == "member.step" and e.get("fields", {}).get("to") == "STOP"]
    return bool(done) and bool(stops) and min(done) < min(stops)


def _drover_events(name: str) -> list:
    """The events of the cluster's last rollout; none where no controller runs."""
    if not drover.SOCKET.exists():
        return []
    done = drover.cli("events", "-o", "ndjson", check=False)
    events = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    own = [e for e in events if e.get("cluster") == name and e.get("rollout_id")]
    return [e for e in own if e["rollout_id"] == own[-1]["rollout_id"]] if own else []


def _bytes(path: Path):
    try:
        return path.read_bytes()
    except OSError:
        return None

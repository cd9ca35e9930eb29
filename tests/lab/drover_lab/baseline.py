"""A rolling upgrade as the documentation orders it, done by a plain loop: what a careful person's script does.

It is the measure for Drover, so it does no check and is no cleverer than such a script.
"""

import time
from urllib.parse import quote

from . import hosts, specs
from .rest import Cluster
from .shell import LabError, say
from .specs import REPOSITORY, Spec

PATIENCE = 600
ALLOCATION = "cluster.routing.allocation.enable"


class Laps:
    """Times the phases of one roll, one after the other."""

    def __init__(self):
        self.phases = []
        self._start = self._last = time.monotonic()

    def lap(self, name: str) -> None:
        """Ends the phase of that name."""
        now = time.monotonic()
        self.phases.append({"phase": name, "seconds": round(now - self._last, 2)})
        say(f"{name}: {now - self._last:.2f} s")
        self._last = now

    def total(self) -> float:
        """Seconds since the start."""
        return round(time.monotonic() - self._start, 2)


def roll(name: str, version: str) -> dict:
    """Upgrades every host's members in order and returns the timings."""
    spec = specs.load(name)
    laps = Laps()
    _snapshot(spec, version)
    laps.lap("snapshot")
    for host in spec.hosts:
        _set_version(spec, host, version)
        hosts.compose(host, name, "pull", "--quiet")
    laps.lap("pull")
    for host in spec.hosts:
        _roll_host(spec, host, laps)
    return {"way": "baseline", "cluster": name, "to": version, "seconds": laps.total(), "phases": laps.phases,
            "versions": versions(spec)}


def by_hand(name: str, host: str, version: str) -> None:
    """What somebody in a hurry types on one host: the new tag into the file, and up, with no look at anything else."""
    spec = specs.load(name)
    _set_version(spec, host, version)
    hosts.compose(host, name, "up", "-d")


def versions(spec: Spec) -> dict:
    """The version that each node reports."""
    nodes = spec.client.call("GET", "/_nodes/http")["nodes"].values()
    return dict(sorted((n["name"], n["version"]) for n in nodes))


def _roll_host(spec: Spec, host: str, laps: Laps) -> None:
    rest = Cluster([m.endpoint for m in spec.members if m.host != host] or spec.endpoints, spec.access)
    rest.call("PUT", "/_cluster/settings", {"persistent": {ALLOCATION: "primaries"}})
    rest.call("POST", "/_flush")
    laps.lap(f"{host} freeze and flush")
    hosts.compose(host, spec.name, "stop")
    laps.lap(f"{host} stop")
    hosts.compose(host, spec.name, "up", "-d")
    laps.lap(f"{host} up")
    count = len(spec.members)
    _wait(f"{count} nodes", lambda: rest.call(
        "GET", f"/_cluster/health?wait_for_nodes={count}&timeout=5s")["number_of_nodes"] == count, 0.1)
    laps.lap(f"{host} join")
    rest.call("PUT", "/_cluster/settings", {"persistent": {ALLOCATION: None}})
    _wait("green", lambda: rest.call(
        "GET", "/_cluster/health?wait_for_status=green&wait_for_no_relocating_shards=true&timeout=60s"
    )["status"] == "green", 0.5)
    laps.lap(f"{host} green")


def _snapshot(spec: Spec, version: str) -> None:
    client = spec.client
    client.call("PUT", f"/_snapshot/{REPOSITORY}", {"type": "fs", "settings": {"location": "/snap"}})
    client.call("POST", f"/_snapshot/{REPOSITORY}/_verify")
    snapshot = quote(f"before-{version}-{int(time.time())}")
    answer = client.call("PUT", f"/_snapshot/{REPOSITORY}/{snapshot}?wait_for_completion=true", timeout=PATIENCE)
    if answer["snapshot"]["state"] != "SUCCESS":
        raise LabError(f"the snapshot of {spec.name} ended as {answer['snapshot']['state']}: nothing was stopped")


def _set_version(spec: Spec, host: str, version: str) -> None:
    """Puts the new version wherever the host's files name the present one."""
    present = {spec.version}
    try:
        present |= set(versions(spec).values())
    except LabError:
        pass  # nobody is up to say it
    for file in (f for f in spec.folder(host).iterdir() if f.is_file()):
        text = changed = file.read_text(encoding="utf-8")
        for old in present:
            image = f"/{spec.repository}:"
            for before, after in ((image + old, image + version), (f":-{old}}}", f":-{version}}}"),
                                  (f"VERSION={old}\n", f"VERSION={version}\n")):
                changed = changed.replace(before, after)
        if changed != text:
            file.write_text(changed, encoding="utf-8")


def _wait(what: str, condition, pause: float) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if condition():
                return
        except LabError:
            pass
        time.sleep(pause)
    raise LabError(f"waited {PATIENCE} s for {what}")

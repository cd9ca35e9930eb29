"""What the lab knows of a cluster: which members, where, on which ports. Kept as $LAB/clusters/NAME.json."""

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path

from . import secured, settings
from .rest import Cluster
from .settings import CLUSTERS, HOSTS
from .shell import LabError, write_file

# What the members are: all the same; or on each host a dedicated cluster manager and a data node, and on the first one a
# node that only coordinates.
LAYOUTS = ("same", "dedicated")
STYLES = ("mixed", "plain", "quoted", "env", "anchor", "override")
COORDINATING = "ingest"
PORT_STEP = 10
MAX_PORT_OFFSET = 90
REPOSITORY = "backups"


@dataclass(frozen=True)
class Member:
    """One node of a cluster."""

    name: str
    host: str
    service: str
    http_port: int
    transport_port: int
    roles: str = ""  # as node.roles has it; empty: all that a node has without it
    scheme: str = "http"

    @property
    def endpoint(self) -> str:
        """Where its REST interface is."""
        return f"{self.scheme}://{settings.host_address(self.host)}:{self.http_port}"

    @property
    def eligible(self) -> bool:
        """Whether it can be the cluster manager."""
        return not self.roles or "cluster_manager" in self.roles

    @property
    def seed(self) -> str:
        """Where its transport is."""
        return f"{settings.host_address(self.host)}:{self.transport_port}"


@dataclass
class Spec:
    """One cluster."""

    name: str
    version: str
    heap: str
    style: str
    port_offset: int
    members: list = field(default_factory=list)
    repository: str = "opensearch"

    @property
    def secured(self) -> bool:
        """Whether its nodes have the security plugin."""
        return self.repository == secured.REPOSITORY

    @property
    def access(self):
        """How a client comes in; None where anybody may."""
        return secured.access(self.name) if self.secured else None

    @property
    def hosts(self) -> list:
        """The hosts it lives on, in order, each once."""
        return list(dict.fromkeys(m.host for m in self.members))

    @property
    def endpoints(self) -> list:
        """The endpoints of all members."""
        return [m.endpoint for m in self.members]

    @property
    def client(self) -> Cluster:
        """A client through all endpoints."""
        return Cluster(self.endpoints, self.access)

    def on(self, host: str) -> list:
        """The members on one host."""
        return [m for m in self.members if m.host == host]

    def folder(self, host: str) -> Path:
        """The cluster's Compose project on a host."""
        return HOSTS / host / "projects" / self.name

    def style_on(self, host: str) -> str:
        """How the Compose file on that host spells the image."""
        if self.style != "mixed":
            return self.style
        return ("plain", "quoted", "env")[self.hosts.index(host) % 3]


def plan(name: str, version: str, hosts: list, per_host: int, heap: str, style: str, offset, repository="opensearch",
         layout="same") -> Spec:
    """A new cluster's spec; a LabError for values that cannot work."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,40}", name):
        raise LabError(f"cluster name {name!r}: expected small letters, digits and -, such as demo")
    if style not in STYLES:
        raise LabError(f"--style {style}: expected one of {', '.join(STYLES)}")
    if not 1 <= per_host <= PORT_STEP:
        raise LabError(f"--members-per-host {per_host}: expected 1 to {PORT_STEP}")
    if len(set(hosts)) != len(hosts):
        raise LabError(f"--hosts {','.join(hosts)}: a host is named twice")
    if offset is None:
        offset = _free_offset(hosts)
    spec = Spec(name, version, heap, style, offset, repository=repository)
    scheme = "https" if spec.secured else "http"
    for host, number, roles in _places(hosts, per_host, layout):
        service = "opensearch" if per_host == 1 and layout == "same" else f"opensearch-{number + 1}"
        spec.members.append(Member(f"os-{len(spec.members) + 1}", host, service, 9200 + offset + number,
                                   9300 + offset + number, roles, scheme))
    return spec


def _places(hosts: list, per_host: int, layout: str):
    """(host, number on that host, roles) for each member."""
    if layout == "dedicated":
        yield from ((host, 0, "cluster_manager") for host in hosts)
        yield from ((host, 1, "data,ingest") for host in hosts)
        yield hosts[0], 2, COORDINATING
    else:
        yield from ((host, number, "") for number in range(per_host) for host in hosts)


def _free_offset(hosts: list) -> int:
    taken = {s.port_offset for s in all_specs() if set(s.hosts) & set(hosts)}
    for offset in range(0, MAX_PORT_OFFSET + 1, PORT_STEP):
        if offset not in taken:
            return offset
    raise LabError(f"no free ports on {','.join(hosts)}: remove a cluster with `lab down --cluster NAME`")


def save(spec: Spec) -> None:
    """Keeps the spec, and beside it the cluster file that `drover cluster apply` reads."""
    write_file(CLUSTERS / f"{spec.name}.json", json.dumps(asdict(spec), indent=1) + "\n")
    lines = [f"# Cluster {spec.name} of the lab.", f"name: {spec.name}", f"endpoints: [{', '.join(spec.endpoints)}]"]
    if spec.secured:
        tls = secured.folder(spec.name)
        lines += [f"tls: {{ca: {tls}/ca.pem}}", f"auth: {{username: {secured.USER}, password_file: {tls}/password}}"]
    lines += [
             f"snapshot: {{repository: {REPOSITORY}, type: fs, location: /snap}}", "members:"]
    lines += [f"  - {{host: {m.host}, project: {spec.name}, service: {m.service}}}" for m in spec.members]
    write_file(CLUSTERS / f"{spec.name}.yaml", "\n".join(lines) + "\n")


def load(name: str) -> Spec:
    """The spec of a cluster that exists; a LabError that names those that do otherwise."""
    try:
        raw = json.loads((CLUSTERS / f"{name}.json").read_text(encoding="utf-8"))
    except FileNotFoundError as e:
        known = ", ".join(s.name for s in all_specs()) or "none"
        raise LabError(f"the lab has no cluster {name!r}; it has {known}: run `lab cluster up NAME …`") from e
    raw["members"] = [Member(**m) for m in raw["members"]]
    return Spec(**raw)


def forget(name: str) -> None:
    """Removes what save wrote."""
    for suffix in ("json", "yaml"):
        (CLUSTERS / f"{name}.{suffix}").unlink(missing_ok=True)


def all_specs() -> list:
    """The specs of all clusters."""
    return [load(p.stem) for p in sorted(CLUSTERS.glob("*.json"))] if CLUSTERS.is_dir() else []

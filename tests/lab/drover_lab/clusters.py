"""OpenSearch clusters: brought up, looked at, filled, removed."""

import json
from concurrent.futures import ThreadPoolExecutor

from . import hosts, load, projects, registry, secured, settings, specs
from .settings import SNAPSHOTS
from .shell import LabError, exclusive, run, say, wait_until
from .specs import Spec

BULK_SIZE = 1000


def bring_up(name, version, host_list, per_host, heap, style, offset, repository="opensearch", layout="same") -> None:
    """Writes the cluster's projects, starts its nodes, and returns when all have joined and the cluster is green."""
    for host in host_list:
        hosts.require(host)
    if not registry.has(repository, version):
        raise LabError(f"the registry has no image {repository}:{version}: run `lab images {version}`, with --security for "
                       "the one with the security plugin, or `lab tag`")
    with exclusive("clusters"):
        if name in (s.name for s in specs.all_specs()):
            raise LabError(f"the lab has a cluster {name!r} already: remove it with `lab down --cluster {name}`")
        spec = specs.plan(name, version, host_list, per_host, heap, style, offset, repository, layout)
        specs.save(spec)
        if spec.secured:
            secured.make_certificates(name, [settings.host_address(h) for h in spec.hosts])
    projects.write(spec)
    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(lambda host: hosts.compose(host, name, "up", "-d"), spec.hosts))
    wait_complete(spec, 180)
    if spec.secured:
        secured.make_user(spec.client)
    say(f"cluster {name} is green: {len(spec.members)} nodes at {version}, {' '.join(spec.endpoints)}")


def wait_complete(spec: Spec, seconds: float) -> None:
    """Returns once every member has joined and the cluster is green."""
    path = f"/_cluster/health?wait_for_nodes={len(spec.members)}&wait_for_status=green&timeout=2s"

    def complete() -> bool:
        try:
            health = spec.client.call("GET", path, timeout=10)
        except LabError:
            return False
        return health["number_of_nodes"] == len(spec.members) and health["status"] == "green"

    wait_until(f"cluster {spec.name}, {len(spec.members)} nodes and green", complete, seconds, every=0.2,
               hint=f"look at the nodes' logs: `lab host exec {spec.hosts[0]} -- docker logs {spec.name}-os-1`")


def status(name: str) -> dict:
    """Nodes with their versions, health, settings, and the number of documents per index."""
    client = specs.load(name).client
    health = client.call("GET", "/_cluster/health")
    if health["status"] != "red":  # a refresh waits a minute for a primary that is not there
        client.call("POST", "/_refresh")
    nodes = client.call("GET", "/_nodes/http")["nodes"]
    manager = client.call("GET", "/_cluster/state/master_node")["master_node"]
    indices = client.call("GET", "/_cat/indices?format=json&expand_wildcards=all&h=index,docs.count")
    return {
        "name": name,
        "health": health,
        "nodes": sorted(({"name": n["name"], "version": n["version"], "id": key, "ip": n["ip"], "roles": n["roles"],
                          "cluster_manager": key == manager} for key, n in nodes.items()), key=lambda n: n["name"]),
        "settings": client.call("GET", "/_cluster/settings?flat_settings=true"),
        "indices": {i["index"]: int(i["docs.count"] or 0) for i in sorted(indices, key=lambda i: i["index"])},
    }


def seed(name: str, indices: int, shards: int, replicas: int, docs: int) -> dict:
    """Makes indexes seed-01… and spreads the documents over them; returns the count per index."""
    client = specs.load(name).client
    shares = {f"seed-{i + 1:02d}": docs // indices + (1 if i < docs % indices else 0) for i in range(indices)}
    for index, count in shares.items():
        client.call("PUT", f"/{index}", {"settings": {"number_of_shards": shards, "number_of_replicas": replicas}})
        for first in range(0, count, BULK_SIZE):
            answer = client.call("POST", f"/{index}/_bulk", _bulk(first, min(first + BULK_SIZE, count)))
            if answer["errors"]:
                raise LabError(f"index {index} of {name} refused documents: {json.dumps(answer)[:300]}")
    client.call("POST", "/_refresh")
    client.call("POST", "/_flush")
    client.call("GET", "/_cluster/health?wait_for_status=green&timeout=60s")
    return shares


def _bulk(first: int, last: int) -> bytes:
    lines = []
    for n in range(first, last):
        lines.append(json.dumps({"index": {"_id": str(n)}}))
        lines.append(json.dumps({"n": n, "text": f"document {n} of the lab, seeded before anything was upgraded"}))
    return ("\n".join(lines) + "\n").encode()


def remove(name: str) -> None:
    """Removes one cluster with its containers, volumes, snapshots and load client; the hosts stay."""
    load.discard(name)
    spec = specs.load(name)
    for host in spec.hosts:
        folder = spec.folder(host)
        if folder.is_dir() and hosts.engine(host).answers():
            hosts.compose(host, name, "down", "--volumes", "--timeout", "0")
        run(["rm", "-rf", "--one-file-system", folder])
    run(["rm", "-rf", "--one-file-system", SNAPSHOTS / name, secured.folder(name)])
    specs.forget(name)

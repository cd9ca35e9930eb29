"""The Compose files of a cluster, as people write them: comments, non-ASCII, and the image spelt in several ways."""

import os

from . import images, secured, settings
from .settings import SNAPSHOTS
from .shell import write_file
from .specs import Member, Spec

HEADER = """# {cluster} on {host}: one file per host, deployed by hand. (A comment that must survive an edit.)
# Läuft seit der Umstellung im Frühjahr ohne Störung – 検索クラスタ.
version: '3.7'
"""
SERVICE = """  {service}:
{image}    container_name: {cluster}-{node}
    restart: unless-stopped
    environment:
      - cluster.name={cluster}
      - node.name={node}
      - network.publish_host={address}
      - http.publish_port={http}
      - transport.publish_port={transport}
      - discovery.seed_hosts={seeds}
      - {bootstrap}={nodes}
      - path.repo=/snap
      - "OPENSEARCH_JAVA_OPTS=-Xms{heap} -Xmx{heap}"
{more}    volumes:
      - {volume}:/usr/share/opensearch/data   # the node's own data: never removed by an upgrade
      - {snapshots}:/snap
{mounts}    ports: ["{address}:{http}:9200", "{address}:{transport}:9300"]
"""
VARIABLE = "OPENSEARCH_VERSION"
NODE_USER = 1000


def write(spec: Spec) -> None:
    """Writes the project of every host of the cluster, and the folder all its nodes share for snapshots."""
    shared = SNAPSHOTS / spec.name
    shared.mkdir(parents=True, exist_ok=True)
    os.chown(shared, NODE_USER, NODE_USER)
    for host in spec.hosts:
        for name, text in files(spec, host).items():
            write_file(spec.folder(host) / name, text)


def files(spec: Spec, host: str) -> dict:
    """The files of one host's project, by name."""
    style, image = spec.style_on(host), images.reference(spec.version, spec.repository)
    members = spec.on(host)
    head = HEADER.format(cluster=spec.name, host=host)
    if style == "anchor":
        head += f"x-image: &opensearch-image {image}   # one place for all services\n"
    volumes = "volumes:\n" + "".join(f"  {_volume(m)}: {{}}\n" for m in members)
    services = "services:\n" + "".join(_service(spec, m, _image_line(style, image, spec.version)) for m in members)
    found = {"docker-compose.yml": head + services + volumes}
    if style == "env":
        found[".env"] = f"# the version that all services of this host run\n{VARIABLE}={spec.version}\n"
    if style == "override":
        found["docker-compose.override.yml"] = "version: '3.7'\nservices:\n" + "".join(
            f"  {m.service}:\n    image: {image}  # this host's own pin\n" for m in members)
    return found


def _image_line(style: str, image: str, version: str) -> str:
    repository = image.rsplit(":", 1)[0]
    return {
        "plain": f"    image: {image}   # pinned, see the runbook\n",
        "quoted": f'    image: "{image}"\n',
        "env": f"    image: {repository}:${{{VARIABLE}:-{version}}}\n",
        "anchor": "    image: *opensearch-image\n",
        "override": f"    image: {repository}:latest   # each host pins its own in the override file\n",
    }[style]


def _service(spec: Spec, member: Member, image: str) -> str:
    old = spec.version.startswith("1.")
    more = [f"node.roles={member.roles}"] if member.roles else []
    mounts = ""
    if spec.secured:
        more += secured.NODE_SETTINGS
        mounts = f"      - {secured.folder(spec.name)}:/usr/share/opensearch/config/certs:ro\n"
    return SERVICE.format(
        service=member.service, image=image, cluster=spec.name, node=member.name,
        address=settings.host_address(member.host), http=member.http_port, transport=member.transport_port,
        seeds=",".join(m.seed for m in spec.members), nodes=",".join(m.name for m in spec.members if m.eligible), heap=spec.heap,
        more="".join(f"      - {line}\n" for line in more), mounts=mounts,
        bootstrap="cluster.initial_master_nodes" if old else "cluster.initial_cluster_manager_nodes",
        volume=_volume(member), snapshots=SNAPSHOTS / spec.name)


def _volume(member: Member) -> str:
    return "data" if member.service == "opensearch" else member.service.replace("opensearch", "data")

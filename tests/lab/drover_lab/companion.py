"""Companions of a cluster: a stand-in for OpenSearch Dashboards with a health check, its image, its projects.

`up` writes a Compose project NAME-dashboards on each of the hosts and names it under `companions` in the cluster file.
"""

import hashlib
import json
import shutil
import tempfile
from pathlib import Path

from . import base_image, drover, evidence, hosts, images, registry, settings, specs
from .base_image import RECIPE
from .engine import DOCKER
from .settings import CLUSTERS, HOSTS
from .shell import LabError, retry, run, say, wait_until, write_file

REPOSITORY = "opensearch-dashboards"
SERVICE = "dashboards"
PROGRAM = RECIPE / "companion.pl"
PORT = 5601
HEALTH_PATIENCE = 60
# A check leaves three events, and an Engine remembers the last 256: an upgrade must fit in.
DOCKERFILE = """ARG BASE
FROM ${BASE}
ARG VERSION
COPY companion.pl /srv/companion.pl
USER 1000
ENV COMPANION_VERSION=${VERSION}
EXPOSE 5601
HEALTHCHECK --interval=5s --timeout=5s --retries=2 CMD ["/usr/bin/perl", "/srv/companion.pl", "check"]
ENTRYPOINT ["/usr/bin/perl", "/srv/companion.pl", "serve"]
"""
COMPOSE = """# What people look at cluster {cluster} with, on {host}.
version: '3.7'
services:
  {service}:
    image: {image}   # follows the cluster
    restart: unless-stopped
    environment:
      - OPENSEARCH_HOSTS={endpoints}
    ports: ["{address}:{port}:5601"]
"""
ACTIONS = ("die", "start", "health_status: healthy")


def add_commands(commands, group, add) -> None:
    """Adds `lab companion …`; group and add are the helpers of the cli module."""
    own = group(commands, "companion", "a stand-in for Dashboards beside a cluster: up, status, history, down")
    for name, action, text in (("up", _up, "start it on hosts, and name it in the cluster file"),
                               ("status", _status, "its containers, as JSON"),
                               ("history", _history, "their ends, starts and healthy moments since `lab evidence save`"),
                               ("down", _down, "remove it")):
        command = add(own, name, action, text)
        command.add_argument("name", metavar="NAME", help="the cluster")
        if name == "up":
            command.add_argument("--version", required=True)
            command.add_argument("--hosts", required=True, type=lambda names: names.split(","), metavar="h1,h2,…")


def ensure(versions) -> None:
    """Builds and pushes the stand-in's images that are not there yet."""
    missing = [v for v in dict.fromkeys(versions) if not is_made(v)]
    if not missing:
        return
    with images.builder() as environment:
        base = base_image.ensure(environment)
        for version in missing:
            _make(version, base, environment)


def is_made(version: str) -> bool:
    """Whether the registry's storage holds the image, made by the present recipe."""
    try:
        mark = json.loads(_mark(version).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return mark.get("recipe") == _recipe() and registry.has(REPOSITORY, version)


def project(name: str) -> str:
    """The Compose project of the cluster's companions."""
    return f"{name}-dashboards"


def compose_file(spec, host: str, version: str) -> str:
    """The project's file on one host."""
    return COMPOSE.format(cluster=spec.name, host=host, service=SERVICE, image=images.reference(version, REPOSITORY),
                          endpoints=",".join(spec.endpoints), address=settings.host_address(host), port=PORT + spec.port_offset)


def cluster_file_lines(name: str, host_list) -> str:
    """What stands of them in the cluster file."""
    image = f"{settings.REGISTRY}/{REPOSITORY}:{{version}}"
    return "companions:\n" + "".join(f'  - {{host: {h}, project: {project(name)}, service: {SERVICE}, image: "{image}"}}\n'
                                     for h in host_list)


def up(name: str, version: str, host_list) -> None:
    """Starts the companions on the hosts, in place of earlier ones, and returns when all of them are healthy."""
    spec = specs.load(name)
    for host in host_list:
        hosts.require(host)
    if not registry.has(REPOSITORY, version):
        raise LabError(f"the registry has no image {REPOSITORY}:{version}: run `lab images --companion {version}`")
    down(name)
    for host in host_list:
        if drover.policy_path(host).exists():  # an agent that was enrolled before the lab knew of companions
            drover.write_policy(host)
        write_file(_folder(host, name) / "docker-compose.yml", compose_file(spec, host, version))
        hosts.compose(host, project(name), "up", "-d")
    path = CLUSTERS / f"{name}.yaml"
    text = path.read_text(encoding="utf-8").split("companions:\n")[0]
    write_file(path, text + cluster_file_lines(name, host_list))
    wait_until(f"the companions of {name}", lambda: all(c["health"] == "healthy" for c in status(name)), HEALTH_PATIENCE,
               every=0.5, hint=f"look at `lab host exec {host_list[0]} -- docker ps -a`")
    say(f"companions of {name} are healthy on {', '.join(host_list)}")


def down(name: str) -> None:
    """Removes the companions; that there are none is no error."""
    for host in _hosts(name):
        if hosts.engine(host).answers():
            hosts.compose(host, project(name), "down", "--timeout", "0")
        shutil.rmtree(_folder(host, name))


def status(name: str) -> list:
    """One entry a host: image, state and health of the companion's container."""
    return [{"host": host} | _container(host, name) for host in _hosts(name)]


def history(name: str) -> list:
    """What the Engines say of the containers since `lab evidence save`, in the order of time."""
    try:
        since = json.loads((evidence.FOLDER / name / "before.json").read_text(encoding="utf-8"))["at"]
    except OSError as e:
        raise LabError(f"nothing was saved of cluster {name}: run `lab evidence save {name}` first") from e
    found = [{"host": host, **event} for host in _hosts(name) for event in evidence.engine_events(host, project(name), since)]
    return sorted(({"host": e["host"], "action": e["action"].removeprefix("health_status: "), "at": e["at"]}
                   for e in found if e["action"] in ACTIONS), key=lambda e: e["at"])


def _container(host: str, name: str) -> dict:
    environment = hosts.environment(host)
    own = run([DOCKER, "ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={project(name)}"],
              env=environment).stdout.split()
    if not own:
        return {"image": "", "state": "", "health": ""}
    detail = json.loads(run([DOCKER, "inspect", own[0]], env=environment).stdout)[0]
    return {"image": detail["Config"]["Image"], "state": detail["State"]["Status"],
            "health": detail["State"].get("Health", {}).get("Status", "")}


def _hosts(name: str) -> list:
    return [h for h in hosts.names() if _folder(h, name).is_dir()]


def _folder(host: str, name: str) -> Path:
    return HOSTS / host / "projects" / project(name)


def _mark(version: str) -> Path:
    return images.MARKS / f"{REPOSITORY}-{version}.json"


def _recipe() -> str:
    text = "\0".join([base_image.tag(), DOCKERFILE, PROGRAM.read_text(encoding="utf-8")])
    return hashlib.sha256(text.encode()).hexdigest()


def _make(version: str, base: str, environment: dict) -> None:
    reference = images.reference(version, REPOSITORY)
    with tempfile.TemporaryDirectory(dir=settings.CACHE, prefix="image-") as work:
        shutil.copy(PROGRAM, Path(work) / PROGRAM.name)
        write_file(Path(work) / "Dockerfile", DOCKERFILE)
        say(f"building {reference}")
        run([DOCKER, "build", "--network", "none", "--build-arg", f"BASE={base}", "--build-arg", f"VERSION={version}",
             "-t", reference, work], env=environment)
    retry(f"pushing {reference}", lambda: run([DOCKER, "push", "-q", reference], env=environment))
    write_file(_mark(version), json.dumps({"recipe": _recipe()}) + "\n")


def _print(data) -> None:
    print(json.dumps(data, indent=1, ensure_ascii=False))


def _up(arguments) -> None:
    up(arguments.name, arguments.version, arguments.hosts)


def _status(arguments) -> None:
    _print(status(arguments.name))


def _history(arguments) -> None:
    _print(history(arguments.name))


def _down(arguments) -> None:
    down(arguments.name)

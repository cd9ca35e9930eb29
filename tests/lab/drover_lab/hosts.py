"""Docker hosts: one dockerd per network namespace, each with a folder of its own at $LAB/hosts/hI.

A host's folder holds data/ (images, volumes), run/ (socket, pid), bin/ and docker-config/ (what an agent on that host
finds), env (the environment of such an agent, KEY=VALUE lines) and projects/ (its Compose projects).
"""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import compose_plugin, network, processes, registry, settings
from .engine import DOCKER, Engine, entered, is_part, remove_cgroups, unmount_below
from .settings import BUILDER, HOSTS, LAB
from .shell import LabError, run, say, write_file

COMPOSE_V1 = "/usr/bin/docker-compose"


def folder(host: str) -> Path:
    """The host's folder."""
    return HOSTS / host


def engine(host: str) -> Engine:
    """The host's Engine, running or not."""
    return Engine(host, folder(host))


def names() -> list:
    """The cluster hosts this lab has, in order; the builder is not one of them."""
    present = [p.name for p in HOSTS.glob("h*") if settings.host_number(p.name)] if HOSTS.is_dir() else []
    return sorted(present, key=settings.host_number)


def require(host: str) -> None:
    """A LabError unless the lab has this host."""
    if host not in names():
        raise LabError(f"the lab has no host {host!r}; it has {', '.join(names()) or 'none'}: run `lab up --hosts N`")


def bring_up(count: int, compose_v1: str) -> None:
    """Makes hosts h1..h<count> run; what runs already stays."""
    if not 1 <= count <= settings.MAX_HOSTS:
        raise LabError(f"--hosts {count}: expected 1 to {settings.MAX_HOSTS}")
    LAB.mkdir(parents=True, exist_ok=True)
    network.set_up()
    registry.start()
    plugin = compose_plugin.path()
    wanted = [f"h{i}" for i in range(1, count + 1)]
    for host in wanted:
        _write_environment(host, None if host == compose_v1 else plugin)
    start(wanted)


def bring_up_builder() -> None:
    """Makes the image builder's Engine run, with the bridge and the registry that it needs."""
    LAB.mkdir(parents=True, exist_ok=True)
    network.set_up()
    registry.start()
    _write_environment(BUILDER, None)
    start([BUILDER])


def start(wanted) -> None:
    """Starts the Engines of the given hosts side by side and returns when all of them answer."""
    stopped = [host for host in wanted if not engine(host).answers()]
    for host in stopped:
        engine(host).clear_remains()
        network.add_host(host)
        engine(host).spawn(network.namespace_path(host))
    for host in stopped:
        engine(host).await_answer()
        say(f"{host} is up at {settings.host_address(host)}")


def stop(host: str) -> None:
    """Shuts the host down in order: its other processes, its containers, its Engine, its network."""
    processes.end(_other_processes(host), patience=10)
    engine(host).end(patience=30)
    network.remove_host(host)


def kill(host: str) -> None:
    """Takes the host away as a power cut does: nothing on it gets to say anything."""
    network.unplug(host)
    inside = processes.in_namespace(network.namespace_path(host))
    processes.end([*engine(host).pids(), *inside], patience=0)
    engine(host).clear_remains()
    network.remove_host(host)


def reboot(host: str) -> None:
    """A power cut, and the host up again with its Engine; what else ran there is for others to start."""
    kill(host)
    start([host])


def set_disk(host: str, state: str) -> None:
    """Makes the place where the Engine keeps what it downloads a file system without room ("full"), or takes it away."""
    place = engine(host).base / "data/tmp"
    unmount_below(place)
    if state == "full":
        run(["mount", "-t", "tmpfs", "-o", "size=64k", "drover-lab-full", place])


def remove(host: str) -> None:
    """Removes the host with everything in it, quickly: containers are killed, not stopped."""
    processes.end(_other_processes(host), patience=5)
    engine(host).kill_containers()
    engine(host).end(patience=20)
    network.remove_host(host)
    run(["rm", "-rf", "--one-file-system", folder(host)])


def remove_all() -> None:
    """Removes every host that can be found: in the lab's folder, as a namespace, or as an interface."""
    found = {p.name for p in HOSTS.iterdir()} if HOSTS.is_dir() else set()
    found |= network.known_hosts()
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(remove, sorted(found)))
    remove_cgroups()


def environment(host: str) -> dict:
    """This process's environment with the host's Docker settings in place of its own."""
    own = {k: v for k, v in os.environ.items() if not k.startswith(("DOCKER_", "COMPOSE_"))}
    return own | host_variables(host)


def host_variables(host: str) -> dict:
    """What the host's env file says."""
    lines = (folder(host) / "env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line)


def compose(host: str, project: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
    """Runs the host's own Compose, whichever spelling it has, in one of its projects."""
    has_v1 = (folder(host) / "bin/docker-compose").exists()
    program = [COMPOSE_V1] if has_v1 else [DOCKER, "compose"]
    return run([*program, *arguments], env=environment(host), cwd=folder(host) / "projects" / project, check=check)


def execute(host: str, argv) -> None:
    """Replaces this process by argv, run in the host's namespace with the host's environment."""
    require(host)
    variables = host_variables(host)
    program = shutil.which(argv[0], path=variables["PATH"]) or shutil.which(argv[0])
    if not program:
        raise LabError(f"{argv[0]!r} is neither on {host}'s PATH ({variables['PATH']}) nor on this machine's")
    command = entered(network.namespace_path(host), [program, *argv[1:]])
    os.execve(command[0], command, environment(host))


def _write_environment(host: str, plugin) -> None:
    """Lays out bin/ and docker-config/ so that exactly one spelling of Compose is found: the plugin, or else v1."""
    base = folder(host)
    plugins = base / "docker-config/cli-plugins"
    for path in (base / "bin", plugins, base / "projects"):
        path.mkdir(parents=True, exist_ok=True)
    _link(base / "bin/docker", DOCKER)
    _link(plugins / "docker-compose", plugin)
    _link(base / "bin/docker-compose", None if plugin else COMPOSE_V1)
    write_file(base / "env", f"DOCKER_HOST=unix://{engine(host).socket}\nDOCKER_CONFIG={base}/docker-config\n"
                             f"PATH={base}/bin\n")


def _other_processes(host: str) -> list:
    """What runs in the host's namespace beside its Engine, an agent for example."""
    return [p for p in processes.in_namespace(network.namespace_path(host)) if not is_part(p)]


def _link(path: Path, target) -> None:
    path.unlink(missing_ok=True)
    if target:
        path.symlink_to(target)

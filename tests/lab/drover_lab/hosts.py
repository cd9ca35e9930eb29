"""Docker hosts: one dockerd per network namespace, each with a folder of its own at $LAB/hosts/hI.

A host's folder holds data/ (images, volumes), run/ (socket, pid), bin/ and docker-config/ (what an agent on that host
finds), env (the environment of such an agent, KEY=VALUE lines) and projects/ (its Compose projects).
"""

import os
import shutil
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import compose_plugin, network, processes, registry, settings
from .settings import BUILDER, HOSTS, LAB
from .shell import LabError, run, say, wait_until, write_file

DOCKER = "/usr/bin/docker"
DOCKERD = "/usr/sbin/dockerd"
COMPOSE_V1 = "/usr/bin/docker-compose"
CGROUP_PARENT = "/drover-lab"


def folder(host: str) -> Path:
    """The host's folder."""
    return HOSTS / host


def socket(host: str) -> Path:
    """The Engine's socket."""
    return folder(host) / "run/docker.sock"


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
    stopped = [host for host in wanted if not is_running(host)]
    for host in stopped:
        _clear_remains(host)
        network.add_host(host)
        _spawn_engine(host)
    for host in stopped:
        wait_until(f"the Docker Engine of {host}", lambda h=host: is_running(h), 60,
                   hint=f"see {folder(host)}/dockerd.log")
        say(f"{host} is up at {settings.host_address(host)}")


def is_running(host: str) -> bool:
    """Whether the host's Engine answers."""
    return bool(engine_pids(host)) and socket(host).exists() and run(
        [DOCKER, "version"], env=environment(host), check=False, timeout=30).returncode == 0


def engine_pids(host: str) -> list:
    """The pids of the host's dockerd: one, or none."""
    data = str(folder(host) / "data")
    return processes.find(lambda argv: os.path.basename(argv[0]) == "dockerd" and data in argv)


def stop(host: str) -> None:
    """Shuts the host down in order: its other processes, its containers, its Engine, its network."""
    engines = engine_pids(host)
    others = [p for p in processes.in_namespace(network.namespace_path(host)) if not _is_engine_part(p)]
    processes.end(others, patience=10)
    processes.end(engines, patience=30)
    _clear_remains(host)
    network.remove_host(host)


def kill(host: str) -> None:
    """Takes the host away as a power cut does: nothing in it gets to say anything."""
    network.unplug(host)
    processes.end([*engine_pids(host), *processes.in_namespace(network.namespace_path(host))], patience=0)
    _clear_remains(host)
    network.remove_host(host)


def stop_engine(host: str) -> None:
    """Ends dockerd, and with it the containers; the host and its other processes stay."""
    processes.end(engine_pids(host), patience=30)
    _clear_remains(host)


def remove(host: str) -> None:
    """Removes the host with everything in it, quickly: containers are killed, not stopped."""
    others = [p for p in processes.in_namespace(network.namespace_path(host)) if not _is_engine_part(p)]
    processes.end(others, patience=5)
    processes.signal_all(_container_pids(host), signal.SIGKILL)
    processes.end(engine_pids(host), patience=20)
    _clear_remains(host)
    network.remove_host(host)
    run(["rm", "-rf", "--one-file-system", folder(host)])


def remove_all() -> None:
    """Removes every host that can be found: in the lab's folder, as a namespace, or as an interface."""
    found = {p.name for p in HOSTS.iterdir()} if HOSTS.is_dir() else set()
    found |= network.known_hosts()
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(remove, sorted(found)))
    _remove_cgroups("")


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
    command = network.inside(host, [program, *argv[1:]])
    entered = shutil.which(command[0]) or command[0]
    os.execve(entered, command, environment(host))


def _write_environment(host: str, plugin) -> None:
    """Lays out bin/ and docker-config/ so that exactly one spelling of Compose is found: the plugin, or else v1."""
    base = folder(host)
    plugins = base / "docker-config/cli-plugins"
    for path in (base / "bin", plugins, base / "run", base / "data", base / "projects"):
        path.mkdir(parents=True, exist_ok=True)
    _link(base / "bin/docker", DOCKER)
    _link(plugins / "docker-compose", plugin)
    _link(base / "bin/docker-compose", None if plugin else COMPOSE_V1)
    write_file(base / "env", f"DOCKER_HOST=unix://{socket(host)}\nDOCKER_CONFIG={base}/docker-config\n"
                             f"PATH={base}/bin\n")
    write_file(base / "daemon.json", "{}\n")


def _link(path: Path, target) -> None:
    path.unlink(missing_ok=True)
    if target:
        path.symlink_to(target)


def _spawn_engine(host: str) -> None:
    base = folder(host)
    argv = network.inside(host, [
        DOCKERD, "--config-file", base / "daemon.json", "--data-root", base / "data", "--exec-root", base / "run/exec",
        "--pidfile", base / "run/docker.pid", "-H", f"unix://{socket(host)}", "--insecure-registry", settings.REGISTRY,
        "--storage-driver", "overlay2", "--exec-opt", "native.cgroupdriver=cgroupfs",
        "--cgroup-parent", f"{CGROUP_PARENT}/{host}", "--containerd-namespace", f"drover-{host}",
        "--containerd-plugins-namespace", f"drover-{host}-plugins"])
    with open(base / "dockerd.log", "ab") as log:
        subprocess.Popen([str(a) for a in argv], stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/",
                         start_new_session=True)


def _is_engine_part(pid: int) -> bool:
    return _is_part(processes.argv_of(pid))


def _is_part(argv) -> bool:
    return bool(argv) and os.path.basename(argv[0]) in {
        "dockerd", "containerd", "docker-proxy", "containerd-shim-runc-v2", "runc", "docker-init"}


def _container_pids(host: str) -> list:
    """The processes in the cgroups of the host's containers, in every hierarchy the machine has."""
    found = set()
    for root in _cgroup_roots(host):
        for procs in root.rglob("cgroup.procs"):
            try:
                found.update(int(line) for line in procs.read_text(encoding="ascii").split())
            except OSError:
                continue
    return sorted(found - {0})


def _cgroup_roots(host: str) -> list:
    top = Path("/sys/fs/cgroup")
    below = f"{CGROUP_PARENT.lstrip('/')}/{host}".rstrip("/")
    return [p for p in (top / below, *(d / below for d in top.iterdir() if d.is_dir())) if p.is_dir()]


def _clear_remains(host: str) -> None:
    """Takes away what an Engine leaves when it did not end by itself: shims, containers, mounts, sockets, cgroups."""
    mark = str(folder(host) / "run/exec")
    processes.end(processes.find(lambda argv: _is_part(argv) and any(mark in a for a in argv)), patience=0)
    processes.end(_container_pids(host), patience=0)
    unmount_below(folder(host))
    for name in ("docker.pid", "docker.sock"):
        (folder(host) / "run" / name).unlink(missing_ok=True)
    if (folder(host) / "run/exec").exists():
        run(["rm", "-rf", "--one-file-system", folder(host) / "run/exec"])
    _remove_cgroups(host)


def _remove_cgroups(host: str) -> None:
    for root in _cgroup_roots(host):
        for path, _, _ in os.walk(root, topdown=False):
            try:
                os.rmdir(path)
            except OSError:
                continue


def unmount_below(path: Path) -> None:
    """Unmounts everything at or below path, the deepest first."""
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        points = [line.split()[4].replace("\\040", " ") for line in mounts]
    for point in sorted((p for p in points if p == str(path) or p.startswith(f"{path}/")), key=len, reverse=True):
        run(["umount", "--lazy", point], check=False)

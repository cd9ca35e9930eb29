"""Whether Docker Engines can run on this machine: found out by running one, with one container, for a moment."""

import os
import shutil

from . import hosts, network, processes, settings
from .engine import DOCKER, DOCKERD, Engine, remove_cgroups
from .shell import LabError, run

PROGRAMS = ("ip", "iptables", "nsenter", "umount", DOCKER, DOCKERD)
FOLDER = "drover-lab-check-"
PROBE = "lab-probe"
PROBE_STATUS = 7
PROBE_SOURCE = f"int main(void) {{ return {PROBE_STATUS}; }}\n"


def why_not() -> str:
    """Empty if Docker Engines can run here, else one sentence that says why they cannot."""
    if os.geteuid() != 0:
        return "the lab needs root: it makes network namespaces and runs Docker Engines"
    missing = [p for p in PROGRAMS if not shutil.which(p)]
    if missing:
        return f"not on this machine: {', '.join(missing)}; scripts/setup lab installs them"
    if any(hosts.engine(host).answers() for host in hosts.names()):
        return ""
    try:
        _try_one()
    except (LabError, OSError) as e:
        return " ".join(str(e).split())
    return ""


def remove_stale() -> None:
    """Removes what a check left behind that was killed."""
    for folder in settings.LAB.parent.glob(f"{FOLDER}*"):
        pid = folder.name.removeprefix(FOLDER)
        if not (pid.isdigit() and processes.is_alive(int(pid))):
            _remove(Engine(f"check-{pid}", folder))


def _try_one() -> None:
    """Runs dockerd in a namespace of its own and in it a container, which also tries cgroups, overlayfs and iptables."""
    engine = Engine(f"check-{os.getpid()}", settings.LAB.parent / f"{FOLDER}{os.getpid()}")
    engine.base.mkdir(parents=True)
    try:
        run(["ip", "netns", "add", f"drover-{engine.name}"])
        engine.spawn(network.namespace_path(engine.name))
        engine.await_answer()
        _run_container(engine)
    except LabError as e:
        raise LabError(f"{e} {_last_error(engine)}") from e
    finally:
        _remove(engine)


def _remove(engine: Engine) -> None:
    engine.end(patience=10)
    run(["ip", "netns", "del", f"drover-{engine.name}"], check=False)
    run(["rm", "-rf", "--one-file-system", engine.base])
    remove_cgroups()


def _run_container(engine: Engine) -> None:
    """Runs a program that only exits with a status of its own, in an image that holds nothing else."""
    docker = [DOCKER, "-H", f"unix://{engine.socket}"]
    (engine.base / "probe.c").write_text(PROBE_SOURCE, encoding="ascii")
    run(["gcc", "-static", "-o", engine.base / "probe", engine.base / "probe.c"])
    run(["tar", "-C", engine.base, "-cf", engine.base / "image.tar", "probe"])
    run([*docker, "import", engine.base / "image.tar", PROBE])
    done = run([*docker, "run", "--rm", PROBE, "/probe"], check=False, timeout=60)
    if done.returncode != PROBE_STATUS:
        raise LabError(f"a container does not run here: {done.stderr.strip() or f'exit status {done.returncode}'}")


def _last_error(engine: Engine) -> str:
    """The last thing dockerd complained of, since its folder is gone when the sentence is read."""
    if not engine.log.exists():
        return ""
    bad = [line for line in engine.log.read_text(encoding="utf-8", errors="replace").splitlines()
           if "level=error" in line or "level=fatal" in line or line.startswith("failed")]
    return f"(dockerd: {bad[-1]})" if bad else ""

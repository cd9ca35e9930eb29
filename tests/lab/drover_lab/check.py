"""Whether Docker Engines can run on this machine: found out by running one, with one container, for a moment."""

import os
import shutil
import tempfile
from pathlib import Path

from . import hosts, settings
from .hosts import DOCKER, DOCKERD
from .shell import LabError, run

PROGRAMS = ("ip", "iptables", "nsenter", "umount", DOCKER, DOCKERD)
PROBE = "lab-probe"
PROBE_SOURCE = "int main(void) { return 7; }\n"


def why_not() -> str:
    """Empty if Docker Engines can run here, else one sentence that says why they cannot."""
    if os.geteuid() != 0:
        return "the lab needs root: it makes network namespaces and runs Docker Engines"
    missing = [p for p in PROGRAMS if not shutil.which(p)]
    if missing:
        return f"not on this machine: {', '.join(missing)}; scripts/setup lab installs them"
    if any(hosts.is_running(host) for host in hosts.names()):
        return ""
    try:
        _try_one()
    except (LabError, OSError) as e:
        return " ".join(str(e).split())
    return ""


def _try_one() -> None:
    """Runs dockerd in a namespace of its own and in it a container, which also tries cgroups, overlayfs and iptables."""
    settings.LAB.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.LAB.parent, prefix="drover-lab-check-") as work:
        name, base = f"drover-check-{os.getpid()}", Path(work)
        run(["ip", "netns", "add", name])
        try:
            _run_container(base, name)
        finally:
            hosts.end_engine_at(base)
            run(["ip", "netns", "del", name], check=False)


def _run_container(base: Path, namespace: str) -> None:
    run(["ip", "-n", namespace, "link", "set", "lo", "up"])
    socket = hosts.spawn_engine_at(base, Path("/run/netns") / namespace, "check")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DOCKER_")} | {
        "DOCKER_HOST": f"unix://{socket}", "DOCKER_CONFIG": str(base)}
    hosts.wait_for_engine(base, environment, 30)
    (base / "probe.c").write_text(PROBE_SOURCE, encoding="ascii")
    (base / "root").mkdir()
    run(["gcc", "-static", "-o", base / "root/probe", base / "probe.c"])
    run(["tar", "-C", base / "root", "-cf", base / "root.tar", "probe"])
    run([DOCKER, "import", base / "root.tar", PROBE], env=environment)
    done = run([DOCKER, "run", "--rm", PROBE, "/probe"], env=environment, check=False, timeout=60)
    if done.returncode != 7:
        raise LabError(f"a container does not run here: {done.stderr.strip() or f'exit status {done.returncode}'}")

"""One Docker Engine: a dockerd that has a folder and a cgroup of its own and runs in a given network namespace."""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import processes, settings
from .shell import run, wait_until, write_file

DOCKER = "/usr/bin/docker"
DOCKERD = "/usr/sbin/dockerd"
NSENTER = "/usr/bin/nsenter"  # in full: a host's PATH holds only its Docker
CGROUP = "drover-lab"
PARTS = {"dockerd", "containerd", "docker-proxy", "containerd-shim-runc-v2", "runc", "docker-init"}


def is_part(pid: int) -> bool:
    """Whether the process is an Engine's own: not a container's, not something else that runs on the host."""
    return _is_part(processes.argv_of(pid))


def entered(namespace: Path, argv) -> list:
    """argv, run in a network namespace and otherwise in the machine's own surroundings (not `ip netns exec`, which
    hides the cgroup mounts that an Engine needs)."""
    return [NSENTER, f"--net={namespace}", "--", *(str(a) for a in argv)]


@dataclass(frozen=True)
class Engine:
    """The Engine called `name` whose files are below `base`."""

    name: str
    base: Path

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.base / "run/docker.sock"

    @property
    def log(self) -> Path:
        """What it says."""
        return self.base / "dockerd.log"

    def spawn(self, namespace: Path) -> None:
        """Starts dockerd; await_answer tells when it is usable."""
        for folder in ("run", "data"):
            (self.base / folder).mkdir(parents=True, exist_ok=True)
        write_file(self.base / "daemon.json", "{}\n")
        argv = entered(namespace, [
            DOCKERD, "--config-file", self.base / "daemon.json", "--data-root", self.base / "data",
            "--exec-root", self.base / "run/exec", "--pidfile", self.base / "run/docker.pid",
            "-H", f"unix://{self.socket}", "--insecure-registry", settings.REGISTRY, "--storage-driver", "overlay2",
            "--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", f"/{CGROUP}/{self.name}",
            "--containerd-namespace", f"drover-{self.name}",
            "--containerd-plugins-namespace", f"drover-{self.name}-plugins"])
        with open(self.log, "ab") as log:
            subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/", start_new_session=True)

    def answers(self) -> bool:
        """Whether it runs and answers."""
        if not self.socket.exists() or not self.pids():
            return False
        return run([DOCKER, "-H", f"unix://{self.socket}", "version"], check=False, timeout=30).returncode == 0

    def await_answer(self) -> None:
        """Returns once it answers."""
        wait_until(f"the Docker Engine of {self.name}", self.answers, 60, hint=f"see {self.log}")

    def pids(self) -> list:
        """The pids of its dockerd: one, or none."""
        data = str(self.base / "data")
        return processes.find(lambda argv: os.path.basename(argv[0]) == "dockerd" and data in argv)

    def end(self, patience: float) -> None:
        """Ends dockerd, its containers stopping in order if they do so in time, and takes away what it left."""
        processes.end(self.pids(), patience)
        self.clear_remains()

    def kill_containers(self) -> None:
        """Kills every process of every container."""
        processes.signal_all(self.container_pids(), signal.SIGKILL)

    def container_pids(self) -> list:
        """The processes in the containers' cgroups, in every hierarchy that the machine has."""
        found = set()
        for root in _cgroup_roots(self.name):
            for procs in root.rglob("cgroup.procs"):
                try:
                    found.update(int(line) for line in procs.read_text(encoding="ascii").split())
                except OSError:
                    continue
        return sorted(found - {0})

    def clear_remains(self) -> None:
        """Takes away what a dockerd leaves that did not end by itself: shims, containers, mounts, sockets, cgroups."""
        mark = str(self.base / "run/exec")
        processes.end(processes.find(lambda argv: _is_part(argv) and any(mark in a for a in argv)), patience=0)
        processes.end(self.container_pids(), patience=0)
        unmount_below(self.base)
        for name in ("docker.pid", "docker.sock"):
            (self.base / "run" / name).unlink(missing_ok=True)
        if (self.base / "run/exec").exists():
            run(["rm", "-rf", "--one-file-system", self.base / "run/exec"])
        remove_cgroups(self.name)


def unmount_below(path: Path) -> None:
    """Unmounts everything at or below path, the deepest first."""
    with open("/proc/self/mountinfo", encoding="utf-8") as mounts:
        points = [line.split()[4].replace("\\040", " ") for line in mounts]
    for point in sorted((p for p in points if p == str(path) or p.startswith(f"{path}/")), key=len, reverse=True):
        run(["umount", "--lazy", point], check=False)


def remove_cgroups(name: str = "") -> None:
    """Removes an Engine's empty cgroups, or without a name those of the whole lab."""
    for root in _cgroup_roots(name):
        for path, _, _ in os.walk(root, topdown=False):
            try:
                os.rmdir(path)
            except OSError:
                continue


def _is_part(argv) -> bool:
    return bool(argv) and os.path.basename(argv[0]) in PARTS


def _cgroup_roots(name: str) -> list:
    top = Path("/sys/fs/cgroup")
    candidates = [top, *(d for d in top.iterdir() if d.is_dir())]
    return [d / CGROUP / name for d in candidates if (d / CGROUP / name).is_dir()]

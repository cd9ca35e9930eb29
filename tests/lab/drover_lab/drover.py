"""Drover's own programs on the lab: a controller on the bridge, an agent on each host that joined with a token.

$LAB/drover holds the controller's data folder, its socket, the logs, and `bin`, which names the folder the programs come
from; an agent's state is in $LAB/hosts/hI/agent, its policy in $LAB/hosts/hI/agent.yaml.
"""

import json
import os
import subprocess
from pathlib import Path

from . import base_image, hosts, network, processes, settings
from .engine import entered
from .settings import BRIDGE_ADDRESS, HOSTS, LAB, REGISTRY
from .shell import LabError, run, say, wait_until, write_file

HOME = LAB / "drover"
SOCKET = HOME / "control.sock"
DATA = HOME / "controller"
BIN_NOTE = HOME / "bin"
ADDRESS = f"{BRIDGE_ADDRESS}:{settings.CONTROLLER_PORT}"
TARGET = f"unix://{SOCKET}"
PROGRAMS = ("drover-controller", "drover-agent", "drover")
DEFAULT_BIN = settings.SOURCE.parent.parent / "build/release/bin"
STOP_PATIENCE = 20
CONNECT_PATIENCE = 60

POLICY = """# What Drover may do on {host}: written by `lab drover up`, root's own.
project_roots: [{projects}]
images: [{registry}/opensearch, {registry}/opensearch-dashboards, {registry}/opensearch-old, {registry}/opensearch-security]
verbs: all
max_stop_time: 5m
"""


def up(folder, names) -> None:
    """Starts the controller and an agent on each of the hosts, enrolled with tokens; what runs already stays."""
    names = names or hosts.names()
    if not names:
        raise LabError("the lab has no hosts: run `lab up --hosts N` first")
    for host in names:
        hosts.require(host)
    choose_programs(folder)
    start_controller()
    for host in names:
        if not _is_enrolled(host):
            join(host)
        start_agent(host)
    await_connected(names)
    say(f"controller at {ADDRESS}, agents connected: {', '.join(names)}; DROVER_ADDRESS={TARGET}")


def down() -> None:
    """Ends agents and controller and removes what they kept; that there are none is no error."""
    processes.end([*_pids_of_agents(), *_controller_pids()], patience=5)
    run(["rm", "-rf", "--one-file-system", HOME])
    for host in HOSTS.glob("h*") if HOSTS.is_dir() else []:
        run(["rm", "-rf", "--one-file-system", host / "agent", host / "agent.yaml"])


def choose_programs(folder) -> None:
    """Notes the folder the programs are taken from: the given one, the one noted before, or the release build's."""
    chosen = Path(folder or os.environ.get("DROVER_BIN") or _noted() or DEFAULT_BIN).absolute()
    missing = [p for p in PROGRAMS if not os.access(chosen / p, os.X_OK)]
    if missing:
        raise LabError(f"{chosen} lacks {', '.join(missing)}: run scripts/build, or name another folder with --bin")
    write_file(BIN_NOTE, f"{chosen}\n")


def program(name: str) -> Path:
    """The path of one of the programs."""
    if not _noted():
        choose_programs(None)
    return Path(_noted()) / name


def cli(*arguments: str, check: bool = True) -> subprocess.CompletedProcess:
    """Runs `drover` with the lab's controller."""
    return run([program("drover"), "--address", TARGET, *arguments], check=check, timeout=60)


def start_controller(clock_shift: int = 0) -> None:
    """Starts the controller unless it runs, its clock that many seconds off, and returns when it answers."""
    if _controller_pids():
        return
    SOCKET.unlink(missing_ok=True)
    DATA.mkdir(parents=True, exist_ok=True, mode=0o700)
    argv = [program("drover-controller"), "--data-folder", DATA, "--listen", ADDRESS, "--socket", SOCKET,
            "--advertise", ADDRESS]
    log = HOME / "controller.log"
    child = _spawn(argv, log, _shifted(clock_shift) if clock_shift else None)
    wait_until("the controller", lambda: child.poll() is not None or _answers(), 30, hint=f"see {log}")
    if child.poll() is not None:
        raise LabError(f"the controller ended at once with {child.returncode}: {_tail(log)}")


def _shifted(seconds: int) -> dict:
    """The environment of a program whose wall clock is that many seconds off."""
    library = HOME / "clock-shift.so"
    run(["gcc", "-shared", "-fPIC", "-O2", "-o", library, base_image.RECIPE / "clock-shift.c", "-ldl"])
    return os.environ | {"LD_PRELOAD": str(library), "DROVER_CLOCK_SHIFT": str(seconds)}


def end_controller(patience: float) -> None:
    """Ends the controller: in order within `patience` seconds, or with 0 at once."""
    processes.end(_controller_pids(), patience)


def start_agent(host: str) -> None:
    """Starts the host's agent unless it runs; await_connected tells when the controller has it."""
    _require_enrolled(host)
    if _agent_pids(host):
        return
    argv = [program("drover-agent"), "--state-dir", state_folder(host), "--policy", policy_path(host), "run"]
    _spawn(entered(network.namespace_path(host), argv), agent_log(host), hosts.environment(host))


def end_agent(host: str, patience: float) -> None:
    """Ends the host's agent: in order within `patience` seconds, or with 0 at once."""
    hosts.require(host)
    processes.end(_agent_pids(host), patience)


def join(host: str) -> None:
    """Writes the host's policy and enrols the host with a fresh token, in place of an earlier enrolment."""
    end_agent(host, STOP_PATIENCE)
    write_policy(host)
    if host in _known():  # a host that lost its state: its name is free again once the old enrolment is revoked
        cli("host", "revoke", host, "--yes")
    token = json.loads(cli("token", "create", "--ttl", "10m", "-o", "json").stdout)["token"]
    argv = [program("drover-agent"), "--state-dir", state_folder(host), "join", "--name", host, "--force", ADDRESS]
    environment = hosts.environment(host) | {"DROVER_JOIN_TOKEN": token}
    run(entered(network.namespace_path(host), argv), env=environment, timeout=60)


def write_policy(host: str) -> None:
    """The host's policy file: its projects, the lab's images, every verb."""
    text = POLICY.format(host=host, projects=hosts.folder(host) / "projects", registry=REGISTRY)
    write_file(policy_path(host), text, mode=0o600)


def state_folder(host: str) -> Path:
    """Where the host's agent keeps identity and journal."""
    return hosts.folder(host) / "agent"


def policy_path(host: str) -> Path:
    """The policy file of the host's agent."""
    return hosts.folder(host) / "agent.yaml"


def agent_log(host: str) -> Path:
    """What the host's agent said."""
    return HOME / f"agent-{host}.log"


def await_connected(names) -> None:
    """Returns once the controller has all of these hosts connected."""
    def missing() -> list:
        return [n for n in names if n not in connected()]

    try:
        wait_until("agents connecting", lambda: not missing(), CONNECT_PATIENCE)
    except LabError as e:
        late = missing()
        raise LabError(f"{e}: {', '.join(late)} not connected; {_tail(agent_log(late[0])) if late else ''}") from e


def connected() -> set:
    """The names of the hosts that are connected now."""
    listing = json.loads(cli("host", "ls", "-o", "json").stdout)
    return {h["name"] for h in listing.get("hosts", []) if h.get("connected")}


def agent_pid(host: str) -> int:
    """The pid of the host's running agent."""
    pids = _agent_pids(host)
    if not pids:
        raise LabError(f"no agent runs on {host}: `lab drover agent start {host}`")
    return pids[0]


def _is_enrolled(host: str) -> bool:
    """Whether both sides know of the enrolment: the controller's data may have been removed since."""
    if not (state_folder(host) / "identity.json").exists() or not policy_path(host).exists():
        return False
    return host in _known()


def _known() -> set:
    """The hosts that are enrolled with the controller."""
    listing = json.loads(cli("host", "ls", "-o", "json").stdout)
    return {h["name"] for h in listing.get("hosts", []) if not h.get("revoked")}


def _require_enrolled(host: str) -> None:
    hosts.require(host)
    if not (state_folder(host) / "identity.json").exists():
        raise LabError(f"{host} is not enrolled: `lab drover join {host}`")


def _spawn(argv, log: Path, environment) -> subprocess.Popen:
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as out:
        return subprocess.Popen([str(a) for a in argv], stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd="/",
                                env=environment, start_new_session=True)


def _answers() -> bool:
    return SOCKET.exists() and cli("host", "ls", "-o", "json", check=False).returncode == 0


def _noted() -> str:
    return BIN_NOTE.read_text(encoding="utf-8").strip() if BIN_NOTE.exists() else ""


def _tail(log: Path, lines: int = 4) -> str:
    if not log.exists():
        return f"{log} is not there"
    text = log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:]
    return " | ".join(text) or f"{log} is empty"


def _controller_pids() -> list:
    return _find("drover-controller", str(DATA))


def _agent_pids(host: str) -> list:
    return _find("drover-agent", str(state_folder(host)))


def _pids_of_agents() -> list:
    names = [p.name for p in HOSTS.iterdir()] if HOSTS.is_dir() else []
    return [pid for name in names for pid in _find("drover-agent", str(HOSTS / name / "agent"))]


def _find(name: str, mark: str) -> list:
    return processes.find(lambda argv: os.path.basename(argv[0]) == name and mark in argv)

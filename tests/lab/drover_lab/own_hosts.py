"""Does what the README's "on your own hosts" section says, line by line, on the lab.

A block is a fence behind `<!-- own-hosts: controller -->` or `<!-- own-hosts: host -->`. A host block runs on each host, after
the controller block before it has run once for that host (a join token is good for one). The lab stands in for what is
outside of the commands: packages and systemd (programs are on the PATH, a controller runs), the policy file, and the
editor with which an operator names the snapshot repository.
"""

import os
import pty
import re
import shlex
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from . import drover, hosts, network, processes, specs
from .engine import entered
from .shell import LabError, say

BLOCK = re.compile(r"<!-- own-hosts: (controller|host) -->\n```[a-z]*\n(.*?)```", re.DOTALL)
TOKEN = re.compile(r"DROVER-1-[0-9a-zA-Z_-]+")
PLACEHOLDERS = (("controller.example:7441", drover.ADDRESS), ("controller:7441", drover.ADDRESS))
PATIENCE = 600
QUESTION_END = b"[y/N]"


@dataclass(frozen=True)
class Block:
    """One marked fence."""

    place: str
    lines: list


def blocks(text: str) -> list:
    """The marked blocks of a README, in order."""
    return [Block(place, [line.strip() for line in body.splitlines() if line.strip() and not line.startswith("#")])
            for place, body in BLOCK.findall(text)]


def follow(readme: Path, name: str) -> None:
    """Runs the README's blocks for the lab's cluster of that name; a LabError for the first line that fails."""
    found = blocks(readme.read_text(encoding="utf-8"))
    if not found or {b.place for b in found} != {"controller", "host"}:
        raise LabError(f"{readme} has no blocks marked <!-- own-hosts: controller --> and <!-- own-hosts: host -->")
    spec = specs.load(name)
    drover.down()
    drover.choose_programs(None)
    drover.start_controller()
    agents = []
    try:
        for number, block in enumerate(found):
            _run_block(found, number, block, spec, agents)
    finally:
        processes.end([a.pid for a in agents], patience=5)


def _run_block(found: list, number: int, block: Block, spec, agents: list) -> None:
    makes_token = number + 1 < len(found) and found[number + 1].place == "host"
    if block.place == "controller" and not makes_token:
        for line in block.lines:
            _on_controller(line, spec)
        return
    if block.place == "host":
        for host in spec.hosts:
            printed = "".join(_on_controller(line, spec) for line in found[number - 1].lines)
            token = TOKEN.search(printed)
            if not token:
                raise LabError(f"`{found[number - 1].lines[-1]}` printed no join token")
            for line in block.lines:
                _on_host(host, TOKEN.sub(token.group(), line.replace("DROVER-1-…", token.group())), agents)
        drover.await_connected(spec.hosts)


def _on_controller(line: str, spec) -> str:
    """Runs a line as an operator would at a terminal, answering yes to what it asks; returns what was printed."""
    say(f"controller: {line}")
    status, printed = _at_terminal(shlex.split(_fill(line)), _operators_environment())
    if status != 0:
        raise LabError(f"`{line}` ended with {status}:\n{printed}")
    for path in re.findall(r"(\S+\.yaml)", line) if "discover" in line else []:
        _name_repository(drover.HOME / path)
    return printed


def _name_repository(path: Path) -> None:
    """What the README leaves to an editor."""
    text = path.read_text(encoding="utf-8")
    snapshot = f"snapshot: {{repository: {specs.REPOSITORY}, type: fs, location: /snap}}\n"
    text = re.sub(r"^snapshot:[^\n]*\n(?:[ \t]+[^\n]*\n)*", "", text, flags=re.MULTILINE)
    path.write_text(text.rstrip("\n") + "\n" + snapshot, encoding="utf-8")


def _on_host(host: str, line: str, agents: list) -> None:
    """Runs a line on a host that has a name of its own; one that serves (`run`) goes on in the background."""
    shown = TOKEN.sub("DROVER-1-…", line)
    say(f"{host}: {shown}")
    drover.write_policy(host)
    drover.state_folder(host).mkdir(mode=0o700, exist_ok=True)
    environment = hosts.environment(host) | {
        "DROVER_AGENT_STATE_DIR": str(drover.state_folder(host)), "DROVER_AGENT_POLICY": str(drover.policy_path(host))}
    words = shlex.split(_fill(line))
    words[0] = str(drover.program(words[0]))
    named = ["/usr/bin/unshare", "--uts", "--", "/bin/sh", "-c", 'hostname "$0" && exec "$@"', host, *words]
    argv = [str(a) for a in entered(network.namespace_path(host), named)]
    environment["PATH"] += ":/usr/bin:/bin"
    if words[1:2] == ["run"]:
        log = open(drover.agent_log(host), "ab")
        agents.append(subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
        log.close()
        return
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise LabError(f"`{shown}` on {host} ended with {done.returncode}: {done.stderr}")


def _fill(line: str) -> str:
    for placeholder, value in PLACEHOLDERS:
        line = line.replace(placeholder, value)
    return line


def _operators_environment() -> dict:
    return os.environ | {"DROVER_ADDRESS": drover.TARGET, "PATH": f"{drover.program('drover').parent}:{os.environ['PATH']}",
                         "NO_COLOR": "1", "TERM": "xterm", "COLUMNS": "200", "LINES": "50"}


def _at_terminal(argv, environment) -> tuple:
    """Runs argv on a pseudo-terminal, answers yes to each question; its exit status and all it printed."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(drover.HOME)
        os.execvpe(argv[0], argv, environment)
    printed, answered, end = b"", 0, time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        printed += part
        if printed[answered:].rstrip().endswith(QUESTION_END):
            answered = len(printed)
            os.write(terminal, b"y\n")
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status), printed.decode("utf-8", "replace")

"""The commands of `lab` about Drover's own programs, and about what an upgrade did."""

import json
from pathlib import Path

from . import drover, evidence, own_hosts, resting, summary
from .shell import exclusive


def add_commands(commands, group, add) -> None:
    """Adds `lab drover …` and `lab evidence …`; group and add are the helpers of the cli module."""
    own = group(commands, "drover", "Drover's programs on the lab: up, down, controller, agent, join, env, rest")
    up = add(own, "up", _up, "start a controller, and on each host an agent that joins with a token")
    up.add_argument("--bin", metavar="DIR", help=f"where the programs are (default {drover.DEFAULT_BIN}, or $DROVER_BIN)")
    up.add_argument("--hosts", type=lambda text: text.split(","), metavar="h1,h2,…", help="default: all")
    add(own, "down", _down, "end controller and agents and remove what they kept")
    controller = add(own, "controller", _controller, "the controller alone")
    controller.add_argument("action_name", choices=("start", "stop", "kill"), metavar="start|stop|kill")
    controller.add_argument("--bin", metavar="DIR")
    controller.add_argument("--clock-shift", type=int, default=0, metavar="SECONDS",
                            help="started with its clock this much ahead of the hosts'; below 0: behind")
    agent = add(own, "agent", _agent, "one host's agent")
    agent.add_argument("action_name", choices=("start", "stop", "kill"), metavar="start|stop|kill")
    agent.add_argument("host", metavar="hI")
    add(own, "join", _join, "enrol a host with a fresh token").add_argument("host", metavar="hI")
    add(own, "env", _env, "DROVER_ADDRESS=… for a shell: export $(lab drover env)")
    rest = add(own, "rest", _rest, "memory and CPU of a host's agent at rest, as JSON")
    rest.add_argument("host", metavar="hI")
    rest.add_argument("--seconds", type=float, default=60, help="default 60")
    follow = add(commands, "own-hosts", _own_hosts, "do on a cluster what a README's marked blocks say")
    follow.add_argument("readme", metavar="README")
    follow.add_argument("name", metavar="NAME")
    _add_evidence(group(commands, "evidence", "what an upgrade did: save, compare, summary"), add)


def _add_evidence(commands, add) -> None:
    for name, action, text in (("save", _save, "keep a picture of a cluster: files, settings, documents, containers"),
                               ("compare", _compare, "what is different since `save`, as JSON"),
                               ("summary", _summary, "the same for an upgrade under load, for a person; 1 if not all is well")):
        command = add(commands, name, action, text)
        command.add_argument("name", metavar="NAME")
        if name == "compare":
            command.add_argument("--tag", default="", help="one that stands in the files in place of a version")
        if name == "summary":
            command.add_argument("--to", required=True, metavar="VERSION")
            command.add_argument("--load", required=True, metavar="FILE", help="what `lab load stop` printed")
            command.add_argument("--seconds", type=float, default=0, help="how long the upgrade took")


def _print(data) -> None:
    print(json.dumps(data, indent=1, ensure_ascii=False))


def _up(arguments) -> None:
    with exclusive():
        drover.up(arguments.bin, arguments.hosts)


def _down(_) -> None:
    with exclusive():
        drover.down()


def _controller(arguments) -> None:
    if arguments.action_name == "start":
        if arguments.bin:
            drover.choose_programs(arguments.bin)
        drover.start_controller(arguments.clock_shift)
    else:
        drover.end_controller(drover.STOP_PATIENCE if arguments.action_name == "stop" else 0)


def _agent(arguments) -> None:
    if arguments.action_name == "start":
        drover.start_agent(arguments.host)
    else:
        drover.end_agent(arguments.host, drover.STOP_PATIENCE if arguments.action_name == "stop" else 0)


def _join(arguments) -> None:
    drover.join(arguments.host)


def _env(_) -> None:
    print(f"DROVER_ADDRESS={drover.TARGET}")


def _rest(arguments) -> None:
    _print(resting.measure(drover.agent_pid(arguments.host), arguments.seconds))


def _own_hosts(arguments) -> None:
    own_hosts.follow(Path(arguments.readme), arguments.name)


def _save(arguments) -> None:
    _print(evidence.save(arguments.name))


def _compare(arguments) -> None:
    _print(evidence.compare(arguments.name, arguments.tag))


def _summary(arguments) -> int:
    return summary.show(arguments.name, arguments.to, arguments.load, arguments.seconds)

"""The `lab` command: reads its arguments, calls the module that does the work, turns errors into sentences."""

import argparse
import json

from . import (ansible, baseline, check, clusters, companion, drover, drover_cli, hosts, images, load, network, registry,
               secured, settings, specs)
from .shell import LabError, exclusive, run, say

EXIT_NO_ENGINE = 77


def main(argv) -> int:
    """Runs one command and returns its exit status: 0 done, 1 an error that was said, 77 no Engine can run here."""
    arguments = _parser().parse_args(argv)
    try:
        return arguments.action(arguments) or 0
    except LabError as e:
        say(str(e))
        return 1
    except OSError as e:
        say(f"{type(e).__name__}: {e}")
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lab", description="Docker hosts, a registry and OpenSearch clusters on this machine, for tests.",
        epilog=f"A running lab is below {settings.LAB} ($LAB), what outlives it below {settings.CACHE} "
               "($DROVER_LAB_CACHE). Data goes to stdout, messages to stderr.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add(commands, "check", _check, "exit 0 if Docker Engines can run here, 77 and one sentence if not")
    up = _add(commands, "up", _up, "start hosts h1..hN and the registry; what runs already stays")
    up.add_argument("--hosts", type=int, required=True, metavar="N")
    up.add_argument("--compose-v1", choices=("h2", "none"), default="h2",
                    help="the host that has docker-compose 1.29 in place of the plugin (default h2)")
    down = _add(commands, "down", _down, "remove everything but the cache, or one cluster")
    down.add_argument("--cluster", metavar="NAME")
    image = _add(commands, "images", _images, "build and push the images that the cache does not hold")
    image.add_argument("versions", nargs="+", metavar="VERSION")
    kind = image.add_mutually_exclusive_group()
    kind.add_argument("--security", action="store_true", help="those with the security plugin, as opensearch-security")
    kind.add_argument("--companion", action="store_true", help="those of the stand-in for Dashboards")
    tag = _add(commands, "tag", _tag, "one more tag in the registry for the image of a version, or for a variant of it")
    tag.add_argument("tag", metavar="TAG")
    tag.add_argument("--of", required=True, metavar="VERSION")
    tag.add_argument("--env", metavar="NAME=VALUE", help="the variant: one more environment variable")
    tag.add_argument("--below-a-shell", action="store_true",
                     help="the variant: its main process is a shell that passes no signal on, as up to 2.14")
    tag.add_argument("--repository", default="opensearch", help="where the new tag is (default opensearch)")
    _add_cluster_commands(_group(commands, "cluster", "clusters: up, status, seed"))
    _add_load_commands(_group(commands, "load", "the load client: start, status, hold, stop"))
    _add_host_commands(_group(commands, "host", "one host: stop, start, kill, exec, link"))
    registry_commands = _group(commands, "registry", "the registry: stop, start")
    _add(registry_commands, "stop", _registry_stop, "end it; images stay in the cache")
    _add(registry_commands, "start", _registry_start, "start it again")
    drover_cli.add_commands(commands, _group, _add)
    companion.add_commands(commands, _group, _add)
    for name, action, text in (("baseline", _baseline, "upgrade a cluster by the plain loop; prints timings"),
                               ("ansible", _ansible, "upgrade a cluster by Ansible; prints the timing")):
        roll = _add(commands, name, action, text)
        roll.add_argument("name", metavar="NAME")
        roll.add_argument("--to", required=True, metavar="VERSION")
    return parser


def _group(commands, name: str, text: str):
    return commands.add_parser(name, help=text).add_subparsers(required=True, metavar="COMMAND")


def _add(commands, name: str, action, text: str) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(action=action)
    return parser


def _add_cluster_commands(commands) -> None:
    up = _add(commands, "up", _cluster_up, "start a cluster and wait until it is complete and green")
    up.add_argument("name", metavar="NAME")
    up.add_argument("--version", required=True)
    up.add_argument("--hosts", required=True, type=lambda text: text.split(","), metavar="h1,h2,…")
    up.add_argument("--members-per-host", type=int, default=1)
    up.add_argument("--heap", default="256m")
    up.add_argument("--style", choices=specs.STYLES, default="mixed",
                    help="how the Compose files spell the image; mixed: plain, quoted, env on the hosts in turn")
    up.add_argument("--repository", default="opensearch", help="of its image; opensearch-security: a secured cluster")
    up.add_argument("--layout", choices=specs.LAYOUTS, default="same",
                    help="dedicated: a cluster manager and a data node on each host, one that coordinates on the first")
    up.add_argument("--port-offset", type=int, help="added to 9200 and 9300 (default: the lowest that is free)")
    _add(commands, "status", _cluster_status, "nodes, health, settings, documents per index, as JSON").add_argument(
        "name", metavar="NAME")
    hand = _add(commands, "by-hand", _cluster_by_hand, "on one host: the new tag into the file, and up; no care is taken")
    hand.add_argument("name", metavar="NAME")
    hand.add_argument("host", metavar="hI")
    hand.add_argument("--to", required=True, metavar="VERSION")
    call = _add(commands, "call", _cluster_call, "one request to the cluster's REST interface; prints the answer")
    for argument in ("name", "method", "path"):
        call.add_argument(argument, metavar=argument.upper())
    call.add_argument("body", nargs="?", metavar="BODY", help="JSON")
    seed = _add(commands, "seed", _cluster_seed, "make indexes and fill them")
    seed.add_argument("name", metavar="NAME")
    for option, value in (("--indices", 10), ("--shards", 2), ("--replicas", 1), ("--docs", 40000)):
        seed.add_argument(option, type=int, default=value, help=f"default {value}" + (", in all" if value > 10 else ""))


def _add_load_commands(commands) -> None:
    for name, action, text in (("start", _load_start, "start the client in the background"),
                               ("run", _load_run, "the client itself, in the foreground"),
                               ("status", _load_status, "what it has counted so far, as JSON"),
                               ("hold", _load_hold, "end reads and writes; the check waits for stop"),
                               ("stop", _load_stop, "end it, check every document, print the counts as JSON")):
        command = _add(commands, name, action, text)
        command.add_argument("name", metavar="NAME")
        if name in ("start", "run"):
            command.add_argument("--rate", type=float, default=50, help="documents a second (default 50)")
            command.add_argument("--state", metavar="FILE", required=name == "run",
                                 help="where the counts are kept while it runs")


def _add_host_commands(commands) -> None:
    for name, action, text in (("stop", _host_stop, "shut the host down"), ("start", _host_start, "start it again"),
                               ("kill", _host_kill, "take it away as a power cut does")):
        command = _add(commands, name, action, text)
        command.add_argument("host", metavar="hI")
        if name != "start":
            command.add_argument("--engine-only", action="store_true", help="only dockerd with its containers")
    execute = _add(commands, "exec", _host_exec, "run a command on the host: lab host exec hI -- CMD…")
    execute.add_argument("host", metavar="hI")
    execute.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD…")
    link = _add(commands, "link", _host_link, "pull or plug in the host's cable")
    link.add_argument("host", metavar="hI")
    link.add_argument("state", choices=("down", "up"))
    link.add_argument("--agent-only", action="store_true", help="only what agent and controller say to each other")
    _add(commands, "reboot", _host_reboot, "a power cut, and up again; start its agent then").add_argument(
        "host", metavar="hI")
    disk = _add(commands, "disk", _host_disk, "leave its Engine no room for downloads, or room again")
    disk.add_argument("host", metavar="hI")
    disk.add_argument("state", choices=("full", "free"))
    speed = _add(commands, "speed", _host_speed, "limit what it receives: 40mbit, or full")
    speed.add_argument("host", metavar="hI")
    speed.add_argument("rate", metavar="RATE")


def _print(data) -> None:
    print(json.dumps(data, indent=1, ensure_ascii=False))


def _check(_) -> int:
    reason = check.why_not()
    if reason:
        say(f"no Docker Engine can run here: {reason}")
    return EXIT_NO_ENGINE if reason else 0


def _up(arguments) -> None:
    with exclusive():
        hosts.bring_up(arguments.hosts, arguments.compose_v1)


def _down(arguments) -> None:
    with exclusive():
        if arguments.cluster:
            clusters.remove(arguments.cluster)
            return
        load.discard_all()
        drover.down()
        hosts.remove_all()
        check.remove_stale()
        registry.stop()
        network.remove()
        run(["rm", "-rf", "--one-file-system", settings.LAB])


def _images(arguments) -> None:
    with exclusive():
        (secured if arguments.security else companion if arguments.companion else images).ensure(arguments.versions)


def _tag(arguments) -> None:
    registry.tag(arguments.of, arguments.repository, arguments.tag, arguments.env,
                 images.BELOW_A_SHELL if arguments.below_a_shell else None,
                 companion.REPOSITORY if arguments.repository == companion.REPOSITORY else registry.SOURCE)


def _cluster_up(arguments) -> None:
    clusters.bring_up(arguments.name, arguments.version, arguments.hosts, arguments.members_per_host, arguments.heap,
                      arguments.style, arguments.port_offset, arguments.repository, arguments.layout)


def _cluster_status(arguments) -> None:
    _print(clusters.status(arguments.name))


def _cluster_call(arguments) -> None:
    body = json.loads(arguments.body) if arguments.body else None
    _print(specs.load(arguments.name).client.call(arguments.method, arguments.path, body))


def _cluster_by_hand(arguments) -> None:
    baseline.by_hand(arguments.name, arguments.host, arguments.to)


def _cluster_seed(arguments) -> None:
    _print(clusters.seed(arguments.name, arguments.indices, arguments.shards, arguments.replicas, arguments.docs))


def _load_start(arguments) -> None:
    load.start(arguments.name, arguments.rate, arguments.state)


def _load_run(arguments) -> int:
    return load.work(arguments.name, arguments.rate, arguments.state)


def _load_status(arguments) -> None:
    _print(load.status(arguments.name))


def _load_hold(arguments) -> None:
    _print(load.hold(arguments.name))


def _load_stop(arguments) -> None:
    _print(load.stop(arguments.name))


def _host_stop(arguments) -> None:
    hosts.require(arguments.host)
    with exclusive():
        if arguments.engine_only:
            hosts.engine(arguments.host).end(patience=30)
        else:
            hosts.stop(arguments.host)


def _host_start(arguments) -> None:
    hosts.require(arguments.host)
    with exclusive():
        hosts.start([arguments.host])


def _host_kill(arguments) -> None:
    hosts.require(arguments.host)
    with exclusive():
        if arguments.engine_only:
            hosts.engine(arguments.host).end(patience=0)
        else:
            hosts.kill(arguments.host)


def _host_exec(arguments) -> None:
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        raise LabError("lab host exec: no command; write `lab host exec h1 -- docker ps`")
    hosts.execute(arguments.host, command)


def _host_link(arguments) -> None:
    hosts.require(arguments.host)
    if arguments.agent_only:
        network.set_agent_link(arguments.host, arguments.state)
    else:
        network.set_link(arguments.host, arguments.state)


def _host_reboot(arguments) -> None:
    hosts.require(arguments.host)
    with exclusive():
        hosts.reboot(arguments.host)


def _host_disk(arguments) -> None:
    hosts.require(arguments.host)
    hosts.set_disk(arguments.host, arguments.state)


def _host_speed(arguments) -> None:
    hosts.require(arguments.host)
    network.set_speed(arguments.host, arguments.rate)


def _registry_stop(_) -> None:
    with exclusive():
        registry.stop()


def _registry_start(_) -> None:
    with exclusive():
        registry.start()


def _baseline(arguments) -> None:
    _print(baseline.roll(arguments.name, arguments.to))


def _ansible(arguments) -> None:
    _print(ansible.roll(arguments.name, arguments.to))

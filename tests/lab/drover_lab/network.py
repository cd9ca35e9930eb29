"""The bridge, one network namespace per host, and the two traces in the machine's own configuration.

Outside the lab's own bridge and namespaces the machine gets one line in /etc/hosts, one iptables rule and one kernel
setting; each is marked or noted, and `remove` takes back exactly these.
"""

from pathlib import Path

from . import settings
from .settings import BRIDGE, BRIDGE_ADDRESS, PREFIX_LENGTH
from .shell import run, succeeds, write_file

NAMESPACES = Path("/run/netns")
ETC_HOSTS = Path("/etc/hosts")
HOSTS_LINE = f"{BRIDGE_ADDRESS} {settings.REGISTRY_NAME} # drover-lab"
FORWARD_RULE = ["FORWARD", "-i", BRIDGE, "-o", BRIDGE, "-m", "comment", "--comment", "drover-lab", "-j", "ACCEPT"]
MAP_COUNT = Path("/proc/sys/vm/max_map_count")
MAP_COUNT_NEEDED = 262144
MAP_COUNT_NOTE = settings.LAB / "max_map_count.before"


def namespace(host: str) -> str:
    """The name of a host's network namespace."""
    return f"drover-{host}"


def namespace_path(host: str) -> Path:
    """Where the host's namespace is mounted, for nsenter and setns."""
    return NAMESPACES / namespace(host)


def set_up() -> None:
    """Makes the bridge and what belongs to it; what is there already stays."""
    if not Path(f"/sys/class/net/{BRIDGE}").exists():
        run(["ip", "link", "add", BRIDGE, "type", "bridge"])
    run(["ip", "addr", "replace", f"{BRIDGE_ADDRESS}/{PREFIX_LENGTH}", "dev", BRIDGE])
    run(["ip", "link", "set", BRIDGE, "up"])
    if not succeeds(["iptables", "-w", "-C", *FORWARD_RULE]):
        run(["iptables", "-w", "-I", *FORWARD_RULE])
    text = ETC_HOSTS.read_text(encoding="utf-8")
    if HOSTS_LINE not in text.splitlines():
        _rewrite_etc_hosts(text + ("" if text.endswith("\n") or not text else "\n") + HOSTS_LINE + "\n")
    before = int(MAP_COUNT.read_text(encoding="ascii"))
    if before < MAP_COUNT_NEEDED:
        write_file(MAP_COUNT_NOTE, f"{before}\n")
        MAP_COUNT.write_text(str(MAP_COUNT_NEEDED), encoding="ascii")


def remove() -> None:
    """Undoes set_up; what is gone already is no error."""
    run(["ip", "link", "del", BRIDGE], check=False)
    while succeeds(["iptables", "-w", "-C", *FORWARD_RULE]):
        run(["iptables", "-w", "-D", *FORWARD_RULE])
    lines = ETC_HOSTS.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if line.rstrip("\n") != HOSTS_LINE]
    if kept != lines:
        _rewrite_etc_hosts("".join(kept))
    if NAMESPACES.is_mount() and not any(NAMESPACES.iterdir()):
        run(["umount", NAMESPACES], check=False)  # `ip netns add` mounts it on itself and leaves that behind
    if MAP_COUNT_NOTE.exists():
        MAP_COUNT.write_text(MAP_COUNT_NOTE.read_text(encoding="ascii"), encoding="ascii")


def _rewrite_etc_hosts(text: str) -> None:
    # In place: inside a container /etc/hosts is a mount of its own and cannot be renamed over.
    with open(ETC_HOSTS, "r+", encoding="utf-8") as file:
        file.write(text)
        file.truncate()


def add_host(host: str) -> None:
    """Makes the host's namespace with one interface on the bridge; a namespace that is there already stays."""
    name, link = namespace(host), _link(host)
    if not namespace_path(host).exists():
        run(["ip", "netns", "add", name])
    if not Path(f"/sys/class/net/{link}").exists():
        run(["ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name])
    run(["ip", "link", "set", link, "master", BRIDGE, "up"])
    run(["ip", "-n", name, "addr", "replace", f"{settings.host_address(host)}/{PREFIX_LENGTH}", "dev", "eth0"])
    run(["ip", "-n", name, "link", "set", "eth0", "up"])
    run(["ip", "-n", name, "link", "set", "lo", "up"])
    run(["ip", "-n", name, "route", "replace", "default", "via", BRIDGE_ADDRESS])


def unplug(host: str) -> None:
    """Takes the host's interface away; that it is gone already is no error."""
    if Path(f"/sys/class/net/{_link(host)}").exists():
        run(["ip", "link", "del", _link(host)], check=False)


def remove_host(host: str) -> None:
    """Takes the host's interface and namespace away; what is gone already is no error."""
    unplug(host)
    if namespace_path(host).exists():
        run(["ip", "netns", "del", namespace(host)], check=False)


def set_link(host: str, state: str) -> None:
    """Pulls ("down") or plugs in ("up") the host's cable."""
    run(["ip", "link", "set", _link(host), state])


def set_agent_link(host: str, state: str) -> None:
    """Drops ("down") or lets through ("up") what the host's agent and the controller say to each other; nothing else."""
    inside = ["nsenter", f"--net={namespace_path(host)}", "--", "iptables", "-w"]
    for chain, port in (("OUTPUT", "--dport"), ("INPUT", "--sport")):
        rule = [chain, "-p", "tcp", port, str(settings.CONTROLLER_PORT), "-j", "DROP"]
        if state == "down":
            run([*inside, "-I", *rule])
        else:
            run([*inside, "-D", *rule], check=False)


def set_speed(host: str, rate: str) -> None:
    """Limits what the host receives to a rate such as 40mbit; "full" takes the limit away."""
    run(["tc", "qdisc", "del", "dev", _link(host), "root"], check=False)
    if rate != "full":
        run(["tc", "qdisc", "add", "dev", _link(host), "root", "tbf", "rate", rate, "burst", "64k", "latency", "200ms"])


def known_hosts() -> set:
    """The hosts that have a namespace or an interface, whether or not the lab's folder knows them."""
    spaces = {p.name.removeprefix("drover-") for p in NAMESPACES.glob("drover-*")}
    links = {p.name.removeprefix("dv-") for p in Path("/sys/class/net").glob("dv-*")}
    return {h for h in spaces | links if settings.host_number(h) or h == settings.BUILDER}


def _link(host: str) -> str:
    return f"dv-{host}"

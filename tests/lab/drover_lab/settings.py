"""Where the lab keeps things, and the addresses it uses.

Everything that belongs to a running lab is below LAB; `lab down` removes that folder. What is worth keeping between
labs is below CACHE. The addresses exist only inside this machine: a bridge and the namespaces attached to it.
"""

import os
from pathlib import Path

LAB = Path(os.environ.get("LAB") or "/var/lib/drover-lab").absolute()
CACHE = Path(os.environ.get("DROVER_LAB_CACHE") or "/var/cache/drover-lab").absolute()
SOURCE = Path(__file__).resolve().parent.parent

BRIDGE = "drover-lab0"
BRIDGE_ADDRESS = "10.77.0.1"
PREFIX_LENGTH = 24
REGISTRY_NAME = "registry.lab"
REGISTRY = f"{REGISTRY_NAME}:5000"
MAX_HOSTS = 60

CONTROLLER_PORT = 7441

# The engine that builds images is a host of its own, so that no image is on a cluster's host before it is pulled.
BUILDER = "builder"
BUILDER_ADDRESS = "10.77.0.9"

HOSTS = LAB / "hosts"
CLUSTERS = LAB / "clusters"
SNAPSHOTS = LAB / "snap"
LOADS = LAB / "load"


def host_number(host: str) -> int:
    """3 for h3; 0 for anything that is not a host name of the lab."""
    number = host[1:]
    if host.startswith("h") and number.isdigit() and 1 <= int(number) <= MAX_HOSTS and host == f"h{int(number)}":
        return int(number)
    return 0


def host_address(host: str) -> str:
    """The address of a host on the lab's bridge."""
    return BUILDER_ADDRESS if host == BUILDER else f"10.77.0.{10 + host_number(host)}"

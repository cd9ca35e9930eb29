"""The same rolling upgrade by Ansible and community.docker's Compose modules, to compare with.

The collection comes with the `ansible` package of PyPI, into an environment of its own in the cache.
"""

import os
import tempfile
import time
from pathlib import Path

from . import baseline, hosts, settings, specs
from .shell import LabError, retry, run, say
from .specs import Spec

ENVIRONMENT = settings.CACHE / "ansible"
COMPLETE = ENVIRONMENT / "complete"
REQUIREMENT = "ansible>=12,<13"
PLAYBOOK = settings.SOURCE / "ansible/roll.yml"


def roll(name: str, version: str) -> dict:
    """Runs the playbook on the cluster and returns the timing."""
    spec = specs.load(name)
    _require_fit(spec)
    ensure_installed()
    with tempfile.TemporaryDirectory() as work:
        inventory = Path(work) / "inventory.ini"
        inventory.write_text(_inventory(spec), encoding="utf-8")
        argv = [ENVIRONMENT / "bin/ansible-playbook", "-i", inventory, PLAYBOOK, "-e", f"to={version}",
                "-e", f"lab={settings.LAB}", "-e", f"project={name}", "-e", f"stamp={int(time.time())}",
                "-e", f"members={len(spec.members)}"]
        began = time.monotonic()
        run(argv, env=_environment(spec, work))
        seconds = round(time.monotonic() - began, 2)
    return {"way": "ansible", "cluster": name, "to": version, "seconds": seconds, "versions": baseline.versions(spec)}


def ensure_installed() -> None:
    """Installs Ansible into the cache unless a complete installation is there."""
    if COMPLETE.exists() and COMPLETE.read_text(encoding="ascii") == REQUIREMENT:
        return
    say(f"installing {REQUIREMENT} into {ENVIRONMENT}")
    run(["rm", "-rf", ENVIRONMENT])
    run(["/usr/bin/python3", "-m", "venv", ENVIRONMENT])
    retry("pip", lambda: run([ENVIRONMENT / "bin/pip", "install", "--quiet", REQUIREMENT]))
    COMPLETE.write_text(REQUIREMENT, encoding="ascii")


def _require_fit(spec: Spec) -> None:
    if any(spec.style_on(h) != "plain" for h in spec.hosts):
        raise LabError(f"the playbook edits plain image lines only: make {spec.name} with `--style plain`")
    if any((hosts.folder(h) / "bin/docker-compose").exists() for h in spec.hosts):
        raise LabError("the playbook needs the Compose plugin on every host: `lab up --compose-v1 none`")
    if len(spec.hosts) != len(spec.members) or len(spec.hosts) < 2:
        raise LabError(f"the playbook needs one member per host on two hosts or more; {spec.name} is not so")


def _inventory(spec: Spec) -> str:
    lines = ["[os]"]
    for index, member in enumerate(spec.members):
        peer = spec.members[(index + 1) % len(spec.members)]
        lines.append(f"{member.host} own={member.endpoint} peer={peer.endpoint}")
    lines += ["[os:vars]", "ansible_connection=local", f"ansible_python_interpreter={ENVIRONMENT}/bin/python3"]
    return "\n".join(lines) + "\n"


def _environment(spec: Spec, work: str) -> dict:
    """The first host's Docker settings (all have the plugin), with the playbook's own programs behind them."""
    own = hosts.environment(spec.hosts[0])
    own.pop("DOCKER_HOST")
    own["PATH"] = f"{own['PATH']}:{ENVIRONMENT}/bin:{os.environ.get('PATH', '/usr/bin:/bin')}"
    return own | {"ANSIBLE_LOCAL_TEMP": work, "ANSIBLE_REMOTE_TEMP": work, "ANSIBLE_NOCOLOR": "1", "LC_ALL": "C.UTF-8"}

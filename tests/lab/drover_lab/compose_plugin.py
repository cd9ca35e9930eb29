"""Compose v2, the plugin, kept privately in the cache: the machine's own `docker-compose` stays v1."""

import shutil
import tempfile
from pathlib import Path

from . import mirror, settings
from .shell import LabError, say

PLUGIN = settings.CACHE / "compose-v2/docker-compose"
PLACE_IN_PACKAGE = "usr/libexec/docker/cli-plugins/docker-compose"


def path() -> Path:
    """The plugin's file, fetched if the cache does not hold it."""
    if PLUGIN.exists():
        return PLUGIN
    say("fetching the Compose v2 plugin")
    PLUGIN.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=PLUGIN.parent) as work:
        mirror.download("docker-compose", Path(work))
        found = Path(work) / PLACE_IN_PACKAGE
        if not found.is_file():
            others = sorted(str(p.relative_to(work)) for p in Path(work).rglob("docker-compose") if p.is_file())
            raise LabError(f"{mirror.NEXT_RELEASE}'s docker-compose package has no {PLACE_IN_PACKAGE}; "
                           f"it has {', '.join(others) or 'no such file'}")
        shutil.move(found, Path(work) / "complete")
        (Path(work) / "complete").replace(PLUGIN)
    return PLUGIN

"""OpenSearch images in the lab's registry.

An image counts as made when the cache holds a mark with the recipe's hash and the registry's storage a manifest under
its tag. The mark is written last, so whatever was interrupted before is simply done again.
"""

import contextlib
import hashlib
import inspect
import json
import re
import tempfile
from pathlib import Path

from . import base_image, hosts, node_home, registry, settings
from .base_image import RECIPE
from .engine import DOCKER
from .settings import BUILDER
from .shell import LabError, retry, run, say, write_file

# bash does not replace itself by the last command of a list, and as process 1 it ignores SIGTERM.
BELOW_A_SHELL = ["/bin/bash", "-c", "/usr/share/opensearch/entry.sh; exit $?"]
MARKS = settings.CACHE / "images"
RECIPE_FILES = ("Dockerfile", "entry.sh", "make-class-archive.sh", "opensearch.yml", "log4j2.properties",
                "plugin-security.policy")


def reference(version: str, repository: str = "opensearch") -> str:
    """The image's full name, as Compose files have it."""
    return f"{settings.REGISTRY}/{repository}:{version}"


def recipe_hash() -> str:
    """Changes with everything an image is made from, but for the version itself."""
    parts = [base_image.tag(), inspect.getsource(node_home)]
    parts += [(RECIPE / name).read_text(encoding="utf-8") for name in RECIPE_FILES]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def is_made(version: str) -> bool:
    """Whether the registry's storage holds this version's image, made by the present recipe."""
    try:
        mark = json.loads((MARKS / f"{version}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return mark.get("recipe") == recipe_hash() and registry.has("opensearch", version)


def ensure(versions) -> None:
    """Builds and pushes the images that are not there yet, with an Engine that runs only for that time."""
    for version in versions:
        if not re.fullmatch(r"\d+\.\d+\.\d+", version):
            raise LabError(f"{version!r} is not an OpenSearch version; expected three numbers, such as 2.19.1")
    missing = [v for v in dict.fromkeys(versions) if not is_made(v)]
    if not missing:
        return
    with builder() as environment:
        base = base_image.ensure(environment)
        for version in missing:
            _make(version, base, environment)


@contextlib.contextmanager
def builder():
    """An Engine that builds images, and runs only for that time; gives the environment that its client needs."""
    _remove_interrupted_work()
    hosts.bring_up_builder()
    try:
        yield hosts.environment(BUILDER) | {"DOCKER_BUILDKIT": "0"}
    finally:
        hosts.remove(BUILDER)


def _remove_interrupted_work() -> None:
    for folder in (*settings.CACHE.glob("image-*"), *settings.CACHE.glob("base-*")):
        run(["rm", "-rf", "--one-file-system", folder])


def _make(version: str, base: str, environment: dict) -> None:
    with tempfile.TemporaryDirectory(dir=settings.CACHE, prefix="image-") as work:
        context = Path(work)
        (context / "home").mkdir()
        node_home.make(version, context / "home")
        (context / "Dockerfile").write_text((RECIPE / "Dockerfile").read_text(encoding="utf-8"), encoding="utf-8")
        say(f"building {reference(version)}")
        run([DOCKER, "build", "--network", "none", "--build-arg", f"BASE={base}", "--label",
             f"drover.recipe={recipe_hash()}", "-t", reference(version), context], env=environment)
    retry(f"pushing {version}", lambda: run([DOCKER, "push", "-q", reference(version)], env=environment))
    write_file(MARKS / f"{version}.json", json.dumps({"recipe": recipe_hash(), "base": base}) + "\n")

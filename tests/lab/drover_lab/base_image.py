"""The layer that all OpenSearch images share: a minimal Debian with Java 21, and the preloaded shim."""

import hashlib
import shutil
import tempfile
from pathlib import Path

from . import mirror, registry, settings
from .engine import DOCKER
from .shell import retry, run, say

RECIPE = settings.SOURCE / "recipe"
PACKAGE = "openjdk-21-jre-headless"
FOLDERS = ("data", "logs", "plugins")
LEFT_OUT = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info")


def tag() -> str:
    """The base image's tag: a hash of what it is made from."""
    parts = [mirror.NEXT_RELEASE, PACKAGE, *FOLDERS, *LEFT_OUT, (RECIPE / "open-files.c").read_text(encoding="utf-8")]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def reference() -> str:
    """The base image's full name."""
    return f"{settings.REGISTRY}/base:{tag()}"


def ensure(environment: dict) -> str:
    """Returns reference() once the registry has that image; builds and pushes it if need be."""
    if registry.has("base", tag()):
        return reference()
    say(f"building the base image (Debian {mirror.NEXT_RELEASE} with {PACKAGE})")
    with tempfile.TemporaryDirectory(dir=settings.CACHE, prefix="base-") as work:
        archive = Path(work) / "base.tar"
        retry("debootstrap", lambda: _make_root(Path(work) / "root"))
        _add_node_user(Path(work) / "root")
        excludes = [f"--exclude=./{path}/*" for path in LEFT_OUT]
        run(["tar", "-C", Path(work) / "root", *excludes, "-cf", archive, "."])
        run([DOCKER, "import", "--change", "ENV LD_PRELOAD=/usr/lib/open-files.so", archive, reference()],
            env=environment)
    retry("pushing the base image", lambda: run([DOCKER, "push", "-q", reference()], env=environment))
    return reference()


def _make_root(root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)
    run(["debootstrap", "--variant=minbase", f"--include={PACKAGE}", mirror.NEXT_RELEASE, root, mirror.address()],
        env=mirror.proxy_environment())


def _add_node_user(root: Path) -> None:
    home = root / "usr/share/opensearch"
    run(["chroot", root, "/usr/sbin/useradd", "--uid", "1000", "--home-dir", "/usr/share/opensearch", "opensearch"])
    for name in FOLDERS:
        (home / name).mkdir(parents=True)
    run(["chown", "-R", "1000:1000", home])
    run(["gcc", "-shared", "-fPIC", "-O2", "-o", root / "usr/lib/open-files.so", RECIPE / "open-files.c", "-ldl"])

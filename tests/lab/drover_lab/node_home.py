"""A home folder of one OpenSearch version, put together from Maven Central's jars."""

import re
import shutil
import tempfile
import zipfile
from pathlib import Path

from . import settings
from .base_image import RECIPE
from .shell import LabError, retry, run, say

REPOSITORY = settings.CACHE / "m2"
JNA = "5.13.0"
CLASSLOADER = "org.opensearch:opensearch-plugin-classloader"
CLASSLOADER_FALLBACK = "2.17.1"
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>lab</groupId><artifactId>{name}</artifactId><version>1</version><dependencies>{dependencies}</dependencies></project>
"""
DEPENDENCY = "<dependency><groupId>{0}</groupId><artifactId>{1}</artifactId><version>{2}</version></dependency>"
DESCRIPTOR = """description=A module of OpenSearch from Maven Central
version={version}
name={name}
classname=org.opensearch.{plugin}
java.version={java}
opensearch.version={version}
has.native.controller=false
"""


def make(version: str, home: Path) -> None:
    """Fills `home` with the given version's jars, its modules for transport and reindexing, and the lab's configuration."""
    say(f"fetching OpenSearch {version} from Maven Central")
    _copy_dependencies([("org.opensearch", "opensearch", version), ("net.java.dev.jna", "jna", JNA)], home / "lib")
    _copy_artifact(f"org.apache.logging.log4j:log4j-core:{_log4j_version(home / 'lib')}", home / "lib")
    _copy_class_loader(version, home / "lib")
    old = version.startswith(("1.", "2."))
    transport = _add_module(version, home, "transport-netty4", "transport." + ("Netty4Plugin" if old else "Netty4ModulePlugin"))
    shutil.copy(RECIPE / "plugin-security.policy", transport / "plugin-security.policy")
    _add_module(version, home, "reindex", "index.reindex." + ("ReindexPlugin" if old else "ReindexModulePlugin"))
    if not old:
        _add_agent(version, home / "agent")
    (home / "config").mkdir()
    for name in ("opensearch.yml", "log4j2.properties"):
        shutil.copy(RECIPE / name, home / "config" / name)
    for name in ("entry.sh", "make-class-archive.sh"):
        shutil.copy(RECIPE / name, home / name)


def _maven(*arguments) -> None:
    run(["mvn", "-q", "-B", f"-Dmaven.repo.local={REPOSITORY}", *arguments])


def _copy_dependencies(dependencies, target: Path) -> None:
    listed = "".join(DEPENDENCY.format(*d) for d in dependencies)
    with tempfile.TemporaryDirectory() as work:
        pom = Path(work) / "pom.xml"
        pom.write_text(POM.format(name=dependencies[0][1], dependencies=listed), encoding="utf-8")
        retry(f"{dependencies[0][1]} {dependencies[0][2]}", lambda: _maven(
            "-f", pom, "dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={target}"))


def _copy_artifact(coordinates: str, target: Path, attempts: int = 4) -> None:
    retry(coordinates, lambda: _maven("dependency:copy", f"-Dartifact={coordinates}", f"-DoutputDirectory={target}"),
          attempts)


def _copy_class_loader(version: str, target: Path) -> None:
    try:
        _copy_artifact(f"{CLASSLOADER}:{version}", target, attempts=1)
    except LabError:
        _copy_artifact(f"{CLASSLOADER}:{CLASSLOADER_FALLBACK}", target)


def _log4j_version(lib: Path) -> str:
    for jar in lib.glob("log4j-api-*.jar"):
        return jar.name.removeprefix("log4j-api-").removesuffix(".jar")
    raise LabError(f"{lib} has no log4j-api jar: Maven Central's opensearch artifact has changed its dependencies")


def _add_module(version: str, home: Path, name: str, plugin: str) -> Path:
    module = home / "modules" / name
    _copy_dependencies([("org.opensearch.plugin", f"{name}-client", version)], module)
    for jar in (home / "lib").iterdir():
        (module / jar.name).unlink(missing_ok=True)
    describe_module(version, module, plugin)
    return module


def describe_module(version: str, module: Path, plugin: str) -> None:
    """Writes the descriptor of the module in the folder of its name; `plugin` is its class below org.opensearch."""
    java = {"1": "1.8", "2": "11"}.get(version.split(".", 1)[0], "21")
    text = DESCRIPTOR.format(version=version, name=module.name, plugin=plugin, java=java)
    (module / "plugin-descriptor.properties").write_text(text, encoding="ascii")


def _add_agent(version: str, target: Path) -> None:
    for name in ("opensearch-agent", "opensearch-agent-bootstrap"):
        _copy_artifact(f"org.opensearch:{name}:{version}", target)
    with zipfile.ZipFile(target / f"opensearch-agent-{version}.jar") as jar:
        manifest = re.sub(r"\r?\n ", "", jar.read("META-INF/MANIFEST.MF").decode())
    match = re.search(r"byte-buddy-([0-9.]+)\.jar", manifest)
    if not match:
        raise LabError(f"the manifest of opensearch-agent-{version}.jar names no byte-buddy version")
    _copy_artifact(f"net.bytebuddy:byte-buddy:{match[1]}", target)

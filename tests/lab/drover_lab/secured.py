"""Clusters with the security plugin: images that carry it, certificates, users.

The plugin comes from Maven Central as a zip; the image is the plain one of the same version with the zip unpacked into
plugins/ and its default configuration (user admin, password admin) beside it.
"""

import hashlib
import json
import shutil
import tempfile
import zipfile
from pathlib import Path

from . import base_image, images, node_home, registry, settings
from .engine import DOCKER
from .rest import Access
from .settings import CLUSTERS
from .shell import LabError, retry, run, say, write_file

REPOSITORY = "opensearch-security"
PLUGIN = "org.opensearch.plugin:opensearch-security"
VERSIONS = ("2.11.1", "2.19.1", "2.19.3", "2.19.4", "3.4.0")
ADMINISTRATOR = ("admin", "admin")
# Whom Drover comes in as. No test may find this password anywhere but in its file.
USER, PASSWORD = "drover", "lab-Secret-7f3c91"
NODE_USER = 1000
RULE_FRAMEWORK = base_image.RECIPE / "rule-framework"
# The security plugin of 3.x has it from the module that it extends.
COLLECTIONS = "org.apache.commons:commons-collections4:4.4"
DOCKERFILE = """ARG PLAIN
FROM ${PLAIN}
COPY --chown=1000 home/ /usr/share/opensearch/
# OpenJDK 21 crashes where the plugin's classes meet the archive made without it (seen with 3.4.0 and its Java agent).
RUN rm -f /usr/share/opensearch/cds/opensearch.jsa
"""
# In the form of environment variables, as the plain settings of a node are given.
NODE_SETTINGS = (
    "plugins.security.ssl.transport.pemcert_filepath=certs/node.pem",
    "plugins.security.ssl.transport.pemkey_filepath=certs/node-key.pem",
    "plugins.security.ssl.transport.pemtrustedcas_filepath=certs/ca.pem",
    "plugins.security.ssl.transport.enforce_hostname_verification=false",
    "plugins.security.ssl.http.enabled=true",
    "plugins.security.ssl.http.pemcert_filepath=certs/node.pem",
    "plugins.security.ssl.http.pemkey_filepath=certs/node-key.pem",
    "plugins.security.ssl.http.pemtrustedcas_filepath=certs/ca.pem",
    "plugins.security.allow_default_init_securityindex=true",
    "plugins.security.authcz.admin_dn=CN=admin",
    "plugins.security.nodes_dn=CN=node",
    "plugins.security.restapi.roles_enabled=all_access",
)


def folder(name: str) -> Path:
    """Where the certificates and the password of a cluster are."""
    return CLUSTERS / f"{name}-tls"


def access(name: str) -> Access:
    """How a client comes in."""
    return Access(str(folder(name) / "ca.pem"), *ADMINISTRATOR)


def is_made(version: str) -> bool:
    """Whether the registry's storage holds the image with the plugin, made from the present plain one."""
    try:
        mark = json.loads(_mark(version).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return mark.get("recipe") == _recipe() and images.is_made(version) and registry.has(REPOSITORY, version)


def ensure(versions) -> None:
    """Builds and pushes the images with the plugin that are not there yet, and the plain ones below them."""
    for version in versions:
        if version not in VERSIONS:
            raise LabError(f"the security plugin is not on Maven Central for {version}; it is for {', '.join(VERSIONS)}")
    images.ensure(versions)
    missing = [v for v in dict.fromkeys(versions) if not is_made(v)]
    if missing:
        with images.builder() as environment:
            for version in missing:
                _make(version, environment)


def make_user(client) -> None:
    """The user that Drover comes in as."""
    client.call("PUT", f"/_plugins/_security/api/internalusers/{USER}",
                {"password": PASSWORD, "backend_roles": ["admin"]})


def make_certificates(name: str, addresses) -> None:
    """One authority, one certificate for all nodes of the cluster, one for the administrator, and the password."""
    target = folder(name)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=lab authority",
         "-keyout", target / "ca-key.pem", "-out", target / "ca.pem"])
    names = ",".join(f"IP:{a}" for a in addresses)
    _certificate(target, "node", f"subjectAltName={names}\nextendedKeyUsage=serverAuth,clientAuth\n")
    _certificate(target, "admin", "extendedKeyUsage=clientAuth\n")
    write_file(target / "password", PASSWORD + "\n", mode=0o600)
    run(["chown", "-R", f"{NODE_USER}:{NODE_USER}", target])


def _certificate(target: Path, name: str, extensions: str) -> None:
    write_file(target / f"{name}.ext", extensions)
    run(["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", target / f"{name}-key.pem",
         "-out", target / f"{name}.csr"])
    run(["openssl", "x509", "-req", "-in", target / f"{name}.csr", "-CA", target / "ca.pem", "-CAkey", target / "ca-key.pem",
         "-CAcreateserial", "-days", "30", "-extfile", target / f"{name}.ext", "-out", target / f"{name}.pem"])


def _add_rule_framework(version: str, module: Path) -> None:
    with tempfile.TemporaryDirectory() as classes:
        run(["javac", "--release", "17", "-d", classes, *sorted(RULE_FRAMEWORK.glob("*.java"))])
        module.mkdir(parents=True)
        retry(COLLECTIONS, lambda: run(["mvn", "-q", "-B", f"-Dmaven.repo.local={node_home.REPOSITORY}", "dependency:copy",
                                        f"-Dartifact={COLLECTIONS}", f"-DoutputDirectory={module}"]))
        run(["jar", "--create", "--file", module / "rule-framework.jar", "-C", classes, "org/opensearch/rule"])
    node_home.describe_module(version, module, "rule.RuleFrameworkPlugin")


def _mark(version: str) -> Path:
    return images.MARKS / f"{REPOSITORY}-{version}.json"


def _recipe() -> str:
    stand_in = hashlib.sha256("".join(f.read_text(encoding="utf-8") for f in sorted(RULE_FRAMEWORK.glob("*.java"))).encode())
    return f"{base_image.tag()} {images.recipe_hash()} {DOCKERFILE} {COLLECTIONS} {stand_in.hexdigest()}"


def _make(version: str, environment: dict) -> None:
    reference = f"{settings.REGISTRY}/{REPOSITORY}:{version}"
    with tempfile.TemporaryDirectory(dir=settings.CACHE, prefix="image-") as work:
        context = Path(work)
        plugin = context / "home/plugins/opensearch-security"
        plugin.mkdir(parents=True)
        coordinates = f"{PLUGIN}:{version}.0:zip"
        retry(coordinates, lambda: run(["mvn", "-q", "-B", f"-Dmaven.repo.local={node_home.REPOSITORY}", "dependency:copy",
                                        f"-Dartifact={coordinates}", f"-DoutputDirectory={work}/zip"]))
        with zipfile.ZipFile(next((context / "zip").glob("*.zip"))) as archive:
            archive.extractall(plugin)
        shutil.rmtree(context / "zip")
        (context / "home/config").mkdir()
        shutil.move(plugin / "config", context / "home/config/opensearch-security")
        if "rule-framework" in (plugin / "plugin-descriptor.properties").read_text(encoding="utf-8"):
            _add_rule_framework(version, context / "home/modules/rule-framework")
        write_file(context / "Dockerfile", DOCKERFILE)
        say(f"building {reference}")
        run([DOCKER, "build", "--network", "none", "--build-arg", f"PLAIN={images.reference(version)}",
             "-t", reference, context], env=environment)
    retry(f"pushing {reference}", lambda: run([DOCKER, "push", "-q", reference], env=environment))
    write_file(_mark(version), json.dumps({"recipe": _recipe()}) + "\n")

"""The lab's image registry, on the bridge's address. Its storage is in the cache, so that images outlive a lab."""

import hashlib
import json
import os
import subprocess
import urllib.error
import urllib.request

from . import processes, settings
from .shell import LabError, wait_until, write_file

PROGRAM = "/usr/bin/docker-registry"
STORAGE = settings.CACHE / "registry"
CONFIGURATION = settings.LAB / "registry/config.yml"
URL = f"http://{settings.BRIDGE_ADDRESS}:5000/v2"
SOURCE = "opensearch"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def start() -> None:
    """Starts the registry unless it runs; the bridge must be there."""
    if pids():
        return
    if not os.path.exists(PROGRAM):
        raise LabError(f"{PROGRAM} is not on this machine: run scripts/setup lab")
    STORAGE.mkdir(parents=True, exist_ok=True)
    write_file(CONFIGURATION, "version: 0.1\nlog: {level: warn, accesslog: {disabled: true}}\n"
                              f"storage: {{filesystem: {{rootdirectory: {STORAGE}}}, delete: {{enabled: true}}}}\n"
                              f"http: {{addr: '{settings.BRIDGE_ADDRESS}:5000'}}\n")
    with open(CONFIGURATION.parent / "registry.log", "ab") as log:
        subprocess.Popen([PROGRAM, "serve", str(CONFIGURATION)], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                         cwd="/", start_new_session=True)
    wait_until("the registry", _answers, 20, hint=f"see {CONFIGURATION.parent}/registry.log; if its port is in use, "
               "a registry of the machine's own listens on every address: stop docker-registry.service")


def stop() -> None:
    """Ends the registry if it runs."""
    processes.end(pids(), patience=10)


def pids() -> list:
    """The pids of this lab's registry: one, or none."""
    return processes.find(lambda argv: argv[0] == PROGRAM and str(CONFIGURATION) in argv)


def has(repository: str, tag: str) -> bool:
    """Whether the storage holds a complete manifest under that tag; the registry need not run."""
    manifests = STORAGE / "docker/registry/v2/repositories" / repository / "_manifests"
    try:
        digest = (manifests / f"tags/{tag}/current/link").read_text(encoding="ascii").strip()
    except OSError:
        return False
    algorithm, _, value = digest.partition(":")
    return (STORAGE / f"docker/registry/v2/blobs/{algorithm}/{value[:2]}/{value}/data").exists()


def tag(existing: str, repository: str, fresh: str, variable=None, entrypoint=None, source=SOURCE) -> None:
    """Gives the image SOURCE:EXISTING a second name, REPOSITORY:FRESH; with a variable (NAME=VALUE) or an entry point an
    image that differs in that."""
    manifest = json.loads(_call("GET", f"{source}/manifests/{existing}", None, MANIFEST))
    text = _call("GET", f"{source}/blobs/{manifest['config']['digest']}", None)
    if variable or entrypoint:
        config = json.loads(text)
        config["config"].setdefault("Env", []).extend([variable] if variable else [])
        config["config"]["Entrypoint"] = entrypoint or config["config"]["Entrypoint"]
        text = json.dumps(config).encode()
    digest = "sha256:" + hashlib.sha256(text).hexdigest()
    _upload(repository, digest, text)
    manifest["config"] |= {"digest": digest, "size": len(text)}
    for layer in manifest["layers"] if repository != source else []:
        _call("POST", f"{repository}/blobs/uploads/?mount={layer['digest']}&from={source}", b"")
    _call("PUT", f"{repository}/manifests/{fresh}", json.dumps(manifest).encode(), MANIFEST)


def _upload(repository: str, digest: str, data: bytes) -> None:
    request = urllib.request.Request(f"{URL}/{repository}/blobs/uploads/", b"", method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        place = answer.headers["Location"]
    request = urllib.request.Request(f"{place}&digest={digest}", data, {"Content-Type": "application/octet-stream"},
                                     method="PUT")
    with urllib.request.urlopen(request, timeout=10):
        pass


def _call(method: str, path: str, data, kind: str = "application/octet-stream") -> bytes:
    request = urllib.request.Request(f"{URL}/{path}", data, {"Accept": kind, "Content-Type": kind}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read()
    except (urllib.error.URLError, OSError) as e:
        raise LabError(f"{method} {URL}/{path}: {e}; is the registry up? `lab registry start`") from e


def _answers() -> bool:
    try:
        with urllib.request.urlopen(f"http://{settings.BRIDGE_ADDRESS}:5000/v2/", timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False

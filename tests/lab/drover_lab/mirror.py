"""The Debian mirror this machine uses, and packages of another release from it without installing them."""

import os
import re
from pathlib import Path

from . import settings
from .shell import LabError, retry, run, write_file

SOURCES = Path("/etc/apt")
NEXT_RELEASE = "trixie"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def address() -> str:
    """The address of the machine's own Debian mirror, read from its apt sources."""
    codename = _codename()
    files = [*sorted((SOURCES / "sources.list.d").glob("*")), SOURCES / "sources.list"]
    for file in (f for f in files if f.suffix in (".sources", ".list") and f.is_file()):
        text = file.read_text(encoding="utf-8", errors="replace")
        found = _in_stanzas(text, codename) if file.suffix == ".sources" else _in_lines(text, codename)
        if found:
            return found.rstrip("/")
    raise LabError(f"no apt source in {SOURCES} serves {codename}: the lab takes {NEXT_RELEASE}'s packages from the "
                   "mirror of the machine's own release; add a Debian source")


def download(package: str, target: Path) -> None:
    """Unpacks a package of the next Debian release into target; the machine's own packages stay as they are."""
    work = settings.CACHE / "apt"
    for name in ("lists/partial", "archives/partial"):
        (work / name).mkdir(parents=True, exist_ok=True)
    write_file(work / "sources.list", f"deb [signed-by={KEYRING}] {address()} {NEXT_RELEASE} main\n")
    options = ["-o", f"Dir::Etc::SourceList={work}/sources.list", "-o", "Dir::Etc::SourceParts=-",
               "-o", f"Dir::State::Lists={work}/lists", "-o", f"Dir::Cache={work}", "-o", "APT::Sandbox::User=root",
               "-o", "Acquire::Languages=none"]

    def fetch() -> None:
        for old in work.glob("*.deb"):
            old.unlink()
        run(["apt-get", *options, "-qq", "update"])
        run(["apt-get", *options, "-qq", "download", f"{package}/{NEXT_RELEASE}"], cwd=work)

    retry(f"{package} from {NEXT_RELEASE}", fetch)
    archives = list(work.glob("*.deb"))
    if len(archives) != 1:
        raise LabError(f"apt-get download {package}/{NEXT_RELEASE} left {len(archives)} files in {work}, expected one")
    run(["dpkg-deb", "-x", archives[0], target])


def proxy_environment() -> dict:
    """The environment in which a downloader goes the way apt goes."""
    answer = run(["apt-config", "shell", "proxy", "Acquire::http::Proxy"], check=False).stdout
    match = re.search(r"proxy='([^']+)'", answer)
    return dict(os.environ) | ({"http_proxy": match[1]} if match and match[1] != "DIRECT" else {})


def _codename() -> str:
    match = re.search(r"^VERSION_CODENAME=(\S+)", Path("/etc/os-release").read_text(encoding="utf-8"), re.M)
    if not match:
        raise LabError("/etc/os-release names no VERSION_CODENAME: the lab runs on Debian")
    return match[1]


def _in_stanzas(text: str, codename: str) -> str:
    for stanza in re.split(r"\n\s*\n", text):
        lines = (line for line in stanza.splitlines() if not line.startswith("#"))
        fields = dict(line.split(":", 1) for line in lines if ":" in line)
        if codename in fields.get("Suites", "").split() and "deb" in fields.get("Types", "").split():
            return fields.get("URIs", "").split()[0]
    return ""


def _in_lines(text: str, codename: str) -> str:
    match = re.search(rf"^deb\s+(?:\[[^]]*\]\s+)?(\S+)\s+{codename}\s", text, re.M)
    return match[1] if match else ""

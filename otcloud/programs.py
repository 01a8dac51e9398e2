"""The programs that otcloud runs in interpreters of their own: locked requirements in, a path to an interpreter out.

A venv is built beside its final name and renamed, under a lock: two runs at once build it once, and a kill in the
middle leaves nothing that a later run would take for whole.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from otcloud import process
from otcloud.errors import CredentialOrProgramMissing, HarborFailed, InputInvalid
from otcloud.runs.journal import locked

LOCKS = Path(__file__).parent / "locks"
SANDBOX_EXTRAS = ("daytona", "modal", "e2b", "runloop")
"""Sandbox types whose client library is no part of plain Harbor and has a lock of its own."""

_BUILD_TIMEOUT_SEC = 1800
_NETWORK_WORDS = ("dns", "connect", "timed out", "network", "certificate", "could not resolve", "failed to fetch")
_SECRET_WORDS = ("KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL")


_PASSED_ON = frozenset(
    {
        *("PATH", "LD_LIBRARY_PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "DAYTONA_API_URL"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy", "DAYTONA_TARGET"),
    }
)
_PREFIXES = ("SSL_CERT_", "XDG_", "DOCKER_", "CONTAINER_", "CONTAINERS_", "PODMAN_", "REQUESTS_CA_", "CURL_CA_")


@dataclass(frozen=True)
class Harbor:
    """A ready Harbor: its interpreter, its command, and the folder of our code for its PYTHONPATH."""

    python: Path
    command: Path
    code: Path

    def environment(
        self, environ: Mapping[str, str], secrets: Mapping[str, str], agent: Path | None = None
    ) -> dict[str, str]:
        """What Harbor's interpreter is given: what programs need, the run's secrets, and nothing else.

        `agent` is the folder of an agent of the user's own, from which Harbor imports too.
        `HARBOR_TELEMETRY=0`: Harbor reports usage by default. The price map would be fetched at every start.
        """
        env = {name: value for name, value in environ.items() if name in _PASSED_ON or name.startswith(_PREFIXES)}
        direct = (environ.get("no_proxy") or environ.get("NO_PROXY"), "127.0.0.1,localhost")
        return env | {
            "PYTHONPATH": os.pathsep.join(str(folder) for folder in (self.code, agent) if folder is not None),
            "HARBOR_TELEMETRY": "0",
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "PYTHONUNBUFFERED": "1",
            "NO_PROXY": ",".join(filter(None, direct)),
            **secrets,
        }


def harbor_lock(version: str, sandbox: str) -> str:
    """The name of the lock file for a Harbor version and a sandbox type. Error: InputInvalid naming those there are."""
    name = f"harbor-{version}-{sandbox}" if sandbox in SANDBOX_EXTRAS else f"harbor-{version}"
    if not (LOCKS / f"{name}.txt").is_file():
        versions = sorted({path.stem.split("-")[1] for path in LOCKS.glob("harbor-*.txt")})
        raise InputInvalid(
            f"programs.harbor: {version} is not a version that this otcloud can run",
            do=f"take one of: {', '.join(versions)}",
        )
    return name


def ensure_harbor(lock_name: str, cache: Path, environ: Mapping[str, str], say: Callable[[str], None]) -> Harbor:
    """Harbor in a venv of its own, built on first use, and otcloud's code for its PYTHONPATH.

    Errors: CredentialOrProgramMissing without uv, HarborFailed when the venv cannot be built.
    """
    lock = LOCKS / f"{lock_name}.txt"
    digest = hashlib.sha256(lock.read_bytes() + f"{sys.version_info[:2]}".encode()).hexdigest()[:16]
    venv = cache / "programs" / f"{lock_name}-{digest}"

    def build(folder: Path) -> None:
        say(f"setting up {lock_name} in {venv} (once; later runs start at once)")
        _build(lock, folder, environ)

    # An interpreter that was removed under a venv leaves a link to nothing: such a venv is built again.
    _once(venv, "bin/python", build)
    return Harbor(venv / "bin" / "python", venv / "bin" / "harbor", ensure_code(cache))


def ensure_code(cache: Path) -> Path:
    """A folder that holds a copy of this otcloud package and nothing else, named by its content."""
    package = Path(__file__).parent
    sources = {
        path.relative_to(package): path.read_bytes()
        for path in sorted(package.rglob("*.py"))
        if "_data" not in path.parts
    }
    digest = hashlib.sha256()
    for name, content in sources.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    folder = cache / "code" / digest.hexdigest()[:16]

    def copy(building: Path) -> None:
        for name, content in sources.items():
            target = building / "otcloud" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    _once(folder, "otcloud/__init__.py", copy)
    return folder


def _once(folder: Path, mark: str, build: Callable[[Path], None]) -> None:
    """Have a folder made, whole or not at all and by one process at a time; it is there when it holds `mark`."""
    if (folder / mark).exists():
        return
    building = folder.with_name(f"{folder.name}.building")
    try:
        with locked(folder.with_name(f"{folder.name}.lock"), wait_sec=_BUILD_TIMEOUT_SEC) as held:
            if (folder / mark).exists():
                return
            if held is None:
                raise HarborFailed(
                    f"another process has been building {folder} for half an hour", do="end that process"
                )
            for left in (building, folder):
                shutil.rmtree(left, ignore_errors=True)
            build(building)
            building.rename(folder)
    except OSError as error:
        raise HarborFailed(
            f"cannot write the folder of programs: {error.strerror or error}",
            why=str(error.filename or folder),
            do="make room, or set OTCLOUD_CACHE to a folder that can be written",
        ) from error


def _build(lock: Path, building: Path, environ: Mapping[str, str]) -> None:
    names = [name for name in (environ.get("UV"), "uv") if name]
    uv = next((found for name in names if (found := shutil.which(name, path=environ.get("PATH", "")))), None)
    if uv is None:
        raise CredentialOrProgramMissing("the program `uv` is not on the PATH", do="install it: pip install uv")
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    env = {name: value for name, value in environ.items() if not _is_secret(name)} | {"VIRTUAL_ENV": ""}
    steps: list[list[str | Path]] = [
        [uv, "venv", "--quiet", "--relocatable", "--no-project", "--python", base, building],
        [uv, "pip", "install", "--quiet", "--require-hashes", "--python", building / "bin/python", "-r", lock],
    ]
    for step in steps:
        done = process.run(step, env=env, timeout_sec=_BUILD_TIMEOUT_SEC)
        if done.code != 0:
            shutil.rmtree(building, ignore_errors=True)
            raise _build_error(lock.stem, done.stderr)


def _build_error(name: str, stderr: str) -> HarborFailed:
    tail = "\n".join(line for line in stderr.strip().splitlines()[-12:])
    if any(word in stderr.lower() for word in _NETWORK_WORDS):
        return HarborFailed(
            f"cannot set up {name}: the package index could not be reached",
            why=tail,
            do="check the network or proxy (UV_INDEX_URL, HTTPS_PROXY), then run the same command again",
        )
    return HarborFailed(f"cannot set up {name}", why=tail, do="mend what uv says above, then run the command again")


def _is_secret(name: str) -> bool:
    # uv's own variables may hold the password of a private index, and uv is who gets them.
    return not name.startswith("UV_") and any(word in name.upper() for word in _SECRET_WORDS)

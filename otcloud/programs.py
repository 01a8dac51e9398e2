"""The programs that otcloud runs in interpreters of their own: locked requirements in, a path to an interpreter out.

A venv is built beside its final name and renamed, under a lock: two runs at once build it once, and a kill in the
middle leaves nothing that a later run would take for whole.
"""

import hashlib
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


@dataclass(frozen=True)
class Harbor:
    """A ready Harbor: its interpreter, its command, and the one folder its PYTHONPATH holds."""

    python: Path
    command: Path
    code: Path


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
    with locked(venv.with_suffix(".lock"), wait_sec=_BUILD_TIMEOUT_SEC) as held:
        if not venv.is_dir():
            if held is None:
                raise HarborFailed(f"another process has been building {venv.name} for half an hour", do="end it")
            say(f"setting up {lock_name} in {venv} (once; later runs start at once)")
            _build(lock, venv, environ)
    return Harbor(venv / "bin" / "python", venv / "bin" / "harbor", ensure_code(cache))


def ensure_code(cache: Path) -> Path:
    """A folder that holds a copy of this otcloud package and nothing else, named by its content."""
    package = Path(__file__).parent
    sources = sorted(path for path in package.rglob("*.py") if "_data" not in path.parts)
    digest = hashlib.sha256()
    for path in sources:
        digest.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes() + b"\0")
    folder = cache / "code" / digest.hexdigest()[:16]
    with locked(folder.with_suffix(".lock"), wait_sec=60):
        if not folder.is_dir():
            building = folder.with_suffix(".building")
            shutil.rmtree(building, ignore_errors=True)
            for path in sources:
                target = building / "otcloud" / path.relative_to(package)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
            building.rename(folder)
    return folder


def _build(lock: Path, venv: Path, environ: Mapping[str, str]) -> None:
    uv = environ.get("UV") or shutil.which("uv", path=environ.get("PATH"))
    if not uv:
        raise CredentialOrProgramMissing("the program `uv` is not on the PATH", do="install it: pip install uv")
    building = venv.with_suffix(".building")
    shutil.rmtree(building, ignore_errors=True)
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
    building.rename(venv)


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

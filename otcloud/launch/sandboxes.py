"""Which sandboxes `sandbox.type: auto` may take on this machine. That the embedded one works is remembered until the
next boot; that it does not is asked anew, because the user may have mended it."""

import contextlib
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from otcloud import __version__, process
from otcloud.runs.journal import read_json, write_json

_ASK_TIMEOUT_SEC = 10.0
_BOOT = Path("/proc/sys/kernel/random/boot_id")


def sandboxes(environ: Mapping[str, str], cache: Path) -> dict[str, str | None]:
    """The sandboxes that `auto` may take, first choice first: None when it works here, else the reason why not."""
    local = _local_problem(cache / "sandbox-works.json")
    if local is None:
        return {"local": None}
    return {
        "local": local,
        "docker": _engine_problem("docker", ["docker", "compose", "version"], environ),
        "podman": _engine_problem("podman", ["podman-compose", "version"], environ),
    }


def _local_problem(memory: Path) -> str | None:
    here = _here()
    if here is not None and read_json(memory) == here:
        return None
    from otcloud.harbor_ext.sandbox.probe import probe

    problem = probe(sys.executable)
    if problem is None and here is not None:
        with contextlib.suppress(OSError):  # a cache that cannot be written: asked again the next time
            write_json(memory, here)
    return problem


def _here() -> dict[str, object] | None:
    """What the answer depends on: this boot of this kernel, this user, this interpreter, this otcloud."""
    try:
        boot = _BOOT.read_text().strip()
    except OSError:
        return None  # no Linux, or a hidden /proc: nothing is remembered
    return {"boot": boot, "user": os.getuid(), "python": sys.executable, "otcloud": __version__}


def _engine_problem(engine: str, compose: list[str], environ: Mapping[str, str]) -> str | None:
    if shutil.which(engine, path=environ.get("PATH")) is None:
        return f"the program {engine} is not installed"
    info = process.run([engine, "info"], env=environ, timeout_sec=_ASK_TIMEOUT_SEC)
    if info.code != 0:
        said = (info.stderr or info.stdout).strip().splitlines()
        return f"`{engine} info` fails: {said[-1] if said else 'it does not answer'}"
    if shutil.which(compose[0], path=environ.get("PATH")) is None:
        return f"the program {compose[0]} is not installed"
    done = process.run(compose, env=environ, timeout_sec=_ASK_TIMEOUT_SEC)
    return None if done.code == 0 else f"`{' '.join(compose)}` fails: install the compose plug-in of {engine}"

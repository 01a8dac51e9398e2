"""Which sandboxes work on this machine, as far as a recipe's `sandbox.type` wants to know. That the embedded one works
is remembered until the next boot; that it does not is asked anew, because the user may have mended it."""

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from otcloud import __version__, containers
from otcloud.plan.containers import CONTAINER_SANDBOXES
from otcloud.runs.journal import read_json, write_json

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def sandboxes(wanted: str, environ: Mapping[str, str], cache: Path) -> dict[str, str | None] | None:
    """Sandbox type -> None when it works here, else the reason why not, for what a recipe wants.

    `auto`: all that it may take, first choice first. docker or podman: that one. None for the others, which run
    elsewhere or are looked at when they start.
    """
    if wanted in CONTAINER_SANDBOXES:
        return {wanted: _reason(wanted, environ)}
    if wanted != "auto":
        return None
    local = _local_problem(cache / "sandbox-works.json")
    if local is None:
        return {"local": None}
    return {"local": local, **{name: _reason(name, environ) for name in CONTAINER_SANDBOXES}}


def _reason(engine: str, environ: Mapping[str, str]) -> str | None:
    lack = containers.missing(engine, environ)
    return None if lack is None else str(lack)


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

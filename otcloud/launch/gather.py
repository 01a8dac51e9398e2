"""Gathering facts: everything that compilation wants to know of the world, asked before it.

What cannot be known (no network, no such file yet) stays None, and the plan says so.
"""

import hashlib
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from otcloud import __version__, process
from otcloud.datasets import tasks
from otcloud.engines.recording import load as load_recording
from otcloud.errors import InputInvalid, UsageError
from otcloud.harbor_ext.sandbox.probe import probe
from otcloud.plan.facts import Facts
from otcloud.recipe.schema import Recipe
from otcloud.runs.layout import run_id
from otcloud.secrets import ALIASES, Secrets

_ASK_TIMEOUT_SEC = 10.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What a run may be called: it becomes a folder and part of other names."""


@dataclass(frozen=True)
class Moment:
    """The clock and the randomness of one command."""

    now: datetime
    suffix: str


def gather(recipe: Recipe, secrets: Secrets, environ: Mapping[str, str], moment: Moment, name: str | None) -> Facts:
    """Facts for one recipe. `name` is the run id that the user asked for.

    Errors: InputInvalid when a local source of tasks or a recording cannot be used, UsageError for a name that is none.
    """
    if name is not None and not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot be the name of a run", do="--job-name takes letters, digits, `.`, `_`, `-`")
    recording = recipe.model.recording if recipe.model.engine == "replay" else None
    recorded = load_recording(recording) if recording is not None else None
    return Facts(
        run_id=name or run_id(recipe.name or recipe.kind, moment.now.strftime("%Y%m%d-%H%M%S"), moment.suffix),
        now=moment.now.isoformat(timespec="seconds"),
        otcloud_version=__version__,
        tasks=_local_tasks(recipe),
        recording_sha256=hashlib.sha256(recording.read_bytes()).hexdigest() if recording is not None else None,
        recorded_model=recorded.model if recorded is not None else None,
        sandboxes=sandboxes(environ) if recipe.sandbox.type == "auto" else None,
        secrets=tuple(sorted({*secrets.values, *secrets.pick(_asked_for(recipe))})),
    )


def _asked_for(recipe: Recipe) -> tuple[str, ...]:
    """Secrets that may be there under another name, or whose name does not sound like one."""
    return (*ALIASES, *recipe.secrets, *filter(None, [recipe.model.api_key]))


def sandboxes(environ: Mapping[str, str]) -> dict[str, str | None]:
    """The sandboxes that `auto` may take, first choice first, each with the reason why it does not work here."""
    found: dict[str, str | None] = {"local": probe(sys.executable)}
    if found["local"] is not None:
        found["docker"] = _engine_problem("docker", ["docker", "compose", "version"], environ)
        found["podman"] = _engine_problem("podman", ["podman-compose", "version"], environ)
    return found


def _local_tasks(recipe: Recipe) -> "tasks.TaskSet | None":
    path = recipe.tasks.path
    return None if path is None or path.suffix == ".parquet" else tasks.find(recipe.tasks, path)


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


def recording_of(recipe: Recipe) -> Path | None:
    """The recording that a run of this recipe takes along."""
    if recipe.model.engine != "replay":
        return None
    if recipe.model.recording is None:
        raise InputInvalid("model.recording is missing", do="name the file of recorded answers")
    return recipe.model.recording

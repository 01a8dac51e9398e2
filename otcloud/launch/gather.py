"""Gathering facts: everything that compilation wants to know of the world, asked before it.

What cannot be known (no network, no such file yet) stays None, and the plan says so.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from otcloud import __version__
from otcloud.datasets import tasks
from otcloud.engines.recording import load as load_recording
from otcloud.errors import InputInvalid, UsageError
from otcloud.launch import agent_code, sky_prices
from otcloud.launch.model_config import find_shape
from otcloud.launch.place import Place
from otcloud.launch.sandboxes import sandboxes
from otcloud.launch.task_templates import task_templates
from otcloud.launch.uploads import uploads
from otcloud.plan.api import api_secrets
from otcloud.plan.facts import Facts, TaskSet
from otcloud.recipe.schema import Recipe
from otcloud.runs.layout import run_id
from otcloud.secrets import ALIASES

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""What a run may be called: it becomes a folder and part of other names."""


@dataclass(frozen=True)
class Moment:
    """The clock and the randomness of one command."""

    now: datetime
    suffix: str


def gather(recipe: Recipe, place: Place, moment: Moment, name: str | None) -> Facts:
    """Facts for one recipe. `name` is the run id that the user asked for.

    Errors: InputInvalid when a local source of tasks or a recording cannot be used, UsageError for a name that is none.
    """
    if name is not None and not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot be the name of a run", do="--job-name takes letters, digits, `.`, `_`, `-`")
    recording = recipe.model.recording if recipe.model.engine == "replay" else None
    recorded = load_recording(recording) if recording is not None else None
    found = _local_tasks(recipe)
    offered, catalogs = sky_prices.offers(recipe, place.cache, place.environ, moment.now.strftime("%Y%m%d"))
    return Facts(
        run_id=name or run_id(recipe.name or recipe.kind, moment.now.strftime("%Y%m%d-%H%M%S"), moment.suffix),
        now=moment.now.isoformat(timespec="seconds"),
        otcloud_version=__version__,
        tasks=found,
        recording_sha256=hashlib.sha256(recording.read_bytes()).hexdigest() if recording is not None else None,
        agent_digest=agent_code.digest(recipe.agent),
        recorded_model=recorded.model if recorded is not None else None,
        shape=find_shape(recipe.model, place.environ, place.cwd),
        sandboxes=_sandboxes(recipe, place),
        templates={} if recipe.compute.providers == ["local"] else task_templates(),
        secrets=tuple(sorted({*place.secrets.values, *place.secrets.pick(_asked_for(recipe))})),
        offers=offered,
        catalogs=catalogs,
        uploads=uploads(recipe, found),
    )


def _sandboxes(recipe: Recipe, place: Place) -> dict[str, str | None] | None:
    """What is known of this machine's sandboxes; an engine that is named is looked at where the run will be."""
    if recipe.sandbox.type != "auto" and recipe.compute.providers != ["local"]:
        return None
    return sandboxes(recipe.sandbox.type, place.environ, place.cache)


def _asked_for(recipe: Recipe) -> tuple[str, ...]:
    """Secrets that may be there under another name, or whose name does not sound like one."""
    return (*ALIASES, *recipe.secrets, *api_secrets(recipe))


def _local_tasks(recipe: Recipe) -> TaskSet | None:
    path = recipe.tasks.path
    return None if path is None or path.suffix == ".parquet" else tasks.find(recipe.tasks, path)


def recording_of(recipe: Recipe) -> Path | None:
    """The recording that a run of this recipe takes along."""
    if recipe.model.engine != "replay":
        return None
    if recipe.model.recording is None:
        raise InputInvalid("model.recording is missing", do="name the file of recorded answers")
    return recipe.model.recording

"""What a command line ordered: read it, gather the facts, compile the plan, then start or take up a run."""

import secrets as randomness
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from otcloud.errors import InputInvalid, UsageError
from otcloud.launch.course import Ended, Inputs, launch, refuse_not_built, resume
from otcloud.launch.follow import View
from otcloud.launch.gather import Moment, gather, recording_of
from otcloud.launch.place import Place
from otcloud.plan.compile import compile_plan, resolve_sandbox
from otcloud.plan.plan import Plan
from otcloud.programs import harbor_lock
from otcloud.recipe.load import Loaded, load
from otcloud.recipe.show import to_yaml
from otcloud.runs.index import unfinished
from otcloud.runs.layout import RunDir
from otcloud.runs.state import read_state


@dataclass(frozen=True)
class Order:
    """The words of one command. `kind` is None where the recipe decides; `flags` are the recipe's, by parameter."""

    kind: str | None
    recipes: Sequence[str]
    preset: str | None
    sets: Sequence[str]
    flags: Mapping[str, Any]
    job_name: str | None = None
    new: bool = False


@dataclass(frozen=True)
class Prepared:
    """An order that has been understood: its recipe, its plan, what to tell the user."""

    order: Order
    place: Place
    loaded: Loaded
    plan: Plan
    warnings: tuple[str, ...]


def prepare(order: Order, place: Place) -> Prepared:
    """Load, gather, compile. Errors: InputInvalid with every problem of the recipe."""
    loaded = load(
        order.recipes, preset=order.preset, sets=order.sets, flags=order.flags, cwd=place.cwd, kind=order.kind
    )
    recipe = loaded.recipe
    moment = Moment(datetime.now(UTC), randomness.token_hex(2))
    facts = gather(recipe, place, moment, order.job_name)
    lock = harbor_lock(recipe.programs.harbor, resolve_sandbox(recipe.sandbox.type, facts.sandboxes))
    plan = compile_plan(recipe, facts, lock)
    return Prepared(order, place, loaded, plan, (*loaded.warnings, *plan.warnings))


def execute(prepared: Prepared, view: View, warn: Callable[[str], None]) -> Ended:
    """Take up the newest unfinished run of the same recipe, or start a new one."""
    order, place = prepared.order, prepared.place
    earlier = _named(prepared) if order.job_name else None
    if earlier is None and not order.new and not order.job_name:
        earlier = unfinished(prepared.plan.recipe_digest, place.runs_dir, view.say)
    if earlier is not None:
        return resume(earlier, place, view)
    refuse_not_built(prepared.plan)
    return launch(prepared.plan, _inputs(prepared.loaded), place, view, warn)


def _named(prepared: Prepared) -> RunDir | None:
    """The run that has the asked-for name: taken up when it is unfinished and of the same recipe."""
    plan = prepared.plan
    run = RunDir(prepared.place.runs_dir / plan.run_id)
    state = read_state(run)
    if state is None:
        return None
    if prepared.order.new or state.recipe_digest != plan.recipe_digest or state.is_finished:
        why = "it is finished" if state.is_finished else "it was started from another recipe, or --new was given"
        raise UsageError(f"there is a run {run.run_id} already", why=why, do="take another --job-name")
    return run


def _inputs(loaded: Loaded) -> Inputs:
    folder = loaded.recipe.tasks.path
    if folder is None:
        raise InputInvalid("the recipe names no folder of tasks", do="set tasks.path, or --tasks-input-path")
    recipe = loaded.recipe
    return Inputs(recipe=to_yaml(loaded), tasks=folder, recording=recording_of(recipe), agent=recipe.agent)

"""The plan of a run with other settings: the run's own recipe read again with the changes on top, and both compiled.

What differs between the two plans is changed in the plan in force. What may differ is said in plan/amend.py.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from otcloud.errors import InputInvalid
from otcloud.launch.gather import Moment, gather
from otcloud.launch.place import Place
from otcloud.node.slots import TaskEntry
from otcloud.plan.amend import changes, check_changes, check_identity, patched
from otcloud.plan.compile import compile_plan, resolve_sandbox
from otcloud.plan.facts import Facts
from otcloud.plan.plan import Plan
from otcloud.programs import harbor_lock
from otcloud.recipe.load import Loaded, load
from otcloud.recipe.schema import Recipe
from otcloud.runs.layout import RECORDING, RunDir


@dataclass(frozen=True)
class Base:
    """A run as it stands: its plan in force, the keys of its recipe that were changed earlier, its tasks."""

    run: RunDir
    plan: Plan
    settings: Mapping[str, Any]
    tasks: Sequence[TaskEntry]


@dataclass(frozen=True)
class Changed:
    """The plan with the changes; `changes`: key of the recipe -> value before and after."""

    plan: Plan
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict[str, tuple[Any, Any]])
    warnings: tuple[str, ...] = ()


def changed(base: Base, added: int, sets: Sequence[str], flags: Mapping[str, Any], place: Place) -> Changed:
    """The plan with so many more attempts, and with what `--set` texts and flags state.

    Errors: InputInvalid for what is no setting, or none that can be changed.
    """
    more = [f"trials.attempts={base.plan.harbor.attempts + added}"] if added else []
    before = _read(base, (), {}, place)
    try:
        loaded = _read(base, [*sets, *more], flags, place)
    except InputInvalid as error:
        # The stored recipe could be read as it is: what was typed now is at fault, and not that file.
        raise InputInvalid("the run cannot be changed so", why=error.why or error.what, do=error.do) from error
    found = changes(before.recipe, loaded.recipe)
    check_changes(base.plan.kind, [key for key in found if not (added and key == "trials.attempts")])
    facts = _facts(loaded.recipe, base.plan, place)
    as_it_was = facts.model_copy(update={"sandboxes": {base.plan.sandbox: None}})
    old = _compiled(before.recipe, as_it_was)
    new = _compiled(loaded.recipe, facts if "sandbox.type" in found else as_it_was)
    check_identity(old, new)
    return Changed(patched(base.plan, old, new), found, loaded.warnings)


def _read(base: Base, sets: Sequence[str], flags: Mapping[str, Any], place: Place) -> Loaded:
    kept = [*_own(base), *_sets(base.settings)]
    return load([base.run.recipe], sets=[*kept, *sets], flags=flags, cwd=place.cwd, kind=base.plan.kind)


def _own(base: Base) -> Iterator[str]:
    """The files that the recipe names, where the run has copies of them: the originals may be gone, or changed."""
    run = base.run
    yield "preset="
    if base.plan.tasks.kind == "path" and base.tasks:
        yield f"tasks.path={json.dumps(str((run.root / base.tasks[0].path).parent))}"
    if (run.root / RECORDING).is_file():
        yield f"model.recording={json.dumps(str(run.root / RECORDING))}"
    if run.agent.is_dir():
        yield f"agent.file={json.dumps(str(run.agent))}"


def _sets(settings: Mapping[str, Any]) -> Iterator[str]:
    """Earlier changes as `--set` has them; a mapping takes the place of what stood there, and is not laid over it."""
    for key, value in settings.items():
        if value is None or isinstance(value, dict):
            yield f"{key}="
        if value is not None and value != {}:
            yield f"{key}={json.dumps(value)}"


def _facts(recipe: Recipe, stored: Plan, place: Place) -> Facts:
    """The world of today, and of the run what was found when it started."""
    without_tasks = recipe.model_copy(update={"tasks": recipe.tasks.model_copy(update={"path": None})})
    facts = gather(without_tasks, place, Moment(datetime.now(UTC), ""), stored.run_id)
    return facts.model_copy(update={"now": stored.created, "tasks": stored.tasks.found})


def _compiled(recipe: Recipe, facts: Facts) -> Plan:
    lock = harbor_lock(recipe.programs.harbor, resolve_sandbox(recipe.sandbox.type, facts.sandboxes))
    return compile_plan(recipe, facts, lock)

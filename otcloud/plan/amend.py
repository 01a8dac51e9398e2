"""Amendments: what a later `resume` changes about a run, whose plan is written once. Pure.

An amendment holds the whole plan that is in force from then on, and which slots are run. What decides what a trial
*is* stays as it was: under one name there are results of one kind.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast

from pydantic import BaseModel

from otcloud.errors import InputInvalid, join_problems
from otcloud.plan.plan import Plan
from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.noun import Noun

type Only = Literal["infra", "failed", "missing"]

CHANGEABLE = (
    *("trials.concurrency", "trials.retries", "trials.retry_min_sec", "trials.retry_max_sec"),
    *("trials.retry_multiplier", "trials.infra_tolerance", "trials.early_stop", "sandbox", "limits", "publish"),
    *("serve.ready_timeout_min", "serve.max_restarts"),
)
"""Keys of a recipe, or sections, that may differ between two starts of one run."""

_CONDITIONS = ("sandbox.type", "sandbox.cpus", "sandbox.memory_mb", "sandbox.storage_mb", "sandbox.kwargs")
"""Those of them under which a score is made."""

_IDENTITY = ("model", "serve", "agent", "tasks", "trials", "programs")
_FREE_IN_JOB = ("n_concurrent_trials", "retry", "environment")
_FREE_IN_SERVE = ("ready_timeout_sec", "max_restarts")


class Amendment(Noun):
    """What `amendments/<number>.json` holds; it says all by itself, those before it are history."""

    amendment_version: Literal[1] = 1
    """Format of this document."""

    t: str
    """UTC, ISO 8601."""

    words: str
    """What was asked for, in a line."""

    changes: dict[str, tuple[Any, Any]]
    """Key of the recipe -> value before and after."""

    settings: dict[str, Any]
    """Key of the recipe -> value, for every key that this or an earlier amendment changed."""

    plan: Plan
    """The plan in force."""

    vacated: tuple[str, ...] = ()
    """Published trials that no longer fill their slot, those of earlier amendments included."""

    only: Only | None = None
    """What this start is for; None: all that is missing."""

    slots: dict[str, tuple[int, ...]] | None = None
    """Task folder -> rollouts that this start runs; None: every free one."""


def flat(recipe: Recipe) -> dict[str, Any]:
    """The values of a recipe by dotted key, as JSON has them; what is free-form below its key is one value."""
    return dict(_flat(recipe, recipe.model_dump(mode="json"), ""))


def _flat(noun: BaseModel, document: Mapping[str, Any], above: str) -> Sequence[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in document.items():
        inner = getattr(noun, name)
        found += _flat(inner, value, f"{above}{name}.") if isinstance(inner, BaseModel) else [(above + name, value)]
    return found


def changes(before: Recipe, after: Recipe) -> dict[str, tuple[Any, Any]]:
    """Key -> (value before, value after), of the keys in which two recipes differ."""
    old, new = flat(before), flat(after)
    return {key: (old.get(key), value) for key, value in new.items() if old.get(key) != value}


def check_changes(kind: str, keys: Sequence[str]) -> None:
    """Error: InputInvalid naming every key that cannot be changed, each with the reason."""
    problems = [f"{key}: {reason}" for key in keys if (reason := _refusal(kind, key))]
    if problems:
        raise InputInvalid(
            "the run cannot be changed in this" if len(problems) == 1 else "the run cannot be changed in these",
            why=join_problems(problems),
            do="start a new run: the command that started this one with the change, and --new",
        )


def check_identity(before: Plan, after: Plan) -> None:
    """Error: InputInvalid when a change that is allowed by its key would still make trials of another kind."""
    old, new = _identity(before), _identity(after)
    parts = [name for name in old if old[name] != new[name]]
    if parts:
        raise InputInvalid(
            f"the run cannot be changed in this: it would change the {', the '.join(parts)}",
            why="that decides what a trial is, and all trials of a run are alike",
            do="start a new run: the command that started this one with the change, and --new",
        )


def patched(stored: Plan, before: Plan, after: Plan) -> Plan:
    """The stored plan with what differs between two plans that the same otcloud compiled.

    Whatever else an older otcloud, or another machine, decided otherwise stays. So does the recipe's digest: by it the
    command that started the run finds it again.
    """
    document = _patched(stored.model_dump(mode="json"), before.model_dump(mode="json"), after.model_dump(mode="json"))
    return Plan.model_validate({**document, "recipe_digest": stored.recipe_digest})


def _refusal(kind: str, key: str) -> str | None:
    if key == "trials.attempts":
        return "--add-attempts N adds to it; fewer attempts are another run"
    if not _within(key, CHANGEABLE):
        section = key.partition(".")[0]
        decided = "it decides what a trial is, and all trials of a run are alike"
        return decided if section in _IDENTITY else "it was settled when the run was started"
    if kind == "eval" and _within(key, _CONDITIONS):
        return "the attempts of one score are made under equal conditions"
    return None


def _within(key: str, above: Sequence[str]) -> bool:
    return any(key == each or key.startswith(f"{each}.") for each in above)


def _identity(plan: Plan) -> dict[str, Any]:
    job = {name: value for name, value in plan.harbor.job.items() if name not in (*_FREE_IN_JOB, "agents")}
    agents = [{name: value for name, value in each.items() if name != "n_concurrent"} for each in _agents(plan)]
    serve = [each.serve.model_dump(exclude=set(_FREE_IN_SERVE)) for each in plan.candidates]
    return {"kind": plan.kind, "tasks": plan.tasks, "agent": agents, "model server": serve, "rest of Harbor's job": job}


def _agents(plan: Plan) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", plan.harbor.job.get("agents", []))


def _patched(value: Any, before: Any, after: Any) -> Any:
    if before == after:
        return value
    three: tuple[Any, ...] = (value, before, after)
    if all(isinstance(each, dict) for each in three):
        return _patched_mapping(*three)
    if all(isinstance(each, list) for each in three) and len(value) == len(before) == len(after):
        return [_patched(*each) for each in zip(*three, strict=True)]
    return after


def _patched_mapping(value: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    kept = {key: each for key, each in value.items() if key in after or key not in before}
    changed = {key: _patched(value.get(key), before.get(key), each) for key, each in after.items()}
    moved = {key: each for key, each in changed.items() if key not in before or before[key] != after[key]}
    return {**kept, **moved}

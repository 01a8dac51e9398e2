"""`compile_plan`: the one way from a recipe and the facts to a plan. Equal input gives an equal plan."""

import hashlib
import json
import re
from collections.abc import Sequence

from otcloud.errors import InputInvalid, join_problems
from otcloud.plan.agents import agent_warnings
from otcloud.plan.candidate import Candidate
from otcloud.plan.candidates import candidates, notes
from otcloud.plan.ceiling import ceiling
from otcloud.plan.comparable import overrides
from otcloud.plan.containers import compose_overlay
from otcloud.plan.facts import Facts
from otcloud.plan.harborjob import compile_job
from otcloud.plan.needs import not_built, required_secrets
from otcloud.plan.plan import HarborPlan, Lifetime, Plan, SecretPlan, TaskPlan, Upload
from otcloud.plan.setup import set_up
from otcloud.plan.skytask import with_task
from otcloud.plan.wanted import wishes
from otcloud.recipe.schema import Recipe

MAX_TRIALS = 100_000
"""Trials of one run; Harbor holds all of a job's trials in memory."""


def compile_plan(recipe: Recipe, facts: Facts, harbor_lock: str) -> Plan:
    """Compile a recipe. `harbor_lock` names the locked requirements for its Harbor and sandbox.

    Errors: InputInvalid when no sandbox works for `auto`, no machine is left, or for more trials than one run can hold.
    """
    _check_size(recipe, facts)
    sandbox = resolve_sandbox(recipe.sandbox.type, facts.sandboxes)
    required = required_secrets(recipe, sandbox)
    kept, dropped = candidates(recipe, facts)
    plan = Plan(
        run_id=facts.run_id,
        kind=recipe.kind,
        created=facts.now,
        otcloud_version=facts.otcloud_version,
        recipe_digest=recipe_digest(recipe, facts.agent_digest),
        launcher="local" if recipe.compute.providers == ["local"] else "sky",
        candidates=kept,
        dropped=dropped,
        tasks=_tasks(recipe, facts),
        harbor=_harbor(recipe, facts, harbor_lock, sandbox, kept[0].serve.served_name),
        sandbox=sandbox,
        sync=recipe.sync,
        publish=recipe.publish,
        lifetime=_lifetime(recipe),
        ceiling=ceiling(recipe, kept, sandbox),
        uploads=tuple(Upload(what=what, size_bytes=size) for what, size in facts.uploads.items()),
        set_up=set_up(recipe, facts, kept),
        secrets=SecretPlan(required=required, missing=tuple(name for name in required if name not in facts.secrets)),
        warnings=_warnings(recipe, facts, sandbox, kept),
        overrides=overrides(recipe, sandbox, facts.tasks),
        not_built=not_built(recipe),
    )
    return with_task(plan, recipe, facts)


def _harbor(recipe: Recipe, facts: Facts, lock: str, sandbox: str, served_name: str | None) -> HarborPlan:
    return HarborPlan(
        version=recipe.programs.harbor,
        lock=lock,
        attempts=recipe.trials.attempts,
        max_retries=recipe.trials.retries,
        infra_tolerance=recipe.trials.infra_tolerance,
        early_stop=recipe.trials.early_stop,
        agent_digest=facts.agent_digest,
        job=compile_job(recipe, sandbox, served_name, facts.run_id),
        compose=compose_overlay(sandbox, facts.run_id),
    )


def _check_size(recipe: Recipe, facts: Facts) -> None:
    planned = 0 if facts.tasks is None else len(facts.tasks.tasks) * recipe.trials.attempts
    if planned > MAX_TRIALS:
        raise InputInvalid(
            f"{planned:,} trials are more than the {MAX_TRIALS:,} that one run can hold",
            why=f"{recipe.trials.attempts} attempts at each task (trials.attempts)",
            do="take fewer attempts, or split the tasks over several runs (tasks.include, tasks.limit)",
        )


def recipe_digest(recipe: Recipe, agent_digest: str | None = None) -> str:
    """Identity of a recipe: SHA-256 of its canonical JSON, and of its agent's code, 16 hex digits.

    Half a run by one agent and half by another of the same name would be told by nothing in the results.
    """
    canonical = json.dumps(recipe.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    canonical += agent_digest or ""
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def resolve_sandbox(wanted: str, found: dict[str, str | None] | None) -> str:
    """The sandbox type: `auto` takes the first that works. Error: InputInvalid listing why none does."""
    if wanted != "auto":
        return wanted
    works = next((name for name, reason in (found or {}).items() if reason is None), None)
    if works is None:
        raise InputInvalid(
            "sandbox.type: auto found no sandbox that works on this machine",
            why=join_problems([f"{name}: {reason}" for name, reason in (found or {}).items()]),
            do="mend one of these, or set sandbox.type to a hosted one (daytona, modal, e2b)",
        )
    return works


def _tasks(recipe: Recipe, facts: Facts) -> TaskPlan:
    tasks = recipe.tasks
    if tasks.path is not None:
        kind, reference = "path", tasks.path.name
    elif tasks.hub is not None:
        kind, reference = "hub", "@".join(part for part in (tasks.hub, tasks.revision) if part)
    else:
        kind, reference = "registry", tasks.registry or ""
    return TaskPlan(
        kind=kind,
        slug=facts.tasks.slug if facts.tasks else task_slug(reference),
        reference=reference,
        broken=tasks.broken,
        found=facts.tasks,
    )


def task_slug(reference: str) -> str:
    """A short name for a source of tasks; never with `__`, over which Harbor trips."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", reference.rsplit("/", 1)[-1]).strip("-.")[:40] or "tasks"


def _lifetime(recipe: Recipe) -> Lifetime:
    limits = recipe.limits
    return Lifetime(
        max_sec=limits.max_hours * 3600,
        max_cost_usd=limits.max_cost,
        idle_min=limits.autostop_min,
        hold_hours=limits.hold_hours,
        end=limits.end,
    )


def _warnings(recipe: Recipe, facts: Facts, sandbox: str, kept: Sequence[Candidate]) -> tuple[str, ...]:
    found: list[str] = []
    if recipe.sandbox.type == "auto" and facts.sandboxes:
        passed_over = [f"{name}: {why}" for name, why in facts.sandboxes.items() if why is not None and name != sandbox]
        if passed_over and next(iter(facts.sandboxes)) != sandbox:
            found.append(f"sandbox.type: auto takes {sandbox} ({'; '.join(passed_over)})")
    elif facts.sandboxes and (lack := facts.sandboxes.get(sandbox)):
        found.append(f"sandbox {sandbox} does not work on this machine: {lack}")
    if sandbox == "local" and recipe.compute.providers == ["local"]:
        found.append("sandbox local shares this machine's kernel: for development and trusted models")
    if "qwen3-coder" in (recipe.model.id or "").lower() and recipe.serve.reasoning_parser == "qwen3":
        # Seen in vLLM 0.32.0: without a </think> this parser takes all that was said for thinking.
        found.append(
            "serve.reasoning_parser: qwen3 takes every answer of Qwen3-Coder, which does not think, for thinking, and "
            "agents get empty ones; take it back: --set serve.reasoning_parser=null"
        )
    return (*found, *wishes(recipe, facts), *notes(kept), *agent_warnings(recipe))

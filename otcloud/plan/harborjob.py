"""Harbor's job file, compiled from a recipe. Tasks and job name are filled in by the node, part by part.

Paths in it are relative to the run directory and the endpoint is not in it at all: that is what lets a job go on in
another folder and on another port.
"""

from typing import Any

from otcloud.plan.agents import compile_agent
from otcloud.plan.containers import compose_environment
from otcloud.recipe.schema import Recipe
from otcloud.runs.layout import JOBS, SCRATCH
from otcloud.trials.failures import not_retryable

LOCAL_SANDBOX = "otcloud.harbor_ext.local_sandbox:LocalSandbox"
_IDLE_MIN = 60
"""Longer than a model takes for one answer, in which a sandbox is idle."""
_MODAL_MAX_SEC = 24 * 3600


def compile_job(recipe: Recipe, sandbox: str, served_name: str | None, run_id: str) -> dict[str, Any]:
    """The job file without `job_name` and `tasks`; accepted by `harbor run --dry-run` once those are in."""
    trials = recipe.trials
    return {
        "jobs_dir": str(JOBS),
        "n_attempts": 1,
        "n_concurrent_trials": trials.concurrency,
        "quiet": True,
        "timeout_multiplier": trials.timeout_multiplier,
        "retry": {
            "max_retries": trials.retries,
            "exclude_exceptions": sorted(not_retryable()),
            "wait_multiplier": trials.retry_multiplier,
            "min_wait_sec": trials.retry_min_sec,
            "max_wait_sec": trials.retry_max_sec,
        },
        "environment": _environment(recipe, sandbox, run_id),
        "agents": [compile_agent(recipe, sandbox, served_name)],
        "verifier": {"disable": not trials.verify},
    }


def _environment(recipe: Recipe, sandbox: str, run_id: str) -> dict[str, Any]:
    wanted = recipe.sandbox
    identity: dict[str, Any] = {"import_path": LOCAL_SANDBOX} if sandbox == "local" else {"type": sandbox}
    overrides = {
        "override_cpus": wanted.cpus,
        "override_memory_mb": wanted.memory_mb,
        "override_storage_mb": wanted.storage_mb,
    }
    kwargs = {**_sandbox_defaults(sandbox, recipe.limits.max_hours, run_id), **wanted.kwargs}
    return {
        **identity,
        "force_build": wanted.force_build,
        "delete": wanted.delete,
        **{name: value for name, value in overrides.items() if value is not None},
        **compose_environment(sandbox, kwargs),
    }


def _sandbox_defaults(sandbox: str, max_hours: float, run_id: str) -> dict[str, Any]:
    """What keeps a sandbox that lost its run from living, and costing, for ever: Harbor's own defaults do not."""
    if sandbox == "local":
        return {"scratch": str(SCRATCH)}
    if sandbox == "daytona":
        return {"auto_stop_interval_mins": _IDLE_MIN, "labels": {"otcloud-run": run_id}}
    if sandbox == "modal":
        lifetime = min(int(max_hours * 3600), _MODAL_MAX_SEC)
        return {"sandbox_timeout_secs": lifetime, "sandbox_idle_timeout_secs": min(_IDLE_MIN * 60, lifetime)}
    return {}

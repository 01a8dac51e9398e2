"""Harbor's job file, compiled from a recipe. Tasks and job name are filled in by the node, part by part.

Paths in it are relative to the run directory and the endpoint is not in it at all: that is what lets a job go on in
another folder and on another port.
"""

from typing import Any

from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.agent import MODELLESS_AGENTS
from otcloud.runs.layout import JOBS, SCRATCH
from otcloud.trials.failures import not_retryable

BASH_AGENT = "otcloud.harbor_ext.bash_agent:BashAgent"
LOCAL_SANDBOX = "otcloud.harbor_ext.local_sandbox:LocalSandbox"
DEFAULT_AGENT = "terminus-2"
_DEFAULT_CONTEXT = 32768
_DEFAULT_OUTPUT = 8192
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
        "agents": [_agent(recipe, served_name)],
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
    return {
        **identity,
        "force_build": wanted.force_build,
        "delete": wanted.delete,
        **{name: value for name, value in overrides.items() if value is not None},
        "kwargs": {**_sandbox_defaults(sandbox, recipe.limits.max_hours, run_id), **wanted.kwargs},
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


def _agent(recipe: Recipe, served_name: str | None) -> dict[str, Any]:
    agent = recipe.agent
    name = agent.name or (None if agent.import_path else DEFAULT_AGENT)
    if name == "bash":
        identity, defaults = {"import_path": BASH_AGENT}, _bash_kwargs(recipe)
    elif name is None:
        identity, defaults = {"import_path": agent.import_path}, _turns(recipe)
    else:
        identity = {"name": name}
        defaults = _terminus_kwargs(recipe) if name == DEFAULT_AGENT else _turns(recipe)
    if name in MODELLESS_AGENTS:
        defaults = {}
    model = {} if served_name is None else {"model_name": f"hosted_vllm/{served_name}"}
    timeout = {} if agent.timeout_sec is None else {"override_timeout_sec": agent.timeout_sec}
    return {**identity, **model, **timeout, "kwargs": {**defaults, **agent.kwargs}}


def _turns(recipe: Recipe) -> dict[str, Any]:
    return {} if recipe.agent.max_turns is None else {"max_turns": recipe.agent.max_turns}


def _bash_kwargs(recipe: Recipe) -> dict[str, Any]:
    sampling = dict(recipe.model.sampling)
    kwargs = {**_turns(recipe), "temperature": sampling.pop("temperature", None), "llm_kwargs": sampling or None}
    kwargs["max_tokens"] = recipe.model.max_output_tokens
    return {name: value for name, value in kwargs.items() if value is not None}


def _terminus_kwargs(recipe: Recipe) -> dict[str, Any]:
    """For training data: the model's own text, one linear history, no recording, and the model_info Harbor needs."""
    context = recipe.serve.max_model_len or _DEFAULT_CONTEXT
    output = recipe.model.max_output_tokens or min(_DEFAULT_OUTPUT, context // 4)
    sampling = dict(recipe.model.sampling)
    temperature = {"temperature": sampling.pop("temperature")} if "temperature" in sampling else {}
    return {
        **_turns(recipe),
        **temperature,
        "record_terminal_session": False,
        "trajectory_config": {"raw_content": True, "linear_history": True},
        "llm_call_kwargs": {"max_tokens": output, **sampling},
        "model_info": {
            "max_input_tokens": recipe.model.max_input_tokens or context - output,
            "max_output_tokens": output,
            "input_cost_per_token": 0.0,
            "output_cost_per_token": 0.0,
        },
    }

"""What somebody may have meant: the nearest names among siblings, among all key paths, among files."""

from collections.abc import Iterable
from difflib import get_close_matches

from otcloud.recipe.fields import Key, children, dotted, fields

ELSEWHERE = {
    "n_concurrent": "trials.concurrency",
    "n_concurrent_trials": "trials.concurrency",
    "n_attempts": "trials.attempts",
    "rollouts_per_task": "trials.attempts",
    "environment": "sandbox",
    "orchestrator": "trials",
    "verifier": "trials.verify",
    "datasets": "tasks",
    "dataset": "tasks",
    "agents": "agent",
    "cloud": "compute.providers",
    "cloud_provider": "compute.providers",
    "accelerator": "compute.accelerators",
    "region": "compute.regions",
    "spot": "compute.spot",
    "gpus": "compute.accelerators",
    "model_path": "model.id",
    "model_name": "model.id",
    "tensor_parallel_size": "serve.tensor_parallel",
    "pipeline_parallel_size": "serve.pipeline_parallel",
    "data_parallel_size": "serve.data_parallel",
    "enable_expert_parallel": "serve.expert_parallel",
    "enable_prefix_caching": "serve.prefix_caching",
    "autostop": "limits.autostop_min",
    "temperature": "model.sampling.temperature",
    "top_p": "model.sampling.top_p",
    "max_tokens": "model.max_output_tokens",
    "n_tasks": "tasks.limit",
    "task_names": "tasks.include",
    "env": "secrets",
}
"""Names that Harbor, vLLM and OpenThoughts-Agent use for something that has another name here."""


def nearest(name: str, candidates: Iterable[str], *, cutoff: float = 0.7) -> str:
    """The candidate that is most like the name, in backticks, or nothing."""
    found = get_close_matches(name.lower()[:80], list(candidates), n=1, cutoff=cutoff)
    return f"`{found[0]}`" if found else ""


def key_for(unknown: Key) -> str:
    """What an unknown key may have meant: a sibling, a known foreign name, the same name elsewhere, a near key path."""
    section, name = unknown[:-1], unknown[-1].replace("-", "_").lower()
    siblings = children(section)
    sibling = _sibling(section, name, siblings, cutoff=0.8)
    if sibling:
        return sibling
    paths = {dotted(key): key for key in fields()}
    same_name = [path for path, key in paths.items() if key[-1] == name]
    if same_name or name in ELSEWHERE:
        return " or ".join(f"`{path}`" for path in (same_name[:3] or [ELSEWHERE[name]]))
    return _sibling(section, name, siblings, cutoff=0.6) or _elsewhere(name, paths)


def _sibling(section: Key, name: str, siblings: list[str], *, cutoff: float) -> str:
    found = nearest(name, siblings, cutoff=cutoff).strip("`")
    return f"`{dotted((*section, found))}`" if found else ""


def _elsewhere(name: str, paths: dict[str, Key]) -> str:
    leaves = {key[-1]: path for path, key in reversed(paths.items())}
    found = get_close_matches(name, [*leaves, *ELSEWHERE], n=1, cutoff=0.75)
    return f"`{leaves.get(found[0]) or ELSEWHERE[found[0]]}`" if found else ""

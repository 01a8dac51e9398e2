"""Facts and recipes made up for the compiler's tests."""

from typing import Any

from otcloud.plan.facts import Facts, Offer, TaskFact, TaskSet
from otcloud.recipe.schema import Recipe

TASKS = TaskSet(
    slug="sample",
    digest="5" * 64,
    tasks=(TaskFact(name="alpha", digest="a" * 32), TaskFact(name="beta", digest="b" * 32)),
    left_out=1,
)


def facts(**changes: Any) -> Facts:
    """Frozen facts, with changes."""
    known: dict[str, Any] = {
        "run_id": "made-20261120-120000-abcd",
        "now": "2026-11-20T12:00:00+00:00",
        "otcloud_version": "0.1.0",
        "tasks": TASKS,
        "recording_sha256": "c" * 64,
        "recorded_model": "made/model",
        "sandboxes": {"local": None},
        "secrets": ("DAYTONA_API_KEY",),
        "offers": (Offer(provider="gcp", accelerator="H100:1", hourly_usd=3.0),),
    }
    return Facts.model_validate(known | changes)


def recipe(**sections: Any) -> Recipe:
    """A replay recipe on this machine, with other sections."""
    base: dict[str, Any] = {
        "name": "made",
        "model": {"id": "made/model", "engine": "replay", "recording": "answers.jsonl"},
        "agent": {"name": "bash"},
        "sandbox": {"type": "auto"},
        "tasks": {"path": "sample"},
    }
    return Recipe.model_validate(base | sections)


CLOUD: dict[str, Any] = {
    "model": {"id": "Qwen/Qwen3-8B", "max_output_tokens": 4096, "sampling": {"temperature": 0.7, "top_p": 0.9}},
    "serve": {"max_model_len": 32768},
    "agent": {"name": "terminus-2", "max_turns": 40, "timeout_sec": 1800},
    "sandbox": {"type": "daytona", "cpus": 1, "memory_mb": 2048, "kwargs": {"auto_stop_interval_mins": 60}},
    "compute": {"providers": ["gcp", "lambda"], "accelerators": ["H100:1", "A100:1"], "regions": ["us-central1"]},
    "publish": {"hub_repo": "org/traces"},
    "secrets": ["WANDB_API_KEY"],
}
"""Sections of a recipe that asks for clouds, vLLM and uploads."""

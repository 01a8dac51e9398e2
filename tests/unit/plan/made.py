"""Facts and recipes made up for the compiler's tests."""

from typing import Any

from otcloud.launch.task_templates import task_templates
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
        "templates": task_templates(),
    }
    return Facts.model_validate(known | changes)


def offer(provider: str, region: str, machine: str, accelerator: str | None, *prices: float | None) -> Offer:
    """An offer of `H100:1`, on demand and spot. Every price in the tests is made up."""
    name, _, count = (accelerator or "").partition(":")
    return Offer(
        provider=provider,
        region=region,
        instance_type=machine,
        accelerator=name or None,
        count=int(count or 0),
        gpu_memory_gb={"A100": 40.0}.get(name, 80.0) if name else None,
        hourly_usd=prices[0],
        spot_hourly_usd=prices[1],
    )


PRICED: dict[str, Any] = {
    "offers": (
        offer("gcp", "us-central1", "a3-highgpu-1g", "H100:1", 3.0, 1.0),
        offer("gcp", "europe-west4", "a3-highgpu-1g", "H100:1", 4.0, 1.5),
        offer("gcp", "us-central1", "a3-highgpu-2g", "H100:2", 6.0, 2.0),
        offer("gcp", "us-central1", "a2-highgpu-1g", "A100:1", 1.5, None),
        offer("gcp", "us-central1", "a2-ultragpu-1g", "A100-80GB:1", 2.5, 0.9),
        offer("lambda", "us-east-1", "gpu_1x_h100_sxm5", "H100:1", 2.6, None),
        offer("lambda", "us-east-1", "gpu_1x_h100_pcie", "H100:1", 2.0, None),
        offer("aws", "us-east-1", "p4de.24xlarge", "A100-80GB:8", 40.0, 20.0),
        offer("aws", "us-east-1", "p5.48xlarge", "H100:8", 98.0, 40.0),
        offer("runpod", "US", "1x_H100-SXM_SECURE", "H100-SXM:1", 2.9, 1.5),
    ),
    "catalogs": {"gcp": None, "aws": None, "lambda": None, "runpod": None},
}
"""Facts of somebody whose SkyPilot has read four catalogs, with made-up prices."""


GALLERY: dict[str, Any] = {
    "offers": (
        *PRICED["offers"],
        offer("gcp", "us-central1", "a3-ultragpu-1g", "H200:1", 4.5, 2.2),
        offer("gcp", "us-central1", "a3-highgpu-4g", "H100:4", 12.0, 4.5),
        offer("gcp", "us-central1", "a2-ultragpu-4g", "A100-80GB:4", 10.0, 3.6),
        offer("aws", "us-east-1", "p5e.48xlarge", "H200:8", 110.0, 45.0),
        offer("lambda", "us-east-1", "gpu_1x_h200", "H200:1", 3.8, None),
    ),
    "catalogs": PRICED["catalogs"],
}
"""The same with what the recipes that ship ask for."""


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

SMALL = {"weights_gb": 16.4, "layers": 36, "heads": 32, "kv_heads": 8, "head_size": 128, "max_context": 40960}
"""Shape of a model that one GPU of 40 GB can serve."""


def asking(shape: dict[str, Any] | None = None, limits: dict[str, Any] | None = None, **compute: Any) -> Recipe:
    """A vLLM recipe for these machines; no region unless one is given."""
    sections = {**CLOUD, "compute": compute, "limits": limits or {}}
    return recipe(**sections | {"model": {"id": "made/model", "shape": shape or SMALL}})

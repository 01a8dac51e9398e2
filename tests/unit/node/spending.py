"""What attempts leave behind of what they used: the plug-in's lines and their trajectories."""

from typing import Any

from otcloud.plan.plan import ApiSpec
from otcloud.runs.journal import append_line, write_json
from otcloud.runs.layout import TRAJECTORY, RunDir


def spec(priced: bool = True) -> ApiSpec:
    """An endpoint at $1 and $2 a million tokens, or without a price."""
    prices = {"input_usd_per_mtok": 1.0 if priced else None, "output_usd_per_mtok": 2.0 if priced else None}
    return ApiSpec.model_validate({"base_url": "http://h/v1", "key": None, "key_variable": "K", **prices})


def note(run: RunDir, event: str, trial: str, **facts: Any) -> None:
    """A line of the plug-in."""
    append_line(run.harbor_events, {"job": "0000-00", "event": event, "trial": trial, **facts})


def end(run: RunDir, trial: str, tokens: int | None = 500_000, **facts: Any) -> None:
    """The end of an attempt that cost half a dollar."""
    note(run, "end", trial, outcome="passed", input_tokens=tokens, output_tokens=None if tokens is None else 0, **facts)


def trajectory(run: RunDir, trial: str, tokens: int) -> None:
    """What an attempt's trajectory says so far."""
    totals = {"total_prompt_tokens": tokens, "total_completion_tokens": 0}
    write_json(run.jobs / "0000-00" / trial / TRAJECTORY, {"final_metrics": totals})

"""The trial's trajectory in ATIF, on disk after every step, and the totals that Harbor reads.

The conversation can be rebuilt from it word for word: system, user and agent messages as they were, and after each
agent step the next user message in its observation. An observation that the model never saw says so.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from harbor.models.agent.context import AgentContext
from harbor.models.trajectories import (
    Agent,
    FinalMetrics,
    Metrics,
    Observation,
    ObservationResult,
    Step,
    Trajectory,
)

from otcloud.harbor_ext.bash.model_client import Reply


class TrajectoryFile:
    """Writes `path` and fills `context` as the trial goes, so that a killed one keeps all that happened."""

    def __init__(self, path: Path, agent: Agent, session_id: str | None, context: AgentContext) -> None:
        self._path = path
        self._trajectory = Trajectory.model_construct(
            schema_version="ATIF-v1.7", session_id=session_id, agent=agent, steps=[]
        )
        self._context = context
        self._replies: list[Reply] = []

    @property
    def turns(self) -> int:
        """Answers that the model gave."""
        return len(self._replies)

    def say(self, source: Literal["system", "user"], text: str) -> None:
        """Add a system or user message."""
        self._add(Step(step_id=self._next_id(), timestamp=_now(), source=source, message=text))

    def answer(self, reply: Reply) -> None:
        """Add the model's answer."""
        self._replies.append(reply)
        metrics = Metrics(
            prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens,
            cached_tokens=reply.cached_tokens,
            cost_usd=reply.cost_usd,
        )
        step = Step(
            step_id=self._next_id(),
            timestamp=_now(),
            source="agent",
            message=reply.text,
            reasoning_content=reply.reasoning,
            metrics=metrics,
            llm_call_count=1,
            extra={"finish_reason": reply.finish_reason},
        )
        self._add(step)

    def observe(self, text: str) -> None:
        """Add what the model is told after its last answer."""
        self._trajectory.steps[-1].observation = Observation(results=[ObservationResult(content=text)])
        self._write()

    def finish(self, stop_reason: str) -> None:
        """Close the trajectory: why it ended, and a mark on an observation that the model never saw."""
        last = self._trajectory.steps[-1] if self._trajectory.steps else None
        if last is not None and last.observation is not None:
            last.observation.results[0].extra = {"sent_to_model": False}
        self._trajectory.extra = {"stop_reason": stop_reason, "turns": self.turns}
        self._trajectory.notes = f"Ended by {stop_reason} after {self.turns} turns."
        self._context.metadata = {"turns": self.turns, "stop_reason": stop_reason}
        if last is not None:
            self._write()

    def _next_id(self) -> int:
        return len(self._trajectory.steps) + 1

    def _add(self, step: Step) -> None:
        self._trajectory.steps.append(step)
        self._write()

    def _write(self) -> None:
        totals = self._totals()
        self._trajectory.final_metrics = totals
        self._context.n_input_tokens = totals.total_prompt_tokens
        self._context.n_output_tokens = totals.total_completion_tokens
        self._context.n_cache_tokens = totals.total_cached_tokens
        self._context.cost_usd = totals.total_cost_usd
        _write_atomically(self._path, self._trajectory.model_dump_json(exclude_none=True, indent=2))

    def _totals(self) -> FinalMetrics:
        return FinalMetrics(
            total_prompt_tokens=_sum(reply.prompt_tokens for reply in self._replies),
            total_completion_tokens=_sum(reply.completion_tokens for reply in self._replies),
            total_cached_tokens=_sum(reply.cached_tokens for reply in self._replies),
            total_cost_usd=_sum(reply.cost_usd for reply in self._replies),
            total_steps=len(self._trajectory.steps),
        )


def _sum(values: Any) -> Any:
    """The sum of what is known; None when nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _write_atomically(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(path)

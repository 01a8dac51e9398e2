"""The score of an evaluation, from what the run has published: computed at any moment, written when the run ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from otcloud.errors import InputInvalid, OtcloudError, PublishFailed
from otcloud.node.slots import entries
from otcloud.plan.comparable import reasons
from otcloud.plan.plan import Plan
from otcloud.runs.journal import read_json, write_json
from otcloud.runs.layout import RunDir
from otcloud.runs.stored import stored_plan
from otcloud.trials.published import read_index
from otcloud.trials.record import mapping, text
from otcloud.trials.score import Score, score
from otcloud.trials.trial import Trial


@dataclass(frozen=True)
class Scored:
    """A score, and why it may not stand beside a published one."""

    score: Score
    reasons: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """For `--json` and score.json."""
        compared = {"comparable": not self.reasons, "reasons": list(self.reasons)}
        return {**compared, **self.score.model_dump(mode="json")}


def read_score(run: RunDir) -> Scored | None:
    """The score so far; None for a run that makes none."""
    try:
        return scored(run, stored_plan(run))
    except InputInvalid:
        # A run whose plan cannot be read any more: its figures are shown without a score.
        return None


def scored(run: RunDir, plan: Plan) -> Scored | None:
    """The score so far of a run of this plan; None for a plan that makes none."""
    return _scored(run, plan, list(read_index(run.published_index))) if plan.kind == "eval" else None


def write_score(run: RunDir, plan: Plan) -> OtcloudError | None:
    """Write score.json where the run makes a score: the figures and what they are of. An error is given, not raised."""
    if plan.kind != "eval":
        return None
    trials = list(read_index(run.published_index))
    document = {**_subject(run, plan, trials), **_scored(run, plan, trials).document()}
    try:
        write_json(run.score, document)
    except OSError as error:
        # The trials are safe; the score is taken of them again whenever somebody asks.
        said = f"the score could not be written: {error.strerror}"
        return PublishFailed(said, why=str(run.score), do=f"make room, then: otcloud resume {run.run_id}")
    return None


def _scored(run: RunDir, plan: Plan, trials: Sequence[Trial]) -> Scored:
    found = score(trials, _planned(run, plan))
    left_out = len(mapping(read_json(run.run), "left_out"))
    return Scored(found, reasons(plan.overrides, left_out, found))


def _subject(run: RunDir, plan: Plan, trials: Sequence[Trial]) -> dict[str, str | None]:
    """What was scored; the agent as Harbor recorded it, which knows its version."""
    agent = trials[0] if trials else None
    return {
        "run_id": run.run_id,
        "benchmark": plan.tasks.reference,
        "benchmark_digest": text((read_json(run.tasks_lock) or {}).get("set")) or None,
        "agent": agent.agent if agent is not None else None,
        "agent_version": agent.agent_version if agent is not None else None,
        "model": plan.candidates[0].serve.model,
        "sandbox": plan.sandbox,
        "harbor": plan.harbor.version,
    }


def _planned(run: RunDir, plan: Plan) -> Mapping[str, int]:
    """Slots by task folder; empty where the run has no list of tasks, and then the trials alone tell."""
    try:
        tasks = entries(read_json(run.tasks_lock) or {})
    except InputInvalid:
        # Removed or torn: the node refuses to go on without it, the trials are still worth their score.
        return {}
    return {task.folder: plan.harbor.attempts for task in tasks}

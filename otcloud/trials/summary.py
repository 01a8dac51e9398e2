"""Aggregates of a run: counts, mean reward, tokens, time, and the same by task. Pure.

A slot is one rollout of one task. Several records may exist for it (a retry, a restart); exactly one of them speaks
for it, so nothing is counted twice. docs/concepts/outcomes.md explains the figures.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from otcloud.trials.moment import moment
from otcloud.trials.trial import Outcome, Slot, Trial


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class Cause(_Figures):
    """How often something went wrong, with one message as an example."""

    count: int
    """Slots whose record has this cause."""

    example: str | None = None
    """The exception's type and message of the first of them."""


class TaskSummary(_Figures):
    """The rollouts of one task."""

    attempts: int
    """Slots whose record counts."""

    passed: int
    """Slots that passed."""

    mean_reward: float | None
    """As for the run."""

    mean_counting: float | None
    """As for the run."""


class Summary(_Figures):
    """A run's figures. `planned` = `done` + `infra` + `cancelled` + `missing`, unless more was run than planned."""

    planned: int
    """Slots of the plan."""

    done: int
    """Slots that are filled: passed + failed + unverified."""

    passed: int
    """Slots with a primary reward of 1 or more."""

    failed: int
    """Slots with a lower reward, or that the agent ended in a way that left nothing to test."""

    unverified: int
    """Slots whose agent came to an end while verification was switched off."""

    infra: int
    """Slots for which nothing better than an infrastructure failure is on record."""

    cancelled: int
    """Slots for which nothing better than a cancelled trial is on record."""

    missing: int
    """Slots without any record."""

    timed_out: int
    """Slots whose agent was stopped at its time limit, whatever its reward."""

    retried: int
    """Records that another record of the same slot took the place of."""

    mean_reward: float | None
    """Mean primary reward over finished slots, 0 for those without one; None when there is nothing to take it of."""

    mean_counting: float | None
    """The same over the filled slots alone: what is shown, since a lost trial says nothing of the model."""

    turns_mean: float | None
    """Mean turns of the filled slots that say how many they had."""

    input_tokens: int
    """Prompt tokens of the records that speak for a slot."""

    output_tokens: int
    """Generated tokens of the records that speak for a slot."""

    cost_usd: float | None
    """Cost of the same records in US dollars; None when no agent reported one."""

    causes: dict[str, Cause]
    """What went wrong, the most frequent first."""

    first_start: str | None
    """When the first trial started, ISO 8601 as Harbor wrote it."""

    last_finish: str | None
    """When the last trial finished, ISO 8601 as Harbor wrote it."""

    wall_sec: float | None
    """Seconds between the two."""

    per_task: dict[str, TaskSummary]
    """By the task's name, sorted."""


def summarize(trials: Iterable[Trial], planned: int) -> Summary:
    """Aggregate the records of a run, given in the order in which they were written."""
    records = list({trial.trial: trial for trial in trials}.values())
    best = list(best_records(records).values())
    outcomes = Counter(trial.outcome for trial in best)
    filled = [trial for trial in best if trial.counts]
    costs = [trial.cost_usd for trial in best if trial.cost_usd is not None]
    start = _extreme([trial.started_at for trial in records], last=False)
    finish = _extreme([trial.finished_at for trial in records], last=True)
    return Summary(
        planned=planned,
        done=len(filled),
        passed=outcomes[Outcome.PASSED],
        failed=outcomes[Outcome.FAILED],
        unverified=outcomes[Outcome.UNVERIFIED],
        infra=outcomes[Outcome.INFRA],
        cancelled=outcomes[Outcome.CANCELLED],
        missing=max(0, planned - len(best)),
        timed_out=sum(trial.timed_out for trial in best),
        retried=len(records) - len(best),
        mean_reward=mean_reward(best),
        mean_counting=mean_reward(filled),
        turns_mean=_mean([trial.turns for trial in filled if trial.turns is not None]),
        input_tokens=sum(trial.input_tokens or 0 for trial in best),
        output_tokens=sum(trial.output_tokens or 0 for trial in best),
        cost_usd=sum(costs) if costs else None,
        causes=_causes(best),
        first_start=start[1] if start else None,
        last_finish=finish[1] if finish else None,
        wall_sec=max(0.0, (finish[0] - start[0]).total_seconds()) if start and finish else None,
        per_task=_per_task(best),
    )


def best_records(trials: Iterable[Trial]) -> dict[Slot, Trial]:
    """Slot -> the record that speaks for it: one that counts before an infrastructure failure, that before a cancelled
    one, and of two equals the later in the given order. Slots come in the order of their first record."""
    best: dict[Slot, Trial] = {}
    for trial in trials:
        known = best.get(trial.slot)
        if known is None or _weight(trial) >= _weight(known):
            best[trial.slot] = trial
    return best


def mean_reward(trials: Sequence[Trial]) -> float | None:
    """The mean that Harbor's own `Mean` metric gives for a job of these trials.

    As there, a finished trial without a reward is worth 0, and the only reward is taken whatever its name; where there
    are several, the one named `reward`. Unlike there, it is None while verification is off, and a cancelled trial,
    which Harbor forgets when it resumes, is no part of it.
    """
    finished = [trial for trial in trials if trial.outcome not in (Outcome.CANCELLED, Outcome.UNVERIFIED)]
    unverified = any(trial.outcome is Outcome.UNVERIFIED for trial in trials)
    if not finished or (unverified and not any(trial.rewards for trial in finished)):
        return None
    return _mean(worth(finished))


def worth(trials: Sequence[Trial]) -> list[float]:
    """What each trial adds to that mean: its only reward whatever its name, where there are several the one named
    `reward`, and 0 without one."""
    names = {name for trial in trials for name in trial.rewards}
    if len(names) > 1 and "reward" in names:
        return [trial.rewards.get("reward", 0.0) for trial in trials]
    return [trial.reward or 0.0 for trial in trials]


def _weight(trial: Trial) -> int:
    return 2 if trial.counts else int(trial.outcome is Outcome.INFRA)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _causes(trials: Sequence[Trial]) -> dict[str, Cause]:
    counts = Counter(trial.cause for trial in trials if trial.cause is not None)
    examples: dict[str, str] = {}
    for trial in trials:
        said = ": ".join(part for part in (trial.exception, trial.message) if part)
        if trial.cause is not None and said:
            examples.setdefault(trial.cause, said)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {cause: Cause(count=count, example=examples.get(cause)) for cause, count in ranked}


def _per_task(trials: Sequence[Trial]) -> dict[str, TaskSummary]:
    by_task: dict[str, list[Trial]] = {}
    for trial in trials:
        by_task.setdefault(trial.task, []).append(trial)
    return {
        task: TaskSummary(
            attempts=sum(trial.counts for trial in own),
            passed=sum(trial.outcome is Outcome.PASSED for trial in own),
            mean_reward=mean_reward(own),
            mean_counting=mean_reward([trial for trial in own if trial.counts]),
        )
        for task, own in sorted(by_task.items())
    }


def _extreme(times: Iterable[str], *, last: bool) -> tuple[datetime, str] | None:
    known = [(at, text) for text in times if (at := moment(text)) is not None]
    return (max(known) if last else min(known)) if known else None

"""Decides what a finished trial is evidence of, from the facts that Harbor recorded. Pure.

The order of the rules matters, and docs/concepts/outcomes.md tells it to users.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from otcloud.trials.failures import (
    AGENT_TIMEOUT,
    CANCELLED,
    INNER_TIMEOUT,
    MODEL_SILENT,
    NO_REWARD,
    SETUP,
    Failure,
    failure_of,
)
from otcloud.trials.trial import Outcome

_LIMIT = re.compile(r"timed out after (None|[0-9.]+) seconds")
_CLOCK_SLACK_SEC = 1.0


@dataclass(frozen=True, slots=True)
class Ending:
    """How a trial ended. `exception` is a type's name, empty when none was raised; times are None when unknown.

    `turns`: answers of the model in the trajectory; None without one."""

    exception: str = ""
    message: str = ""
    raised_at: datetime | None = None
    rewards: Mapping[str, float] = field(default_factory=dict[str, float])
    verification: bool = True
    agent_started: bool = True
    agent_sec: float | None = None
    turns: int | None = None
    verifier_started: datetime | None = None
    verifier_finished: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, whether the agent was stopped at its time limit, and the cause of what went wrong."""

    outcome: Outcome
    timed_out: bool = False
    cause: str | None = None


def primary_reward(rewards: Mapping[str, float]) -> float | None:
    """The reward named `reward`, else the first one; Harbor has no primary one where several lack that name."""
    return rewards.get("reward", next(iter(rewards.values()), None))


def decide(ending: Ending) -> Verdict:
    """Classify a trial.

    An exception that came after the tests had given a reward (a sandbox that would not stop, say) takes nothing away
    from it. An infrastructure failure before that never counts, whatever the reward: to keep only those that passed
    would flatter the score. An agent's own failure counts by its reward.
    """
    graded = bool(ending.rewards)
    if not ending.exception and not graded and _cut_off(ending):
        return Verdict(Outcome.CANCELLED, cause=failure_of(CANCELLED).cause)
    if not ending.exception:
        return _ungraded(None) if not graded and not ending.verification else _by_reward(ending, None)
    failure = _failure(ending)
    if graded and _came_after(ending.raised_at, ending.verifier_finished):
        return _by_reward(ending, failure.cause)
    if ending.exception == CANCELLED:
        return Verdict(Outcome.CANCELLED, cause=failure.cause)
    if not failure.counts:
        return Verdict(Outcome.INFRA, cause=failure.cause)
    timed_out = ending.exception == AGENT_TIMEOUT
    if not ending.verification and not graded:
        return _ungraded(failure.cause, timed_out=timed_out)
    return _by_reward(ending, failure.cause, timed_out=timed_out)


def _cut_off(ending: Ending) -> bool:
    """Without an exception Harbor always runs the agent, and then the tests: where it did not, something stopped it
    that it could not record."""
    return ending.verifier_started is None if ending.verification else not ending.agent_started


def _ungraded(cause: str | None, *, timed_out: bool = False) -> Verdict:
    return Verdict(Outcome.UNVERIFIED, timed_out, cause)


def _by_reward(ending: Ending, cause: str | None, *, timed_out: bool = False) -> Verdict:
    reward = primary_reward(ending.rewards)
    if reward is not None:
        return Verdict(Outcome.PASSED if reward >= 1.0 else Outcome.FAILED, timed_out, cause)
    # Harbor goes on to the tests after some of the agent's failures and then drops what the tests raised: a trial
    # whose tests began and left nothing is theirs. Where they never began, the agent's failure is the result.
    if cause is None or ending.verifier_started is not None:
        return Verdict(Outcome.INFRA, timed_out, NO_REWARD.cause)
    return Verdict(Outcome.FAILED, timed_out, cause)


def _failure(ending: Ending) -> Failure:
    failure = failure_of(ending.exception)
    if not ending.agent_started and (failure.counts or failure.cause.startswith("model-")):
        return SETUP  # no model has been asked yet: an installation that has no network, say
    if not failure.counts:
        return failure
    if ending.exception != AGENT_TIMEOUT:
        return failure
    if _before_limit(ending):
        return INNER_TIMEOUT
    return MODEL_SILENT if ending.turns == 0 else failure


def _before_limit(ending: Ending) -> bool:
    """Harbor names every time-out that leaves the agent after its own limit, one of the sandbox or network as well."""
    limit = _LIMIT.search(ending.message)
    if limit is None or ending.agent_sec is None:
        return False
    if limit[1] == "None":
        return True
    try:
        return ending.agent_sec + _CLOCK_SLACK_SEC < float(limit[1])
    except ValueError:
        # Digits and dots that are no number: nothing is known about the limit.
        return False


def _came_after(raised: datetime | None, verified: datetime | None) -> bool:
    return raised is not None and verified is not None and raised >= verified

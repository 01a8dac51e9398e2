"""The score of an evaluation: mean reward with its standard error, pass@k, and the same task by task. Pure.

It is taken over the slots whose trial counts. Slots that were lost to infrastructure, cancelled or never run are told
beside it, and a second mean takes each of them as 0. Tasks may have different numbers of attempts. Whether a score may
be compared with a published one is decided in plan/comparable.py.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import comb, fsum, sqrt

from pydantic import BaseModel, ConfigDict

from otcloud.trials.summary import best_records, worth
from otcloud.trials.trial import Outcome, Trial


class _Figures(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class PassAtK(_Figures):
    """The share of tasks that at least one of k attempts is expected to solve."""

    k: int
    """Attempts."""

    rate: float
    """Mean over the tasks of the unbiased estimate."""

    tasks: int
    """Tasks with at least k attempts that count; the others are no part of the mean."""


class TaskScore(_Figures):
    """The attempts at one task."""

    slots: int
    """Attempts that were asked for."""

    attempts: int
    """Attempts that count."""

    lost: int
    """Attempts that were asked for and do not count: lost to infrastructure, cancelled, or never run."""

    passed: int
    """Attempts with a primary reward of 1 or more."""

    mean_reward: float | None
    """Mean over the attempts that count; None without any."""


class Score(_Figures):
    """A run's score. `slots` = `attempts` + `lost`."""

    complete: bool
    """Every slot counts."""

    slots: int
    """Attempts that were asked for, over all tasks."""

    attempts: int
    """Attempts that count: the score is taken over these."""

    lost: int
    """Attempts that were asked for and do not count."""

    mean_reward: float | None
    """The score: mean reward over the attempts that count; None without any."""

    standard_error: float | None
    """Its standard error, clustered by task; None with fewer than two tasks."""

    mean_reward_lost_as_zero: float | None
    """Mean over all slots, each lost one as 0: the least that the score can be where rewards are not negative."""

    tasks: int
    """Tasks that were asked for."""

    tasks_scored: int
    """Tasks with at least one attempt that counts."""

    tasks_solved: int
    """Tasks that at least one attempt passed."""

    pass_at_k: tuple[PassAtK, ...]
    """For each k that some task has attempts for: 1, powers of 2, multiples of 5, the fewest and the most attempts."""

    per_task: dict[str, TaskScore]
    """By the task's name, sorted."""


def score(trials: Iterable[Trial], planned: Mapping[str, int]) -> Score:
    """Score the records of a run, given in the order in which they were written. `planned`: task -> slots."""
    scored = list(best_records(filter(_is_scored, trials)).values())
    values = worth(scored)
    rewards: dict[str, list[float]] = {task: [] for task in sorted({*planned, *(trial.task for trial in scored)})}
    passed = dict.fromkeys(rewards, 0)
    for trial, value in zip(scored, values, strict=True):
        rewards[trial.task].append(value)
        passed[trial.task] += trial.outcome is Outcome.PASSED
    per_task = {task: _task(own, passed[task], planned.get(task, 0)) for task, own in rewards.items()}
    slots = sum(task.slots for task in per_task.values())
    return Score(
        complete=0 < slots == len(scored),
        slots=slots,
        attempts=len(scored),
        lost=slots - len(scored),
        mean_reward=sum(values) / len(values) if values else None,
        standard_error=clustered_error(list(rewards.values())),
        mean_reward_lost_as_zero=sum(values) / slots if slots else None,
        tasks=len(per_task),
        tasks_scored=sum(task.attempts > 0 for task in per_task.values()),
        tasks_solved=sum(task.passed > 0 for task in per_task.values()),
        pass_at_k=_pass_at_ks([(task.attempts, task.passed) for task in per_task.values() if task.attempts]),
        per_task=per_task,
    )


def clustered_error(clusters: Sequence[Sequence[float]]) -> float | None:
    """The standard error of the mean over all values, where values of one cluster (a task) are not independent.

    The cluster-robust estimator of Liang and Zeger (1986), as Miller (2024, arXiv 2411.00640) has it for evaluations,
    with the small-sample factor G/(G-1) for G clusters. With one value in each cluster it is the usual s/sqrt(n), with
    equally many in each it is the standard error of the clusters' means. None with fewer than two clusters.
    """
    filled = [cluster for cluster in clusters if cluster]
    groups, values = len(filled), sum(map(len, filled))
    if groups < 2:
        return None
    mean = fsum(value for cluster in filled for value in cluster) / values
    squares = fsum(fsum(value - mean for value in cluster) ** 2 for cluster in filled)
    return sqrt(squares * groups / (groups - 1)) / values


def pass_at_k(attempts: int, passed: int, k: int) -> float:
    """The unbiased estimate for one task of the chance that one of k attempts passes; `attempts` is at least k.

    Chen et al. (2021), Evaluating Large Language Models Trained on Code, equation 1.
    """
    return 1.0 - comb(attempts - passed, k) / comb(attempts, k)


def _is_scored(trial: Trial) -> bool:
    return trial.counts and trial.outcome is not Outcome.UNVERIFIED


def _task(rewards: Sequence[float], passed: int, planned: int) -> TaskScore:
    attempts = len(rewards)
    slots = max(planned, attempts)
    mean = sum(rewards) / attempts if attempts else None
    return TaskScore(slots=slots, attempts=attempts, lost=slots - attempts, passed=passed, mean_reward=mean)


def _pass_at_ks(tasks: Sequence[tuple[int, int]]) -> tuple[PassAtK, ...]:
    """`tasks`: attempts that count and how many of them passed."""
    found: list[PassAtK] = []
    for k in _ks([attempts for attempts, _ in tasks]):
        estimates = [pass_at_k(attempts, passed, k) for attempts, passed in tasks if attempts >= k]
        found.append(PassAtK(k=k, rate=sum(estimates) / len(estimates), tasks=len(estimates)))
    return tuple(found)


def _ks(attempts: Sequence[int]) -> list[int]:
    """Powers of 2 and multiples of 5 as in Harbor, which starts at 2; and 1, the fewest and the most attempts."""
    most = max(attempts, default=0)
    powers = {1 << exponent for exponent in range(most.bit_length())}
    return sorted(powers | set(range(5, most + 1, 5)) | ({min(attempts), most} if attempts else set()))

"""The score: pass@k against counting, the clustered error against its formula, and what counts in a run."""

from collections.abc import Iterable
from itertools import combinations, permutations
from math import sqrt
from statistics import mean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otcloud.trials.score import PassAtK, TaskScore, clustered_error, pass_at_k, score
from otcloud.trials.summary import mean_reward
from otcloud.trials.trial import Outcome, Trial

REWARDS = st.floats(0, 1).map(lambda value: round(value, 3))


def trial(task: str, rollout: int, outcome: Outcome, reward: float | None = None, **fields: object) -> Trial:
    rewards = {} if reward is None else {"reward": reward}
    given = {"trial": f"{task}-{rollout}-{outcome}", "task": task, "rollout": rollout, "outcome": outcome}
    return Trial.model_validate(given | {"reward": reward, "rewards": rewards} | fields)


def graded(task: str, *rewards: float) -> list[Trial]:
    """Attempts at one task that count."""
    return [
        trial(task, rollout, Outcome.PASSED if reward >= 1 else Outcome.FAILED, reward)
        for rollout, reward in enumerate(rewards)
    ]


@given(st.lists(st.booleans(), min_size=1, max_size=8), st.data())
def test_pass_at_k_is_the_share_of_all_choices_with_a_pass(attempts: list[bool], data: st.DataObject) -> None:
    k = data.draw(st.integers(1, len(attempts)))
    choices = [any(choice) for choice in combinations(attempts, k)]
    assert pass_at_k(len(attempts), sum(attempts), k) == pytest.approx(mean(choices))


def test_pass_at_k_of_many_attempts_is_exact() -> None:
    assert pass_at_k(1000, 1, 500) == 0.5
    assert (pass_at_k(1000, 0, 1000), pass_at_k(1000, 1, 1000)) == (0.0, 1.0)


@given(st.lists(REWARDS, min_size=2, max_size=20))
def test_with_one_attempt_per_task_the_error_is_the_usual_one(rewards: list[float]) -> None:
    usual = stdev(rewards) / sqrt(len(rewards))
    assert clustered_error([[reward] for reward in rewards]) == pytest.approx(usual, abs=1e-9)


@given(st.integers(1, 5).flatmap(lambda size: st.lists(st.lists(REWARDS, min_size=size, max_size=size), min_size=2)))
def test_with_equal_attempts_it_is_the_error_of_the_tasks_means(tasks: list[list[float]]) -> None:
    usual = stdev(map(mean, tasks)) / sqrt(len(tasks))
    assert clustered_error(tasks) == pytest.approx(usual, abs=1e-9)


@given(st.lists(st.lists(REWARDS, min_size=1, max_size=5), min_size=2, max_size=8))
def test_it_is_the_naive_variance_and_what_attempts_at_a_task_share(tasks: list[list[float]]) -> None:
    """Miller's form: the squares, plus the products of each two attempts at one task."""
    rewards = [reward for task in tasks for reward in task]
    centre, count, groups = mean(rewards), len(rewards), len(tasks)
    squares = sum((reward - centre) ** 2 for reward in rewards)
    shared = sum((one - centre) * (other - centre) for task in tasks for one, other in permutations(task, 2))
    expected = groups / (groups - 1) * (squares + shared) / count**2
    assert (clustered_error(tasks) or 0.0) ** 2 == pytest.approx(expected, abs=1e-9)


def test_attempts_that_repeat_each_other_add_no_certainty() -> None:
    once = clustered_error([[0.0], [1.0], [1.0]])
    assert clustered_error([[0.0] * 9, [1.0] * 9, [1.0] * 9]) == pytest.approx(once)


@pytest.mark.parametrize("clusters", [[], [[]], [[0.0, 1.0]], [[0.5], []]])
def test_one_task_has_no_error(clusters: list[list[float]]) -> None:
    assert clustered_error(clusters) is None


RUN = [
    *graded("a", 1.0, 0.0, 1.0),
    *graded("b", 0.5, 0.25),
    trial("b", 2, Outcome.INFRA, 1.0),
    trial("c", 0, Outcome.CANCELLED),
    trial("d", 0, Outcome.UNVERIFIED),
    trial("d", 1, Outcome.FAILED, cause="context-length"),
]


def test_a_run_with_losses() -> None:
    """Infrastructure, cancelled, unverified and missing attempts are no part of the score, and all are told."""
    found = score(RUN, {"a": 3, "b": 3, "c": 2, "d": 2})
    assert (found.complete, found.slots, found.attempts, found.lost) == (False, 10, 6, 4)
    assert found.mean_reward == pytest.approx(2.75 / 6)
    assert found.mean_reward_lost_as_zero == pytest.approx(2.75 / 10)
    assert found.standard_error == pytest.approx(clustered_error([[1, 0, 1], [0.5, 0.25], [0]]))
    assert (found.tasks, found.tasks_scored, found.tasks_solved) == (4, 3, 1)
    assert found.pass_at_k == (
        PassAtK(k=1, rate=(1 - 1 / 3) / 3, tasks=3),
        PassAtK(k=2, rate=0.5, tasks=2),
        PassAtK(k=3, rate=1.0, tasks=1),
    )
    assert found.per_task["b"] == TaskScore(slots=3, attempts=2, lost=1, passed=0, mean_reward=0.375)
    assert found.per_task["c"] == TaskScore(slots=2, attempts=0, lost=2, passed=0, mean_reward=None)
    assert found.per_task["d"] == TaskScore(slots=2, attempts=1, lost=1, passed=0, mean_reward=0.0)


def test_a_whole_run() -> None:
    found = score([*graded("b", 1.0, 0.0), *graded("a", 1.0, 1.0)], {"a": 2, "b": 2})
    assert (found.complete, found.lost, found.mean_reward, found.mean_reward_lost_as_zero) == (True, 0, 0.75, 0.75)
    assert found.standard_error == 0.25
    assert [(each.k, each.rate) for each in found.pass_at_k] == [(1, 0.75), (2, 1.0)]
    assert list(found.per_task) == ["a", "b"]


def test_nothing_at_all() -> None:
    found = score([], {"a": 2})
    assert (found.complete, found.lost, found.mean_reward, found.standard_error) == (False, 2, None, None)
    assert (found.mean_reward_lost_as_zero, found.pass_at_k, score([], {}).complete) == (0.0, (), False)
    assert score([], {}).mean_reward_lost_as_zero is None


def test_a_slot_that_was_lost_and_then_filled_is_filled() -> None:
    """And more attempts than were asked for are slots too."""
    found = score([trial("a", 0, Outcome.INFRA), *graded("a", 1.0, 0.0)], {"a": 1})
    assert (found.slots, found.attempts, found.complete, found.mean_reward) == (2, 2, True, 0.5)


def test_an_attempt_that_was_run_again_is_scored_once() -> None:
    """By its later trial; one that was lost takes nothing from it."""
    again = trial("a", 1, Outcome.PASSED, 1.0, trial="another")
    found = score([*graded("a", 1.0, 0.0), again, again, trial("a", 0, Outcome.INFRA)], {"a": 2})
    assert (found.attempts, found.slots, found.mean_reward) == (2, 2, 1.0)


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ([1], [1]),
        ([3], [1, 2, 3]),
        ([3, 7], [1, 2, 3, 4, 5, 7]),
        ([12], [1, 2, 4, 5, 8, 10, 12]),
        ([20], [1, 2, 4, 5, 8, 10, 15, 16, 20]),
    ],
)
def test_the_values_of_k(attempts: list[int], expected: list[int]) -> None:
    trials = [each for task, count in enumerate(attempts) for each in graded(str(task), *[1.0] * count)]
    assert [each.k for each in score(trials, {}).pass_at_k] == expected


def test_of_several_rewards_the_named_one_is_scored() -> None:
    both = [trial("a", 0, Outcome.FAILED, 0.5, rewards={"reward": 0.5, "style": 1.0}), *graded("b", 1.0)]
    assert score(both, {}).mean_reward == 0.75


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(Outcome), st.sampled_from("abc"), st.integers(0, 2)), max_size=30))
def test_slots_add_up(records: Iterable[tuple[Outcome, str, int]]) -> None:
    """And without a loss the score is the mean of the summary, which is Harbor's."""
    trials = [
        trial(task, rollout, kind, float(kind is Outcome.PASSED), trial=str(at))
        for at, (kind, task, rollout) in enumerate(records)
    ]
    found = score(trials, dict.fromkeys("abc", 3))
    assert found.slots == found.attempts + found.lost == 9
    assert found.complete == (found.lost == 0)
    assert found.attempts == sum(task.attempts for task in found.per_task.values())
    counting = [each for each in trials if each.outcome in (Outcome.PASSED, Outcome.FAILED)]
    assert found.mean_reward == mean_reward(list({each.slot: each for each in counting}.values()))

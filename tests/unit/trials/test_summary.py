"""Aggregates: one record speaks for each slot, and every slot is counted once."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otcloud.trials.summary import Cause, TaskSummary, mean_reward, summarize
from otcloud.trials.trial import Outcome, Trial


def trial(name: str, outcome: Outcome, reward: float | None = None, **fields: object) -> Trial:
    rewards = {} if reward is None else {"reward": reward}
    given = {"trial": name, "task": "a", "rollout": 0, "outcome": outcome, "reward": reward, "rewards": rewards}
    return Trial.model_validate(given | fields)


RUN = [
    trial("a0", Outcome.INFRA, cause="sandbox", exception="RuntimeError", message="gone", cost_usd=9.0),
    trial("a1", Outcome.PASSED, 1.0, turns=4, input_tokens=10, output_tokens=2, cost_usd=0.5, timed_out=True),
    trial("a2", Outcome.INFRA, cause="sandbox"),
    trial("b0", Outcome.FAILED, 0.5, task="b", turns=2, input_tokens=5, output_tokens=1, task_digest="bb"),
    trial("b1", Outcome.FAILED, None, task="b", task_digest="bb", rollout=1, cause="context-length", exception="Full"),
    trial("c0", Outcome.CANCELLED, task="c", cause="cancelled"),
    trial("d0", Outcome.CANCELLED, task="d"),
    trial("d1", Outcome.INFRA, task="d", cause="sandbox", exception="SandboxError", message="no room"),
    trial("d2", Outcome.CANCELLED, task="d"),
]


def test_a_run() -> None:
    summary = summarize(RUN, planned=6)
    counts = {"done": 3, "passed": 1, "failed": 2, "unverified": 0, "infra": 1, "cancelled": 1, "missing": 1}
    figures = {"planned": 6, "timed_out": 1, "retried": 4, "input_tokens": 15, "output_tokens": 3, "cost_usd": 0.5}
    means = {"mean_reward": (1.0 + 0.5 + 0 + 0) / 4, "mean_counting": (1.0 + 0.5 + 0) / 3, "turns_mean": 3.0}
    assert summary.model_dump(include={*counts, *figures, *means}) == counts | figures | means
    assert list(summary.causes.items()) == [
        ("cancelled", Cause(count=1)),
        ("context-length", Cause(count=1, example="Full")),
        ("sandbox", Cause(count=1, example="SandboxError: no room")),
    ]
    assert summary.per_task == {
        "a": TaskSummary(attempts=1, passed=1, mean_reward=1.0, mean_counting=1.0),
        "b": TaskSummary(attempts=2, passed=0, mean_reward=0.25, mean_counting=0.25),
        "c": TaskSummary(attempts=0, passed=0, mean_reward=None, mean_counting=None),
        "d": TaskSummary(attempts=0, passed=0, mean_reward=0.0, mean_counting=None),
    }


def test_of_two_records_that_count_the_later_speaks() -> None:
    records = [trial("x", Outcome.PASSED, 1.0), trial("y", Outcome.FAILED, 0.0)]
    assert summarize(records, 1).failed == 1
    assert summarize(reversed(records), 1).passed == 1


def test_a_trial_published_twice_is_one_record() -> None:
    again = [trial("x", Outcome.PASSED, 1.0, input_tokens=7), trial("x", Outcome.PASSED, 1.0, input_tokens=7)]
    summary = summarize(again, 1)
    assert (summary.done, summary.retried, summary.input_tokens) == (1, 0, 7)


def test_tasks_of_equal_contents_are_slots_of_their_own() -> None:
    twins = [trial(name, Outcome.PASSED, 1.0, task=name, task_digest="same") for name in "xy"]
    assert summarize(twins, 2).done == 2


def test_trials_without_a_rollout_are_slots_of_their_own() -> None:
    assert summarize([trial(name, Outcome.PASSED, 1.0, rollout=None) for name in "xyz"], 3).passed == 3


def test_time_spans_all_records_whatever_their_zone() -> None:
    first = trial("x", Outcome.INFRA, started_at="2026-03-01T12:00:00+02:00", finished_at="2026-03-01T10:01:00Z")
    last = trial("y", Outcome.PASSED, 1.0, started_at="2026-03-01T10:02:00Z", finished_at="2026-03-01T10:03:00")
    summary = summarize([last, first, trial("z", Outcome.PASSED, 1.0, started_at="soon")], 1)
    assert (summary.first_start, summary.last_finish) == ("2026-03-01T12:00:00+02:00", "2026-03-01T10:03:00")
    assert summary.wall_sec == 180.0


def test_nothing_at_all() -> None:
    summary = summarize([], planned=5)
    assert (summary.missing, summary.mean_reward, summary.turns_mean, summary.wall_sec) == (5, None, None, None)


@pytest.mark.parametrize(
    ("trials", "expected"),
    [
        ([trial("x", Outcome.UNVERIFIED), trial("y", Outcome.INFRA)], None),
        ([trial("x", Outcome.INFRA)], 0.0),
        ([trial("x", Outcome.CANCELLED)], None),
        ([trial("x", Outcome.FAILED, rewards={"style": 0.5}, reward=0.5), trial("y", Outcome.INFRA)], 0.25),
        (
            [
                trial("x", Outcome.FAILED, rewards={"reward": 0.5, "style": 1.0}, reward=0.5),
                trial("y", Outcome.PASSED, rewards={"style": 1.0}, reward=1.0),
            ],
            0.25,
        ),
    ],
)
def test_the_mean(trials: list[Trial], expected: float | None) -> None:
    assert mean_reward(trials) == expected


RECORDS = st.lists(st.tuples(st.sampled_from(Outcome), st.sampled_from("abc"), st.integers(0, 2)), max_size=40)


@settings(deadline=None)
@given(RECORDS)
def test_slots_add_up(records: Iterable[tuple[Outcome, str, int]]) -> None:
    trials = [trial(str(at), kind, task=task, rollout=n) for at, (kind, task, n) in enumerate(records)]
    summary = summarize(trials, planned=9)
    assert summary.done == summary.passed + summary.failed + summary.unverified
    assert summary.planned == summary.done + summary.infra + summary.cancelled + summary.missing
    assert summary.retried == len(trials) - (summary.planned - summary.missing)
    assert sum(task.attempts for task in summary.per_task.values()) == summary.done

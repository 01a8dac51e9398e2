"""Which trials are still to be run, over all ways in which some may be done."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcloud.errors import InputInvalid
from otcloud.node.slots import TaskEntry, entries, filled, free_rollout, missing
from otcloud.trials.trial import COUNTING, Outcome, Trial

folders = st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True, max_size=4)


def tasks_of(names: list[str]) -> list[TaskEntry]:
    """Tasks of a set, in the given order."""
    return [TaskEntry(f"name of {name}", name, f"tasks/x/set/{name}") for name in names]


@given(folders, st.integers(1, 4), st.dictionaries(st.sampled_from("abcd"), st.integers(0, 6)))
def test_missing_and_done_together_are_the_plan(names: list[str], attempts: int, done: dict[str, int]) -> None:
    todo = missing(tasks_of(names), attempts, done)
    counts = Counter(task.folder for task in todo)
    assert counts == {name: attempts - done.get(name, 0) for name in names if done.get(name, 0) < attempts}


@given(folders, st.integers(1, 4), st.dictionaries(st.sampled_from("abcd"), st.integers(0, 3)))
def test_every_task_has_its_first_rollout_before_any_has_its_second(
    names: list[str], attempts: int, done: dict[str, int]
) -> None:
    seen: Counter[str] = Counter(done)
    rounds: list[int] = []
    for task in missing(tasks_of(names), attempts, done):
        rounds.append(seen[task.folder])
        seen[task.folder] += 1
    assert rounds == sorted(rounds)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(Outcome)), max_size=12))
def test_a_slot_is_filled_by_what_says_something_about_the_agent(ended: list[tuple[str, Outcome]]) -> None:
    trials = [Trial(trial=str(number), task=task, outcome=outcome) for number, (task, outcome) in enumerate(ended)]
    assert filled(trials) == Counter(task for task, outcome in ended if outcome in COUNTING)


@given(st.lists(st.none() | st.integers(0, 8), max_size=10))
def test_the_free_rollout_is_the_lowest_that_nobody_has(taken: list[int | None]) -> None:
    free = free_rollout(taken)
    assert free not in taken
    assert all(index in taken for index in range(free))


def test_entries_are_the_locks_in_its_order() -> None:
    lock: dict[str, Any] = {"tasks": [{"name": "b__x", "digest": "2", "path": "tasks/d/s/b-x", "new": 1}]}
    assert entries(lock) == [TaskEntry("b__x", "2", "tasks/d/s/b-x")]
    assert entries(lock)[0].folder == "b-x"
    assert entries({"tasks": []}) == []


@pytest.mark.parametrize("lock", [{}, {"tasks": None}, {"tasks": ["a"]}, {"tasks": [{"name": "a"}]}, {"tasks": 3}])
def test_a_lock_of_another_shape_is_refused(lock: dict[str, Any]) -> None:
    with pytest.raises(InputInvalid, match=r"tasks\.lock\.json"):
        entries(lock)

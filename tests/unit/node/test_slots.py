"""Which trials are still to be run, over all ways in which some may be done."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcloud.errors import InputInvalid
from otcloud.node.slots import Scope, TaskEntry, entries, free_rollout, free_slots, missing, taken
from otcloud.trials.trial import COUNTING, Outcome, Trial

folders = st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True, max_size=4)


def tasks_of(names: list[str]) -> list[TaskEntry]:
    """Tasks of a set, in the given order."""
    return [TaskEntry(f"name of {name}", name, f"tasks/x/set/{name}") for name in names]


held = st.dictionaries(st.sampled_from("abcd"), st.lists(st.none() | st.integers(0, 5), max_size=5))
"""Task -> the rollouts that are filled, in whatever way."""


@given(folders, st.integers(1, 4), held)
def test_missing_and_held_together_are_the_plan(names: list[str], attempts: int, held: dict[str, list[Any]]) -> None:
    todo = missing(tasks_of(names), attempts, held)
    counts = Counter(task.folder for task in todo)
    wanting = {name: attempts - len(held.get(name, ())) for name in names}
    assert counts == {name: number for name, number in wanting.items() if number > 0}


@given(folders, st.integers(1, 4), held)
def test_the_slots_that_are_run_are_free_and_low_ones_of_all_tasks_come_first(
    names: list[str], attempts: int, held: dict[str, list[Any]]
) -> None:
    free = {name: free_slots(attempts, held.get(name, ())) for name in names}
    assert not any(set(slots) & set(held.get(name, ())) for name, slots in free.items())
    order: list[int] = []
    for task in missing(tasks_of(names), attempts, held):
        order.append(free[task.folder].pop(0))
    assert order == sorted(order)


@given(folders, st.integers(1, 4), held, st.dictionaries(st.sampled_from("abcd"), st.sets(st.integers(0, 4))))
def test_a_scope_runs_what_it_names_where_that_is_free(
    names: list[str], attempts: int, held: dict[str, list[Any]], slots: dict[str, set[int]]
) -> None:
    todo = missing(tasks_of(names), attempts, held, Scope(slots=slots))
    wanted = {name: slots.get(name, set()) & set(free_slots(attempts, held.get(name, ()))) for name in names}
    assert Counter(task.folder for task in todo) == {name: len(found) for name, found in wanted.items() if found}


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(Outcome)), max_size=12), st.sets(st.integers(0, 11)))
def test_a_slot_is_filled_by_what_says_something_about_the_agent_until_it_is_vacated(
    ended: list[tuple[str, Outcome]], vacated: set[int]
) -> None:
    trials = [
        Trial(trial=str(number), task=task, outcome=outcome, rollout=number)
        for number, (task, outcome) in enumerate(ended)
    ]
    found = taken(trials, Scope({str(number) for number in vacated}))
    filling = [
        (task, number) for number, (task, outcome) in enumerate(ended) if outcome in COUNTING and number not in vacated
    ]
    assert sorted((task, number) for task, rollouts in found.items() for number in rollouts) == sorted(filling)


@given(st.lists(st.none() | st.integers(0, 8), max_size=10), st.sets(st.integers(0, 8)))
def test_the_free_rollout_is_the_lowest_that_nobody_has(held: list[int | None], preferred: set[int]) -> None:
    free = free_rollout(held)
    assert free not in held
    assert all(index in held for index in range(free))
    chosen = free_rollout(held, preferred)
    assert chosen == min((index for index in preferred if index not in held), default=free)


def test_entries_are_the_locks_in_its_order() -> None:
    lock: dict[str, Any] = {"tasks": [{"name": "b__x", "digest": "2", "path": "tasks/d/s/b-x", "new": 1}]}
    assert entries(lock) == [TaskEntry("b__x", "2", "tasks/d/s/b-x")]
    assert entries(lock)[0].folder == "b-x"
    assert entries({"tasks": []}) == []


@pytest.mark.parametrize("lock", [{}, {"tasks": None}, {"tasks": ["a"]}, {"tasks": [{"name": "a"}]}, {"tasks": 3}])
def test_a_lock_of_another_shape_is_refused(lock: dict[str, Any]) -> None:
    with pytest.raises(InputInvalid, match=r"tasks\.lock\.json"):
        entries(lock)

"""Which slots a repair is for, and that no sequence of repairs fills a slot twice or loses a published trial."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otcloud.errors import InputInvalid
from otcloud.launch.selection import Selection, Standing, select
from otcloud.node.publish import Publisher
from otcloud.node.slots import Scope, TaskEntry
from otcloud.plan.amend import Only
from otcloud.runs.layout import RunDir
from otcloud.trials.published import read_index
from otcloud.trials.summary import best_records
from otcloud.trials.trial import Outcome, Trial
from tests.unit.node.harbors import INFRA, TASKS, write_trial

PASSED, FAILED, LOST = Outcome.PASSED, Outcome.FAILED, Outcome.INFRA
NOTHING = Selection((), {})


def trial(name: str, rollout: int, outcome: Outcome) -> Trial:
    """A published trial; its task is the name's first part."""
    return Trial(trial=name, task=name.partition("__")[0], rollout=rollout, outcome=outcome)


def standing(*trials: Trial, attempts: int = 2, vacated: tuple[str, ...] = ()) -> Standing:
    """Tasks `one` and `two`."""
    return Standing(TASKS, attempts, trials, vacated)


MIXED = (
    *(trial("one__a", 0, LOST), trial("one__b", 1, PASSED)),
    *(trial("two__a", 0, FAILED), trial("two__b", 1, LOST), trial("two__c", 1, PASSED)),
)


@pytest.mark.parametrize(
    ("only", "globs", "expected"),
    [
        ("infra", (), Selection((), {"one": (0,)})),
        ("infra", ("tw*",), NOTHING),
        ("failed", (), Selection(("two__a",), {"two": (0,)})),
        ("failed", ("one",), NOTHING),
        ("missing", (), NOTHING),
        (None, (), Selection((), None)),
        (None, ("t*", "two"), Selection(("two__a", "two__c"), None)),
    ],
)
def test_what_is_selected(only: Only | None, globs: tuple[str, ...], expected: Selection) -> None:
    assert select(standing(*MIXED), only, globs) == expected


def test_more_attempts_are_missing_ones() -> None:
    assert select(standing(*MIXED, attempts=4), "missing") == Selection((), {"one": (2, 3), "two": (2, 3)})
    assert select(standing(*MIXED, attempts=4), "infra") == Selection((), {"one": (0,)})


def test_what_waited_for_another_try_was_lost_and_is_not_missing() -> None:
    """Harbor has deleted its folder, so nothing is on record; more waited than there are blank slots is no matter."""
    run = Standing(TASKS, 3, MIXED, (), {"one": 1, "two": 5})
    assert select(run, "infra") == Selection((), {"one": (0, 2), "two": (2,)})
    assert select(run, "missing") == NOTHING
    run = Standing(TASKS, 4, MIXED, (), {"one": 1})
    assert select(run, "missing") == Selection((), {"one": (3,), "two": (2, 3)})


def test_a_repeat_that_was_lost_can_be_repeated() -> None:
    """The failed trial speaks for its slot, and the slot stays open: as one that failed, and as one that was lost."""
    run = standing(trial("one__a", 0, FAILED), trial("one__b", 0, LOST), attempts=1, vacated=("one__a",))
    assert select(run, "failed") == Selection((), {"one": (0,)})
    assert select(run, "infra") == Selection((), {"one": (0,)})
    assert [each.trial for each in best_records(run.trials).values()] == ["one__a"]


def test_a_trial_that_takes_the_place_of_another_speaks_for_the_slot() -> None:
    run = standing(trial("one__a", 0, PASSED), trial("one__b", 0, FAILED), attempts=1, vacated=("one__a",))
    assert [each.trial for each in best_records(run.trials).values()] == ["one__b"]
    assert select(run, "failed") == Selection(("one__b",), {"one": (0,)})


def test_a_task_goes_by_its_name_or_its_folder() -> None:
    tasks = [TaskEntry("org__deep", "d", "tasks/d/s/org-deep"), TaskEntry("plain", "d", "tasks/d/s/plain")]
    run = Standing(tasks, 1, [trial("org-deep__a", 0, FAILED)])
    for glob in ("org__deep", "org-*", "*"):
        assert select(run, None, (glob,)).again == ("org-deep__a",)
    assert select(run, None, ("plain",)).again == ()
    for glob, said in (("org__dep", "did you mean org__deep?"), ("x", "for example: org__deep, plain")):
        with pytest.raises(InputInvalid) as raised:
            select(run, None, (glob,))
        assert said in raised.value.why


repairs = st.tuples(
    st.sampled_from([None, "infra", "failed", "missing"]),
    st.sampled_from([(), ("one",), ("t*",)]),
    st.integers(0, 1),
    st.lists(st.sampled_from([PASSED, FAILED, LOST, Outcome.CANCELLED]), min_size=8, max_size=8),
)
"""Only, globs, added attempts, and how the trials end that the start runs."""


def start(run: RunDir, part: int, attempts: int, scope: Scope, ends: list[Outcome]) -> list[Trial]:
    """One start of the node with trials that end so; what it published."""
    node = Publisher(run, TASKS, 0, scope)
    before = list(node.trials)
    for number, (task, end) in enumerate(zip(node.missing(attempts), ends, strict=False)):
        if end is not Outcome.CANCELLED:
            exception = INFRA if end is LOST else None
            reward = None if end is LOST else float(end is PASSED)
            write_trial(run, f"0000-{part:02d}", f"{task.folder}__{part}x{number}", reward, exception)
    node.catch_up()
    published = list(read_index(run.published_index))
    assert published[: len(before)] == before
    return published[len(before) :]


@settings(max_examples=25, deadline=None)
@given(st.lists(repairs, max_size=5))
def test_no_sequence_of_repairs_fills_a_slot_twice_or_loses_a_trial(
    wishes: list[tuple[Only | None, tuple[str, ...], int, list[Outcome]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run, attempts, vacated = RunDir(Path(folder)), 1, tuple[str, ...]()
        for part, (only, globs, added, ends) in enumerate(wishes):
            attempts += added
            known = list(read_index(run.published_index))
            selection = select(Standing(TASKS, attempts, known, vacated), only, globs)
            vacated = (*vacated, *selection.again)
            assert set(vacated) <= {each.trial for each in known}
            new = start(run, part, attempts, Scope(vacated, selection.slots), ends)
            slots = selection.slots
            assert slots is None or all(each.rollout in slots[each.task] for each in new if each.counts)
            _filled_once(run, vacated)
        start(run, 99, attempts, Scope(vacated), [PASSED] * 100)
        assert _filled_once(run, vacated) == {(task.folder, index) for task in TASKS for index in range(attempts)}


def _filled_once(run: RunDir, vacated: tuple[str, ...]) -> set[tuple[str, int | None]]:
    filling = [(each.task, each.rollout) for each in read_index(run.published_index) if Scope(vacated).fills(each)]
    assert len(set(filling)) == len(filling)
    return set(filling)

"""What a run directory was started with, and the ends of its logs, read back."""

import json
from pathlib import Path
from typing import Any

import pytest

from otcloud.errors import InputInvalid
from otcloud.plan.amend import Amendment
from otcloud.plan.plan import Plan
from otcloud.runs.journal import write_json
from otcloud.runs.layout import RunDir
from otcloud.runs.log import last_lines
from otcloud.runs.stored import amend, amended, lift, newest, stored_plan
from tests.unit.planned import plan_of, recipe_of


def test_a_plan_reads_back_as_it_was(tmp_path: Path) -> None:
    plan, run = plan_of(recipe_of(tmp_path / "work")), RunDir(tmp_path)
    write_json(run.plan, plan.model_dump(mode="json"))
    assert stored_plan(run) == plan


def test_what_a_newer_otcloud_added_is_passed_over(tmp_path: Path) -> None:
    plan, run = plan_of(recipe_of(tmp_path / "work")), RunDir(tmp_path)
    document: dict[str, Any] = plan.model_dump(mode="json")
    document["new"] = document["harbor"]["new"] = document["candidates"][0]["serve"]["new"] = 1
    write_json(run.plan, document)
    assert stored_plan(run) == plan


@pytest.mark.parametrize("text", [None, "", '{"plan_version": 1', "[]", '{"plan_version": 2}', '{"harbor": 3}'])
def test_a_plan_that_is_none_is_refused_with_the_reason(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "plan.json").write_text(text)
    with pytest.raises(InputInvalid) as raised:
        stored_plan(RunDir(tmp_path))
    assert "plan.json" in raised.value.what
    assert raised.value.why
    assert raised.value.do


def amendment(plan: Plan, **facts: Any) -> Amendment:
    """An amendment of a plan."""
    return Amendment(t="2026-03-02", words="more", changes={"a.b": (1, None)}, settings={}, plan=plan, **facts)


def test_the_newest_amendment_that_can_be_read_is_in_force(tmp_path: Path) -> None:
    plan, run = plan_of(recipe_of(tmp_path / "work")), RunDir(tmp_path)
    write_json(run.plan, plan.model_dump(mode="json"))
    assert (newest(run), list(amended(run))) == (None, [])
    for number in range(1, 12):
        amend(run, amendment(plan.model_copy(update={"sandbox": f"s{number}"}), vacated=("t",), slots={"a": (0,)}))
    assert stored_plan(run).sandbox == "s11"
    run.amendment(11).write_bytes(run.amendment(11).read_bytes()[:-9])
    newer: dict[str, Any] = json.loads(run.amendment(10).read_bytes())
    write_json(run.amendment(10), {**newer, "new": 1, "plan": {**newer["plan"], "new": 1}})
    write_json(run.amendments / "notes.json", {"words": "not ours"})
    assert newest(run) == amendment(plan.model_copy(update={"sandbox": "s10"}), vacated=("t",), slots={"a": (0,)})
    assert len(list(amended(run))) == 10
    amend(run, amendment(plan))
    assert run.amendment(12).exists()
    assert stored_plan(run) == plan


def test_a_start_that_asks_for_nothing_lifts_what_an_earlier_one_was_for(tmp_path: Path) -> None:
    plan, run = plan_of(recipe_of(tmp_path / "work")), RunDir(tmp_path)
    lift(run, "later")
    assert newest(run) is None
    amend(run, amendment(plan, vacated=("t",), slots={"a": (0,)}, only="infra"))
    for _ in range(2):
        lift(run, "later")
    assert not run.amendment(3).exists()
    lifted = newest(run)
    assert lifted is not None
    assert (lifted.slots, lifted.only, lifted.vacated, lifted.plan, lifted.t) == (None, None, ("t",), plan, "later")


def test_the_end_of_a_log_is_read_from_behind(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    assert last_lines(log) == ""
    assert last_lines(tmp_path) == ""
    log.write_bytes(b"one\n\n  \ntwo \xff\nthree")
    assert last_lines(log, 2) == "two �\nthree"
    with log.open("ab") as out:
        out.truncate(2**40)  # a terabyte of nothing: only its end can have been read
        out.seek(2**40)
        out.write(b"\nlast\n")
    assert json.dumps(last_lines(log, 1)) == '"last"'

"""What a run directory was started with, and the ends of its logs, read back."""

import json
from pathlib import Path
from typing import Any

import pytest

from otcloud.errors import InputInvalid
from otcloud.runs.journal import write_json
from otcloud.runs.layout import RunDir
from otcloud.runs.log import last_lines
from otcloud.runs.stored import stored_plan
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

"""What a run directory says of its run, whole, half or foreign."""

import json
from pathlib import Path
from typing import Any

import pytest

from otcloud.errors import Cancelled, OtcloudError, TooManyInfraFailures
from otcloud.runs.create import note
from otcloud.runs.journal import locked, read_json, write_json
from otcloud.runs.layout import RunDir, job_name, run_id
from otcloud.runs.state import RunState, last_end, read_state
from tests.unit.planned import record

STATUS = {"planned": 4, "done": 2, "passed": 1, "failed": 1, "infra": 1, "mean_reward": 0.5, "output_tokens": 7}


def state_of(run: RunDir) -> RunState:
    """The state, which must be there."""
    state = read_state(run)
    assert state is not None
    return state


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """A run directory with a record."""
    found = RunDir(tmp_path / "one")
    write_json(found.run, record())
    return found


def test_a_folder_without_a_record_holds_no_run(tmp_path: Path) -> None:
    assert read_state(RunDir(tmp_path)) is None
    (tmp_path / "run.json").write_text("{")
    assert read_state(RunDir(tmp_path)) is None


def test_a_torn_record_is_told_by_the_plan_and_mended_by_the_next_note(run: RunDir) -> None:
    """The run is found by its recipe, counts as unfinished, and `note` writes the record anew."""
    run.run.write_bytes(run.run.read_bytes()[:-9])
    assert read_state(run) is None
    write_json(run.plan, {"kind": "eval", "created": "2026-03-05", "recipe_digest": "d7", "other": 1})
    for _ in range(2):
        state = state_of(run)
        assert (state.kind, state.created, state.recipe_digest, state.state) == (
            *("eval", "2026-03-05", "d7", "interrupted"),
        )
        note(run, "drive", planned=4)
    assert (read_json(run.run) or {})["recipe_digest"] == "d7"
    assert state_of(run).planned == 4


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"exit_code": 0}, None),
        ({"exit_code": 7, "error": {"what": "w", "why": "y", "do": "d"}}, TooManyInfraFailures("w", why="y", do="d")),
        ({"exit_code": None}, Cancelled("run one stopped without a last word")),
    ],
)
def test_the_last_end_as_an_error(run: RunDir, facts: dict[str, Any], expected: OtcloudError | None) -> None:
    write_json(run.run, record(**facts))
    found = last_end(run)
    assert type(found) is type(expected)
    if found is not None and expected is not None:
        assert found.what == expected.what


@pytest.mark.parametrize(
    ("code", "held", "status", "expected"),
    [
        (None, True, {}, "starting"),
        (None, True, {"state": "running", "exit_code": None}, "running"),
        (None, True, {"state": "finished", "exit_code": 0}, "finishing"),
        (None, False, {"state": "running", "exit_code": None}, "interrupted"),
        (0, False, {"state": "finished", "exit_code": 0}, "done"),
        (7, False, {"state": "failed", "exit_code": 7}, "failed"),
        (7, True, {"state": "running", "exit_code": None}, "running"),
    ],
)
def test_the_state(run: RunDir, code: int | None, held: bool, status: dict[str, Any], expected: str) -> None:
    write_json(run.run, record(exit_code=code))
    write_json(run.status, status)
    with locked(run.lock if held else run.root / "another.lock"):
        state = state_of(run)
    assert state.state == expected
    assert state.is_finished == (expected == "done")
    assert state.is_active == held


def test_figures_come_from_the_node(run: RunDir) -> None:
    assert (state_of(run).planned, state_of(run).done, state_of(run).mean_reward) == (4, 0, None)
    write_json(run.status, {**STATUS, "planned": 3, "updated_at": "2026-03-01T10:00:00+00:00"})
    state = state_of(run)
    assert (state.planned, state.done, state.passed, state.failed, state.infra) == (3, 2, 1, 1, 1)
    assert (state.mean_reward, state.output_tokens, state.input_tokens) == (0.5, 7, 0)
    assert json.loads(json.dumps(state.document())) == state.document()
    assert state.document()["run_id"] == "one"


@pytest.mark.parametrize("odd", ["many", [1], {"a": 1}, -1, True, 1e400, 2**80])
def test_a_value_of_another_shape_counts_as_missing(run: RunDir, odd: Any) -> None:
    """One odd run must not keep all others from being listed."""
    write_json(run.run, dict.fromkeys(("exit_code", "planned", "error", "created", "kind"), odd))
    write_json(run.status, dict.fromkeys((*STATUS, "updated_at", "state"), odd))
    state = state_of(run)
    assert (state.state, state.exit_code, state.done) == ("interrupted", None, 0)
    assert state.error in (None, {"a": 1})


def test_the_names_of_a_run_and_of_its_parts() -> None:
    run = RunDir(Path("/runs/one"))
    assert (run.run_id, run.archive("t__a"), run.job_file("0000-01"), run.log("node")) == (
        "one",
        Path("/runs/one/published/t__a.tar.gz"),
        Path("/runs/one/jobs/0000-01.json"),
        Path("/runs/one/logs/node.log"),
    )
    assert [job_name(0, part) for part in (0, 9, 100)] == ["0000-00", "0000-09", "0000-100"]
    assert run_id("quick", "20260301-100000", "ab12") == "quick-20260301-100000-ab12"

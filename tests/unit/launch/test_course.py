"""A run from the client's side: what keeps it from starting, how the node's end is told, what a full disk changes."""

import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from otcloud.errors import (
    Cancelled,
    CredentialOrProgramMissing,
    Interrupted,
    LimitReached,
    NotBuiltYet,
    OtcloudError,
    PublishFailed,
    UsageError,
)
from otcloud.launch.course import Inputs, _ended, _failure, launch, resume
from otcloud.launch.place import Place, place
from otcloud.plan.plan import Plan
from otcloud.runs.index import all_runs
from otcloud.runs.journal import locked, read_json, write_json
from otcloud.runs.layout import RunDir
from otcloud.runs.state import read_state
from tests.unit.launch.views import Watcher
from tests.unit.planned import plan_of, recipe_of, record


@pytest.fixture
def here(tmp_path: Path, program_cache: Path) -> Place:
    """A user's surroundings."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "OTCLOUD_CACHE": str(program_cache)}
    return place(environ, tmp_path, Path("runs"))


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A plan of a workload."""
    return plan_of(recipe_of(tmp_path / "work"))


@pytest.fixture
def run(tmp_path: Path, plan: Plan) -> RunDir:
    """A run with nothing left to do: its set of tasks is empty."""
    made = RunDir(tmp_path / "runs" / "one")
    write_json(made.plan, plan.model_dump(mode="json"))
    write_json(made.tasks_lock, {"tasks": []})
    write_json(made.run, record(recipe_digest=plan.recipe_digest))
    return made


def started(plan: Plan, here: Place) -> None:
    """Launch, which is expected to be refused."""
    work = here.cwd / "work"
    inputs = Inputs("kind: tracegen\n", work / "tasks", work / "recording.jsonl")
    launch(plan, inputs, here, Watcher(), lambda _text: None)


def test_what_is_not_built_or_missing_is_refused_with_nothing_created(here: Place, plan: Plan) -> None:
    with pytest.raises(NotBuiltYet, match=r"tasks\.hub"):
        started(plan.model_copy(update={"not_built": ("tasks.hub",)}), here)
    required = plan.secrets.model_copy(update={"required": ("A_KEY",)})
    with pytest.raises(CredentialOrProgramMissing, match="A_KEY"):
        started(plan.model_copy(update={"secrets": required}), here)
    assert not here.runs_dir.exists()
    assert not here.data.exists()


def test_a_resumed_run_with_nothing_left_is_done(run: RunDir, here: Place) -> None:
    view = Watcher()
    ended = resume(run, here, view)
    assert ended.failure is None
    state = read_state(run)
    assert state is not None
    assert (state.state, state.exit_code) == ("done", 0)
    assert [found.run_id for found in all_runs(here.data, here.data)] == ["one"]
    assert any("one" in text for text in view.said)


def test_a_list_of_runs_that_cannot_be_written_stops_no_run(run: RunDir, here: Place, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    view = Watcher()
    assert resume(run, replace(here, data=tmp_path / "file"), view).failure is None
    assert any("cannot be written" in text for text in view.said)


def test_a_run_that_is_driven_is_not_taken_up(run: RunDir, here: Place) -> None:
    before = run.run.read_bytes()
    with locked(run.lock), pytest.raises(UsageError, match="being driven"):
        resume(run, here, Watcher())
    assert run.run.read_bytes() == before


class Patient(Watcher):
    """Somebody who, told to wait, ends what is waited for."""

    def __init__(self, end: Callable[[], None]) -> None:
        super().__init__()
        self.end = end

    def say(self, text: str) -> None:
        super().say(text)
        if text.startswith("waiting for"):
            self.end()


def test_a_start_waits_for_the_programs_of_the_last_one(run: RunDir, here: Place) -> None:
    """They publish until they have ended: nothing is read or decided before that."""
    with ExitStack() as earlier:
        assert earlier.enter_context(locked(run.node_lock)) is not None
        watcher = Patient(earlier.close)
        decided: list[int] = []
        resume(run, here, watcher, repair=lambda: bool(decided.append(len(watcher.said))))
    assert watcher.said == ["waiting for the programs of the last start of one to end"]
    assert decided == [1]


def test_a_failure_of_the_node_is_the_runs(run: RunDir, here: Place) -> None:
    run.tasks_lock.unlink()
    failure = resume(run, here, Watcher()).failure
    assert failure is not None
    assert failure.exit_code == 3
    assert "tasks.lock.json" in failure.what
    assert (read_json(run.run) or {})["exit_code"] == 3
    assert (read_json(run.run) or {})["error"]["what"] == failure.what


@pytest.mark.parametrize(
    ("code", "error", "expected"),
    [
        (0, {"what": "old"}, None),
        (9, {"what": "late", "why": "w", "do": "d"}, LimitReached("late", why="w", do="d")),
        (130, {"what": "interrupted"}, Interrupted("interrupted")),
        (-9, None, Cancelled("the node program ended with signal 9 and without a last word")),
        (8, {}, PublishFailed("the node program ended with code 8 and without a last word")),
        (77, None, OtcloudError("the node program ended with code 77 and without a last word")),
        (130, "torn", Interrupted("stopped at once, as asked")),
    ],
)
def test_the_nodes_end_as_an_error(run: RunDir, code: int, error: object, expected: OtcloudError | None) -> None:
    write_json(run.status, {"error": error})
    failure = _failure(run, code)
    assert type(failure) is type(expected)
    if failure is not None and expected is not None:
        assert failure.what == expected.what
        assert bool(failure.why) or code == 130


def test_a_silent_end_quotes_the_nodes_log(run: RunDir) -> None:
    run.log("node").parent.mkdir()
    run.log("node").write_text("MemoryError\n")
    failure = _failure(run, -6)
    assert failure is not None
    assert failure.why == "MemoryError"


def test_an_end_that_cannot_be_noted_is_told_and_hides_no_earlier_failure(run: RunDir) -> None:
    shutil.rmtree(run.root)
    run.root.write_text("a file where a folder should be")
    unwritten = _ended(run, None)
    assert isinstance(unwritten, PublishFailed)
    assert str(run.root) in unwritten.what
    late = LimitReached("late")
    assert _ended(run, late) is late

"""The node's one file of state, and its last word."""

import os
from pathlib import Path

import pytest

from otcloud.errors import LimitReached
from otcloud.node.status import Status
from otcloud.runs.journal import read_json, read_lines
from otcloud.runs.layout import RunDir


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def status(tmp_path: Path, clock: Clock) -> Status:
    """A node's status that has begun."""
    made = Status(RunDir(tmp_path), clock=clock)
    made.begin()
    return made


def written(status: Status) -> dict[str, object]:
    """The file's content."""
    return read_json(status.run.status) or {}


def test_it_begins_without_an_exit_code(status: Status) -> None:
    assert written(status)["state"] == "starting"
    assert (written(status)["pid"], written(status)["exit_code"]) == (os.getpid(), None)
    assert [line["event"] for line in read_lines(status.run.node_events)] == ["node-start"]


def test_it_is_written_when_something_changed_and_as_a_sign_of_life(status: Status, clock: Clock) -> None:
    status.update(state="running", done=1)
    assert written(status)["done"] == 1
    status.run.status.unlink()
    status.update(state="running", done=1)
    clock.now = 9.0
    status.update(done=1)
    assert not status.run.status.exists()
    clock.now = 11.0
    status.update(done=1)
    assert written(status)["state"] == "running"


@pytest.mark.parametrize(("error", "state", "code"), [(None, "finished", 0), (LimitReached("late"), "failed", 9)])
def test_the_last_word_is_the_exit_code(status: Status, error: LimitReached | None, state: str, code: int) -> None:
    assert status.end(error) == code
    assert (written(status)["state"], written(status)["exit_code"]) == (state, code)
    said = written(status)["error"]
    assert said == (None if error is None else {"what": "late", "why": "", "do": "", "title": error.title})
    assert list(read_lines(status.run.node_events))[-1] == {
        **list(read_lines(status.run.node_events))[-1],
        "event": "node-end",
        "exit_code": code,
        "error": said,
    }

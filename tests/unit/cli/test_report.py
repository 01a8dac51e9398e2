"""A run's end: what was left out, how long it took, and which commands are offered when."""

import io
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from otcloud.cli.render import Output
from otcloud.cli.report import document, human, show_end
from otcloud.cli.streams import Data
from otcloud.errors import ServerNeverReady
from otcloud.launch.course import Ended
from otcloud.runs.journal import locked, write_json
from otcloud.runs.layout import RunDir


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunDir]:
    """A run that stopped before any trial, in a folder with a space."""
    run = RunDir(tmp_path / "my runs" / "one two")
    record(run)
    yield run


def record(run: RunDir, **facts: Any) -> None:
    """Write the client's record."""
    write_json(run.run, {"run_id": run.run_id, "created": "2026-01-01T10:10:10", "planned": 2, **facts})


def offered(run: RunDir) -> list[list[str]]:
    """The commands that the report offers, as a shell would read them."""
    _, _, after = human(run).partition("next:\n")
    return [shlex.split(line.strip().split("      ")[0]) for line in after.splitlines()]


def test_only_what_can_be_done_is_offered(run: RunDir) -> None:
    """Resume what nobody drives, watch what somebody does, look at trials that are there; and it can be pasted."""
    assert offered(run) == [["otcloud", "resume", "one two"]]
    with locked(run.lock):
        assert offered(run) == [["otcloud", "logs", "--follow", "one two"], ["otcloud", "wait", "one two"]]
    (run.jobs / "0000-00").mkdir(parents=True)
    (run.jobs / "0000-00" / "result.json").touch()
    assert offered(run) == [["otcloud", "resume", "one two"]]
    (run.jobs / "0000-00" / "task__abc").mkdir()
    run.traces.mkdir()
    (run.traces / "traces.jsonl").write_text("{}\n")
    looks = [["otcloud", "view", "one two"], ["head", "-n", "1", str(run.traces / "traces.jsonl")]]
    assert offered(run) == [*looks, ["otcloud", "resume", "one two"]]
    record(run, planned=0, exit_code=0)
    assert offered(run) == looks


def test_a_finished_run_without_anything_offers_nothing(run: RunDir) -> None:
    """No headline without lines."""
    record(run, planned=0, exit_code=0)
    assert "next" not in human(run)


def test_the_record_is_shown_and_bounded(run: RunDir) -> None:
    """Tasks left out, time driven and the dataset's size; reasons below, five of each kind."""
    left_out = {f"task-{number}": f"it is broken in way {number}" for number in range(7)}
    traces = {"rows": 5, "skipped": [["trial-a", "it has no trajectory"]]}
    record(run, left_out=left_out, driven_sec=125.0, traces=traces)
    lines = human(run).splitlines()
    words = {line.partition("  ")[0]: line.partition("  ")[2].strip() for line in lines}
    assert words["left out"] == "7 tasks (task-0, task-1, task-2, ...)"
    assert words["wall time"] == "2 min 5 s"
    assert words["dataset"] == "5 rows, 1 trial without a row"
    assert words["trial-a"].strip() == "it has no trajectory"
    assert [line for line in lines if "it is broken" in line][-1].endswith("way 4")
    assert "... and 2 more in run.json" in lines
    shown = document(run)
    assert (shown["left_out"], shown["driven_sec"]) == (left_out, 125.0)
    assert shown["dataset"] == {"rows": 5, "skipped": [("trial-a", "it has no trajectory")]}


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"left_out": ["a"], "driven_sec": "long", "traces": [1]},
        {"left_out": None, "driven_sec": True, "traces": {"rows": -1, "skipped": {"a": "b"}}},
        {"traces": {"rows": "5", "skipped": [["only"], 3, [1, 2]]}},
    ],
)
def test_an_odd_record_counts_as_missing(run: RunDir, odd: dict[str, Any]) -> None:
    """Older runs have none of it."""
    record(run, **odd)
    shown = document(run)
    assert (shown["left_out"], shown["driven_sec"], shown["dataset"]) == ({}, None, None)
    assert not {"left out", "wall time", "dataset"} & {line.partition("  ")[0] for line in human(run).splitlines()}


@pytest.mark.parametrize("as_json", [False, True])
def test_a_failed_run_stays_failed_whatever_its_report_meets(
    run: RunDir, as_json: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk under stdout does not hide how the run ended."""
    failure = ServerNeverReady("the server never answered")
    with Data("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(full), line_buffering=True))
        with pytest.raises(ServerNeverReady) as raised:
            show_end(Ended(run, failure), Output(as_json=as_json))
        assert (full.lost is None) == as_json
    assert raised.value is failure

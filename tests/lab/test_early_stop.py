"""A run that only burns money: paused and ended with a diagnosis, or let go on when the trouble is over."""

import json
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.workload import make
from otcloud import process
from otcloud.runs.journal import read_json, read_lines
from otcloud.runs.layout import RunDir
from otcloud.trials.published import read_index
from tests.flow.command import Otcloud, wait_for


def node_events(run: RunDir, name: str) -> list[dict[str, object]]:
    """The node's own events of one name."""
    return [event for event in read_lines(run.node_events) if event["event"] == name]


def ended(run: RunDir) -> int:
    """Attempts that have ended."""
    return sum(event["event"] == "end" for event in read_lines(run.harbor_events))


@contextmanager
def read_only(folder: Path) -> Generator[None]:
    """Nothing can be made in the folder: no sandbox starts."""
    for options in (["--bind", folder, folder], ["-o", "remount,bind,ro", folder]):
        done = process.run(["mount", *options])
        assert done.code == 0, done.stderr
    try:
        yield
    finally:
        assert process.run(["umount", "--lazy", folder]).code == 0


def test_a_run_in_which_nothing_works_is_ended(otcloud: Otcloud) -> None:
    """The first attempts are the smoke test: exit code 10, the cause counted with an example, the rest not started."""
    recipe = make(otcloud.folder / "work", 40, 0.1)
    for task in (recipe.parent / "tasks").iterdir():
        (task / "instruction.md").write_text(f"Something that nobody recorded about {task.name}.")
    done = otcloud("tracegen", recipe, "--n-concurrent", "2", "--set", "trials.early_stop.smoke_trials=4", "--json")
    assert done.code == 10, done.stderr
    document = json.loads(done.stdout)
    assert "attempts came through" in document["error"]["what"]
    assert " x model-request" in document["error"]["why"]
    assert "recording" in document["error"]["why"]
    assert "otcloud resume" in document["error"]["do"]
    assert 4 <= document["summary"]["infra"] <= 8
    [run] = otcloud.runs()
    assert ended(run) <= 8


def test_switched_off_it_tries_everything(otcloud: Otcloud) -> None:
    """Exit code 7 then, at the end."""
    recipe = make(otcloud.folder / "work", 12, 0.1)
    for task in (recipe.parent / "tasks").iterdir():
        (task / "instruction.md").write_text(f"Something that nobody recorded about {task.name}.")
    done = otcloud("tracegen", recipe, "--set", "trials.early_stop.enabled=false", "--json")
    assert done.code == 7, done.stderr
    assert json.loads(done.stdout)["summary"]["infra"] == 12


@pytest.mark.skipif(os.getuid() != 0, reason="mounts a folder read-only: needs root")
def test_sandboxes_that_fail_for_a_while_only_pause_the_run(otcloud: Otcloud) -> None:
    """The gate is held, single trials are tried, and it goes on when one comes through: little is lost."""
    recipe = make(otcloud.folder / "work", 40, 0.3)
    rules = {"window": 6, "pause_sec": 1, "probes": 6}
    sets = [word for key, value in rules.items() for word in ("--set", f"trials.early_stop.{key}={value}")]
    command = otcloud.start("tracegen", recipe, "--n-concurrent", "2", "--retries", "0", "-q", *sets)
    wait_for(lambda: otcloud.runs() and ended(otcloud.runs()[0]) >= 8, "trials have ended")
    [run] = otcloud.runs()
    with read_only(run.scratch):
        wait_for(lambda: node_events(run, "probe"), "a single trial was let through")
        state = otcloud.json("status")
        assert state["state"] == "paused"
        assert "one trial is tried in" in (read_json(run.status) or {})["note"]
    wait_for(lambda: node_events(run, "unpaused"), "a trial came through")
    assert command.wait(120) == 7
    lost = sum(not trial.counts for trial in read_index(run.published_index))
    assert 4 <= lost <= 14
    assert otcloud("resume", "-q").code == 0
    assert sum(trial.counts for trial in read_index(run.published_index)) == 40


def test_empty_answers_end_the_run(otcloud: Otcloud) -> None:
    """A model that says nothing: no infrastructure failure, no reward either, and no use in going on."""
    recipe = make(otcloud.folder / "work", 30, 0.1)
    lines = (recipe.parent / "recording.jsonl").read_text().splitlines()
    (recipe.parent / "recording.jsonl").write_text("\n".join([lines[0], *map(emptied, lines[1:])]) + "\n")
    rules = ("--set", "trials.early_stop.smoke_trials=4", "--set", "trials.early_stop.probes=0", "--max-turns", "2")
    done = otcloud("tracegen", recipe, "--n-concurrent", "2", *rules, "--json")
    assert done.code == 10, done.stderr
    document = json.loads(done.stdout)
    assert "empty-answers" in document["error"]["why"]
    assert 4 <= document["summary"]["failed"] <= 8


def emptied(line: str) -> str:
    """A recorded answer without its words."""
    answer = json.loads(line)
    return json.dumps({**answer, "message": {"role": "assistant", "content": ""}})

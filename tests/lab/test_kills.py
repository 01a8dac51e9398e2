"""kill -9 of each program at random moments, then the same command again: nothing is lost, redone or counted twice."""

import os
import random
import signal
import tarfile
from pathlib import Path

import pytest

from benchmarks.workload import make
from otcloud import process
from otcloud.runs.journal import read_json, read_lines
from otcloud.runs.layout import RunDir
from otcloud.trials.published import read_index
from tests.flow.command import COMMAND, Otcloud, wait_for

TASKS, ATTEMPTS = 6, 2
WORDS = ("--n-attempts", str(ATTEMPTS), "--n-concurrent", "4", "-q")
MARKS = {
    "cli": (str(COMMAND).encode(), b"tracegen"),
    "node": (b"otcloud.node",),
    "harbor": (b"bin/harbor", b"run"),
    "server": (b"otcloud.engines",),
}


def find(otcloud: Otcloud, target: str) -> int | None:
    """The pid of one program of the run, when it runs."""
    for pid in otcloud.pids():
        command = Path(f"/proc/{pid}/cmdline")
        if command.exists() and all(mark in command.read_bytes() for mark in MARKS[target]):
            return pid
    return None


def kill_once(otcloud: Otcloud, target: str, chance: random.Random, command: process.Child) -> None:
    """Wait for a random moment of the run and kill the target, unless the run was faster."""
    moment = chance.randrange(0, TASKS * ATTEMPTS * 7)
    wait_for(lambda: _events(otcloud) >= moment or command.poll() is not None, "the moment came")
    pid = find(otcloud, target)
    if pid is not None:
        os.kill(pid, signal.SIGKILL)


def _events(otcloud: Otcloud) -> int:
    return sum(len(list(read_lines(run.harbor_events))) for run in otcloud.runs())


def check(run: RunDir, before: list[str]) -> None:
    """Every slot is filled exactly once, what was published before is still first, archives hold their trials."""
    trials = list(read_index(run.published_index))
    assert [trial.trial for trial in trials][: len(before)] == before
    slots = sorted((trial.task, trial.rollout) for trial in trials if trial.counts)
    assert slots == [(f"sleep-{task:03d}", rollout) for task in range(TASKS) for rollout in range(ATTEMPTS)]
    assert len({trial.trial for trial in trials}) == len(trials)
    for trial in trials:
        with tarfile.open(run.archive(trial.trial)) as archive:
            assert f"{trial.trial}/result.json" in archive.getnames()
    assert (read_json(run.run) or {})["exit_code"] == 0
    rows = list(read_lines(run.traces / "traces.jsonl"))
    assert len(rows) == TASKS * ATTEMPTS
    assert not run.scratch.exists()


def round_of_kills(otcloud: Otcloud, target: str, seed: int) -> None:
    """Start, kill, start again until it is done; at most one more kill on the way."""
    chance = random.Random(f"{target}-{seed}")
    recipe = make(otcloud.folder / "work", TASKS, 0.3)
    command = otcloud.start("tracegen", recipe, *WORDS)
    kill_once(otcloud, target, chance, command)
    command.wait(200)
    [run] = wait_for(otcloud.runs, "there is a run directory") if otcloud.runs() else [None]
    before = [trial.trial for trial in read_index(run.published_index)] if run is not None else []
    if run is None or (read_json(run.run) or {}).get("exit_code") != 0:
        again = otcloud("tracegen", recipe, *WORDS)
        assert again.code == 0, again.stderr
    [run] = otcloud.runs()
    check(run, before)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("target", MARKS)
def test_kill_and_run_again(otcloud: Otcloud, target: str, seed: int) -> None:
    """Three seeded rounds for each program."""
    round_of_kills(otcloud, target, seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 120))
@pytest.mark.parametrize("target", MARKS)
def test_kill_and_run_again_and_again(otcloud: Otcloud, target: str, seed: int) -> None:
    """Twenty more rounds for each program."""
    round_of_kills(otcloud, target, seed)

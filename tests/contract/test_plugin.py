"""The plug-in inside real Harbor: one event for each step, starts held while the gate is closed, graded trials kept."""

import json
import sys
from pathlib import Path

import pytest

from otcloud import process
from otcloud.harbor_ext.sandbox.probe import probe
from otcloud.node import harbor as harbor_jobs
from otcloud.node.gate import Gate
from otcloud.programs import Harbor
from otcloud.runs.journal import locked, read_lines
from otcloud.runs.layout import RunDir
from otcloud.trials.files import FolderFiles
from otcloud.trials.read import read_trial
from otcloud.trials.trial import Outcome
from tests.conftest import REAL_ENVIRON
from tests.flow.command import CANARY, wait_for
from tests.unit.architecture.source import ROOT

STUBBORN = """
import os

from otcloud.harbor_ext.local_sandbox import LocalSandbox

class Stubborn(LocalSandbox):
    async def stop(self, delete):
        await super().stop(delete)
        raise RuntimeError("the sandbox would not stop")


class Refusing(LocalSandbox):
    async def start(self, force_build):
        raise ConnectionError(f"refused with {os.environ['MY_API_KEY']}")
"""


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """A run directory with the gate open and a module of the test's own beside it."""
    reason = probe(sys.executable)
    if reason is not None:
        pytest.skip(f"no embedded sandbox here: {reason}")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "stubborn.py").write_text(STUBBORN)
    made = RunDir(tmp_path / "run")
    made.gate.parent.mkdir(parents=True)
    made.gate.touch()
    return made


def started(run: RunDir, harbor: Harbor, lock: int, sandbox: str, trials: int = 1) -> process.Child:
    """Harbor, with the plug-in, on one task of the quickstart and its oracle; failures are tried again."""
    document = {
        "job_name": "0000-00",
        "jobs_dir": "jobs",
        "n_attempts": 1,
        "quiet": True,
        "retry": {"max_retries": 2, "min_wait_sec": 0.1},
        "environment": {"import_path": sandbox, "kwargs": {"scratch": "scratch"}},
        "agents": [{"name": "oracle"}],
        "tasks": [{"path": str(ROOT / "recipes/quickstart/tasks/edit-config")}] * trials,
    }
    env = harbor_jobs.environment(REAL_ENVIRON, {"MY_API_KEY": CANARY}, harbor, run, None)
    env["PYTHONPATH"] += f":{run.root.parent / 'own'}"
    return harbor_jobs.start(run, harbor, document, env, lock)


def events(run: RunDir) -> list[str]:
    """The names of the events so far."""
    return [str(event["event"]) for event in read_lines(run.harbor_events)]


def test_a_graded_trial_is_not_run_again(run: RunDir, harbor: Harbor) -> None:
    """Its sandbox would not stop: Harbor notes an exception and would delete the trial for a retry."""
    with locked(run.root / "node" / "lock") as lock:
        assert lock is not None
        assert started(run, harbor, lock, "stubborn:Stubborn").wait(120) == 0
    assert events(run).count("start") == 1
    [folder] = [path for path in run.jobs.glob("0000-00/*") if path.is_dir()]
    trial = read_trial(FolderFiles(folder))
    assert trial is not None
    assert (trial.outcome, trial.exception) == (Outcome.PASSED, "RuntimeError")


def test_every_step_is_an_event(run: RunDir, harbor: Harbor) -> None:
    """In the order of the steps, each a whole line with trial, task and time."""
    with locked(run.root / "node" / "lock") as lock:
        assert lock is not None
        assert started(run, harbor, lock, "otcloud.harbor_ext.local_sandbox:LocalSandbox").wait(120) == 0
    steps = ["start", "environment-start", "agent-start", "agent-end", "verification-start", "end"]
    assert events(run) == ["job-start", *steps, "job-end"]
    last = next(event for event in read_lines(run.harbor_events) if event["event"] == "end")
    assert (last["task"], last["exception"], last["rewards"]) == ("edit-config", None, {"reward": 1.0})
    assert (last["outcome"], last["cause"], last["empty"]) == ("passed", None, False)


def test_nothing_starts_while_the_gate_is_closed(run: RunDir, harbor: Harbor) -> None:
    """Held before its sandbox is made; it goes on when the gate opens."""
    run.gate.unlink()
    with locked(run.root / "node" / "lock") as lock:
        assert lock is not None
        child = started(run, harbor, lock, "otcloud.harbor_ext.local_sandbox:LocalSandbox")
        try:
            wait_for(lambda: "held" in events(run), "the trial is held")
            assert "start" not in events(run)
            run.gate.touch()
            assert child.wait(120) == 0
        finally:
            harbor_jobs.stop(child)
    result = json.loads((run.jobs / "0000-00" / "result.json").read_text())
    assert result["stats"]["n_completed_trials"] == 1


def test_every_attempt_is_an_event_with_what_it_was_evidence_of(run: RunDir, harbor: Harbor) -> None:
    """Also of attempts that Harbor tries again and whose folder it deletes; a secret in a message is its name."""
    with locked(run.root / "node" / "lock") as lock:
        assert lock is not None
        assert started(run, harbor, lock, "stubborn:Refusing").wait(120) == 0
    ends = [event for event in read_lines(run.harbor_events) if event["event"] == "end"]
    assert events(run).count("start") == len(ends) == 3
    assert {(end["outcome"], end["cause"], end["exception"]) for end in ends} == {
        ("infra", "network", "ConnectionError")
    }
    assert {end["message"] for end in ends} == {"refused with [MY_API_KEY]"}
    assert CANARY not in run.harbor_events.read_text()


def test_an_event_that_cannot_be_written_is_written_before_the_next(run: RunDir, harbor: Harbor) -> None:
    """The events' file cannot be written for a moment, in which the first of two attempts ends."""
    document = """
from pathlib import Path

from otcloud.harbor_ext.local_sandbox import LocalSandbox

class Blocking(LocalSandbox):
    async def start(self, force_build):
        events, kept = Path("events/harbor.jsonl"), Path("events/kept.jsonl")
        if kept.exists():
            events.rmdir()
            kept.rename(events)
            return await super().start(force_build)
        events.rename(kept)
        events.mkdir()
        raise ConnectionError("for a moment")
"""
    (run.root.parent / "own" / "blocking.py").write_text(document)
    with locked(run.root / "node" / "lock") as lock:
        assert lock is not None
        assert started(run, harbor, lock, "blocking:Blocking").wait(120) == 0
    lost = ["start", "environment-start", "end"]
    steps = ["start", "environment-start", "agent-start", "agent-end", "verification-start", "end"]
    assert events(run) == ["job-start", *lost, *steps, "job-end"]


def test_a_held_gate_lets_a_counted_few_through(run: RunDir, harbor: Harbor) -> None:
    """One of three starts, the others go on waiting."""
    gate = Gate(run)
    gate.hold("test")
    assert gate.admit("test", 1)
    with locked(run.root / "node" / "lock") as lock:
        assert lock is not None
        child = started(run, harbor, lock, "otcloud.harbor_ext.local_sandbox:LocalSandbox", trials=3)
        try:
            wait_for(lambda: events(run).count("end") == 1 and events(run).count("held") == 2, "one trial has ended")
            assert events(run).count("start") == 1
            gate.release("test")
            assert child.wait(120) == 0
        finally:
            harbor_jobs.stop(child)
    assert events(run).count("start") == 3

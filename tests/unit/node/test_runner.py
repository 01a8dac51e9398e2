"""The node's course with a stand-in for Harbor: what is published, and how it ends."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from otcloud.errors import (
    HarborFailed,
    InputInvalid,
    Interrupted,
    LimitReached,
    OtcloudError,
    PublishFailed,
    TooManyInfraFailures,
)
from otcloud.node.runner import Runner
from otcloud.node.slots import EVERYTHING, Scope
from otcloud.node.status import Status
from otcloud.plan.plan import Plan
from otcloud.runs.journal import append_line, locked, read_json, read_lines
from otcloud.runs.layout import RunDir
from tests.unit.node.harbors import INFRA, TASKS, index, stand_in, write_trial
from tests.unit.planned import plan_of, recipe_of

BOTH = [("one__a", 0, "passed"), ("two__b", 0, "failed")]


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """A run directory that holds the tasks and nothing else."""
    run = RunDir(tmp_path / "run")
    for task in TASKS:
        (run.root / task.path).mkdir(parents=True)
    return run


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """A plan whose agent asks no model, for two tasks."""
    return plan_of(recipe_of(tmp_path / "work", "agent.name=oracle"))


def ended(
    run: RunDir,
    plan: Plan,
    script: str,
    stopping: Callable[[], bool] = lambda: False,
    scope: Scope = EVERYTHING,
) -> OtcloudError | None:
    """Run a node to its end with this script in Harbor's place; gives the error it ends with."""
    harbor = stand_in(run.root.parent, script)
    status = Status(run)
    status.begin()
    with locked(run.root / "node" / "lock") as held:
        assert held is not None
        runner = Runner(run, plan, TASKS, harbor, {"PATH": "/usr/bin:/bin"}, {}, status, stopping, held, scope)
        try:
            runner.execute()
        except OtcloudError as error:
            return error
    return None


def parts(run: RunDir) -> list[int]:
    """How many trials each part was started with."""
    return [line["trials"] for line in read_lines(run.node_events) if line["event"] == "harbor-start"]


def test_all_is_published_and_counted(run: RunDir, plan: Plan) -> None:
    assert ended(run, plan, "[ -e node/gate ] && trial one__a 1.0; trial two__b 0.0") is None
    assert sorted(index(run)) == BOTH
    status = read_json(run.status) or {}
    assert (status["state"], status["planned"], status["done"], status["mean_reward"]) == ("finishing", 2, 2, 0.5)
    assert not run.gate.exists()
    assert not run.scratch.exists()
    assert not [path for path in run.root.iterdir() if path.name == "scratch"]


def test_a_task_that_is_gone_is_told_before_anything_starts(run: RunDir, plan: Plan) -> None:
    shutil.rmtree(run.root / TASKS[1].path)
    error = ended(run, plan, "exit 99")
    assert isinstance(error, InputInvalid)
    assert TASKS[1].path in error.what
    assert parts(run) == []


def test_a_lost_archive_is_packed_again(run: RunDir, plan: Plan) -> None:
    assert ended(run, plan, "trial one__a 1.0; trial two__b 0.0") is None
    before = {path.name: path.read_bytes() for path in run.published.iterdir()}
    archives = sorted(run.published.glob("*.tar.gz"))
    archives[0].unlink()
    archives[1].write_bytes(archives[1].read_bytes()[:50])
    assert ended(run, plan, "exit 99") is None
    assert {path.name: path.read_bytes() for path in run.published.iterdir()} == before


def test_a_finished_run_starts_nothing(run: RunDir, plan: Plan) -> None:
    assert ended(run, plan, "trial one__a 1.0; trial two__b 0.0") is None
    assert ended(run, plan, "exit 99") is None
    assert parts(run) == [2]


def test_what_was_run_again_and_lost_keeps_its_earlier_trial_and_is_not_done(run: RunDir, plan: Plan) -> None:
    """Exit code 7: what was asked for is open, though an earlier trial still speaks for the slot."""
    assert ended(run, plan, "trial one__a 1.0; trial two__b 0.0") is None
    write_trial(run, "0000-01", "two__c", reward=None, exception=INFRA)
    error = ended(run, plan, "exit 0", scope=Scope({"two__b"}))
    assert isinstance(error, TooManyInfraFailures)
    status = read_json(run.status) or {}
    assert (status["done"], status["failed"], status["again"]) == (2, 1, 1)
    assert ended(run, plan, "trial two__d 1.0", scope=Scope({"two__b"})) is None
    assert index(run)[2:] == [("two__c", 0, "infra"), ("two__d", 0, "passed")]
    assert parts(run) == [2, 1, 1]


def test_a_start_for_a_part_of_the_run_says_that_the_rest_is_open(run: RunDir, plan: Plan) -> None:
    error = ended(run, plan, "trial two__a 1.0", scope=Scope(slots={"two": {0}}))
    assert isinstance(error, TooManyInfraFailures)
    assert error.what == "1 of 2 trials are lost or still to be run"
    assert (index(run), parts(run)) == ([("two__a", 0, "passed")], [1])


def test_a_harbor_that_dies_is_started_again_on_what_is_missing(run: RunDir, plan: Plan) -> None:
    script = "[ $job = 0000-00 ] && { trial one__a 1.0; kill -9 $$; }; trial two__b 0.0"
    assert ended(run, plan, script) is None
    assert sorted(index(run)) == BOTH
    assert parts(run) == [2, 1]


def test_a_harbor_that_never_gets_anywhere_ends_the_run_with_its_last_words(run: RunDir, plan: Plan) -> None:
    error = ended(run, plan, "echo no such agent >&2; exit 3")
    assert isinstance(error, HarborFailed)
    assert "code 3" in error.what
    assert "no such agent" in error.why
    assert parts(run) == [2, 2]


def test_an_interruption_lets_harbor_end_and_publishes_what_it_finished(run: RunDir, plan: Plan) -> None:
    script = "trap 'trial two__b 0.0; exit 130' INT; trial one__a 1.0; touch up; while :; do sleep 0.05; done"
    error = ended(run, plan, script, (run.root / "up").exists)
    assert isinstance(error, Interrupted)
    assert "otcloud resume run" in error.do
    assert sorted(index(run)) == BOTH


def test_an_interruption_before_the_start_starts_nothing(run: RunDir, plan: Plan) -> None:
    assert isinstance(ended(run, plan, "exit 99", lambda: True), Interrupted)
    assert parts(run) == []


def test_the_deadline_ends_the_run_and_keeps_what_is_finished(run: RunDir, plan: Plan) -> None:
    lifetime = plan.lifetime.model_copy(update={"max_sec": 3.0})
    script = "trial one__a 1.0; while :; do sleep 0.05; done"
    error = ended(run, plan.model_copy(update={"lifetime": lifetime}), script)
    assert isinstance(error, LimitReached)
    assert index(run) == BOTH[:1]


def test_what_infrastructure_lost_beyond_tolerance_is_told_with_its_cause(run: RunDir, plan: Plan) -> None:
    write_trial(run, "0000-00", "two__b", reward=None, exception=INFRA)
    error = ended(run, plan, "trial one__a 1.0")
    assert isinstance(error, TooManyInfraFailures)
    assert "1 of 2" in error.what
    assert f"{INFRA}: it broke" in error.why
    tolerant = plan.model_copy(update={"harbor": plan.harbor.model_copy(update={"infra_tolerance": 0.5})})
    assert ended(run, tolerant, "exit 0") is None


def test_a_harbor_that_says_done_and_did_nothing_is_not_believed(run: RunDir, plan: Plan) -> None:
    error = ended(run, plan, "exit 0")
    assert isinstance(error, TooManyInfraFailures)
    assert error.why == "Harbor ended without them"


def test_a_trial_that_cannot_be_packed_is_told_by_its_file(run: RunDir, plan: Plan) -> None:
    deep = "cd jobs/$job/one__a; for i in {1..20}; do n=$(printf 'd%.0s' {1..250}); mkdir $n; cd $n; done; cd /"
    error = ended(run, plan, f"trial one__a 1.0; trial two__b 0.0; {deep}; exit 0")
    assert isinstance(error, PublishFailed)
    assert "1 finished trials" in error.what
    assert "one__a" in error.why
    assert index(run) == BOTH[1:]
    shutil.rmtree(run.jobs)


def test_foreign_lines_among_the_events_do_not_matter(run: RunDir, plan: Plan) -> None:
    for line in ({"event": "end"}, {"event": "end", "trial": None, "job": 3}, {"event": ["end"]}):
        append_line(run.harbor_events, line)
    script = 'echo \'{"event":"end"}\' >> events/harbor.jsonl; trial one__a 1.0; sleep 2; trial two__b 0.0'
    assert ended(run, plan, script) is None
    assert index(run) == BOTH

"""The score of a run directory: what it is taken of, what is written, and what a damaged directory changes."""

import json
from pathlib import Path

import pytest

from otcloud.errors import PublishFailed
from otcloud.launch.score import read_score, write_score
from otcloud.plan.plan import Plan
from otcloud.runs.journal import append_line, write_json
from otcloud.runs.layout import RunDir
from tests.unit.planned import plan_of, recipe_of, record


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """An evaluation of two tasks, two attempts each."""
    return plan_of(recipe_of(tmp_path / "work", "kind=eval", "trials.attempts=2"))


@pytest.fixture
def run(tmp_path: Path, plan: Plan) -> RunDir:
    """Its run, in which one attempt is not done and a third task was left out."""
    made = RunDir(tmp_path / "runs" / "one")
    tasks = [{"name": name, "digest": "d", "path": f"tasks/d/s/{name}"} for name in ("a", "b")]
    write_json(made.plan, plan.model_dump(mode="json"))
    write_json(made.tasks_lock, {"set": "5e7", "tasks": tasks})
    write_json(made.run, record(kind="eval", left_out={"c": "broken"}))
    for task, rollout, reward in (("a", 0, 1.0), ("a", 1, 0.0), ("b", 0, 1.0)):
        append_line(made.published_index, published(task, rollout, reward))
    return made


def published(task: str, rollout: int, reward: float) -> dict[str, object]:
    """A line of the index."""
    outcome = "passed" if reward == 1.0 else "failed"
    found: dict[str, object] = {"trial": f"{task}{rollout}", "task": task, "task_digest": "d", "rollout": rollout}
    return found | {"outcome": outcome, "reward": reward, "rewards": {"reward": reward}, "agent": "bash"}


def test_what_is_written_is_what_is_shown(run: RunDir, plan: Plan) -> None:
    """The figures over what counts, why they are not comparable, and what was scored."""
    assert write_score(run, plan) is None
    written = json.loads(run.score.read_text())
    assert (written["complete"], written["attempts"], written["slots"]) == (False, 3, 4)
    assert (written["mean_reward"], written["mean_reward_lost_as_zero"]) == (pytest.approx(2 / 3), 0.5)
    assert written["comparable"] is False
    assert written["reasons"][-2:] == [
        "1 task could not be run and is no part of the score",
        "1 of 4 attempts were lost or are missing",
    ]
    assert (written["agent"], written["model"], written["benchmark_digest"]) == ("bash", "made/workload", "5e7")
    shown = read_score(run)
    assert shown is not None
    assert written == written | shown.document()


def test_the_last_attempt_completes_it(run: RunDir, plan: Plan) -> None:
    """The file is replaced."""
    write_score(run, plan)
    append_line(run.published_index, published("b", 1, 1.0))
    write_score(run, plan)
    assert json.loads(run.score.read_text())["complete"] is True


def test_traces_have_no_score(run: RunDir, plan: Plan) -> None:
    """Nothing is written and nothing shown."""
    traces = plan.model_copy(update={"kind": "tracegen"})
    write_json(run.plan, traces.model_dump(mode="json"))
    assert write_score(run, traces) is None
    assert read_score(run) is None
    assert not run.score.exists()


def test_a_score_that_cannot_be_written_is_told(run: RunDir, plan: Plan) -> None:
    """With the command that writes it again."""
    run.score.mkdir()
    failure = write_score(run, plan)
    assert isinstance(failure, PublishFailed)
    assert "score.json" in failure.why
    assert "otcloud resume one" in failure.do


def test_a_damaged_directory_is_scored_as_far_as_it_goes(run: RunDir) -> None:
    """Without the list of tasks the trials alone tell, without a plan nothing does."""
    run.tasks_lock.write_text("{")
    shown = read_score(run)
    assert shown is not None
    assert (shown.score.slots, shown.score.attempts) == (3, 3)
    run.plan.write_text("{")
    assert read_score(run) is None

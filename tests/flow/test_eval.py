"""An evaluation, from the command to the score: whole, incomplete, and beside what Harbor says of the same job."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from otcloud.runs.layout import RunDir
from tests.flow.command import Otcloud
from tests.unit.architecture.source import ROOT

REWARD = "#!/bin/bash\nmkdir -p /logs/verifier\necho {} > /logs/verifier/reward.txt\n"
SILENT = "#!/bin/bash\nexit 1\n"


def harbors(run: RunDir) -> dict[str, Any]:
    """What Harbor's result.json says of the run's only job."""
    [found] = [json.loads(path.read_text()) for path in run.jobs.glob("*/result.json")]
    [stats] = found["stats"]["evals"].values()
    return stats


@pytest.fixture
def benchmark(otcloud: Otcloud) -> Path:
    """A recipe of four tasks: two that the oracle solves, one that asks for something else, one with partial credit."""
    tasks = otcloud.folder / "bench"
    shutil.copytree(ROOT / "recipes/quickstart/tasks", tasks)
    shutil.rmtree(tasks / "count-code")
    (tasks / "fix-script" / "tests" / "test.sh").write_text(REWARD.format(0))
    (tasks / "parse-log" / "tests" / "test.sh").write_text(REWARD.format(0.5))
    recipe = {
        "kind": "eval",
        "agent": {"name": "oracle"},
        "sandbox": {"type": "local"},
        "tasks": {"path": "bench"},
        "trials": {"attempts": 2, "concurrency": 4, "retries": 0},
        "limits": {"max_hours": 1},
    }
    path = otcloud.folder / "bench.yaml"
    path.write_text(json.dumps(recipe))
    return path


def test_the_bundled_evaluation(otcloud: Otcloud) -> None:
    """Four of five solved in both attempts; the same figures in Harbor's result, in the file, and on the screen."""
    document = otcloud.json("eval", "quickstart-eval")
    [run] = otcloud.runs()
    score = document["score"]
    assert (score["complete"], score["attempts"], score["tasks"], score["tasks_solved"]) == (True, 10, 5, 4)
    assert score["mean_reward"] == document["summary"]["mean_reward"] == harbors(run)["metrics"][0]["mean"] == 0.8
    assert score["standard_error"] == pytest.approx(0.2)
    rates = {str(each["k"]): each["rate"] for each in score["pass_at_k"]}
    assert harbors(run)["pass_at_k"] == {"2": pytest.approx(rates["2"])}
    assert score["per_task"]["count-code"]["passed"] == 0
    written = json.loads(run.score.read_text())
    assert written == written | score
    assert written["agent"] == "bash"
    assert score["comparable"] is False
    assert score["reasons"][0].startswith("model.engine is replay")
    assert document["dataset"]["rows"] == 10
    shown = otcloud("status").stdout
    assert "0.800 ± 0.200 (standard error)" in shown
    assert "5 tasks x 2 attempts" in shown
    assert "not comparable with a published score:" in shown
    assert f"  - {score['reasons'][0]}" in shown


def test_tasks_that_fail_and_partial_credit(otcloud: Otcloud, benchmark: Path) -> None:
    """An agent without a model may be scored; Harbor has no pass@k where a reward is neither 0 nor 1."""
    done = otcloud("eval", benchmark)
    assert done.code == 0, done.stderr
    score = otcloud.json("status")["score"]
    [run] = otcloud.runs()
    assert score["mean_reward"] == harbors(run)["metrics"][0]["mean"] == 0.625
    assert score["tasks_solved"] == 2
    assert [each["rate"] for each in score["pass_at_k"]] == [0.5, 0.5]
    assert "agent.name is oracle" in done.stdout
    assert "parse-log" in done.stdout


def test_a_lost_task_leaves_a_partial_score(otcloud: Otcloud, benchmark: Path) -> None:
    """Exit code 7; the mean over what counts, and the one that takes what was lost as 0, which is Harbor's."""
    (otcloud.folder / "bench" / "edit-config" / "tests" / "test.sh").write_text(SILENT)
    done = otcloud("eval", benchmark, "--json")
    assert done.code == 7, done.stderr
    score = json.loads(done.stdout)["score"]
    [run] = otcloud.runs()
    assert (score["complete"], score["attempts"], score["slots"], score["lost"]) == (False, 6, 8, 2)
    assert score["mean_reward"] == 0.5
    assert score["mean_reward_lost_as_zero"] == harbors(run)["metrics"][0]["mean"] == 0.375
    assert score["reasons"][-1] == "2 of 8 attempts were lost or are missing"
    assert json.loads(run.score.read_text())["complete"] is False
    shown = otcloud("status").stdout
    assert "0.500 ± 0.289 (standard error), incomplete" in shown
    assert "6 attempts of 4 tasks x 2 attempts" in shown


def test_a_plan_says_what_its_score_will_not_be(otcloud: Otcloud, benchmark: Path) -> None:
    """Before anything is started; and an evaluation without verification is refused."""
    plan = otcloud.json("eval", benchmark, "--limit", "3", "--dry-run")
    assert plan["not_built"] == []
    assert "tasks.limit: 1 of 4 tasks are left out" in plan["overrides"]
    shown = otcloud("plan", benchmark, "--set", "trials.timeout_multiplier=2").stdout
    assert "not comparable with a published score:" in shown
    assert "trials.timeout_multiplier is 2" in shown
    refused = otcloud("eval", benchmark, "--set", "trials.verify=false")
    assert refused.code == 3
    assert "without verification there is none" in refused.stderr
    assert not otcloud.runs()

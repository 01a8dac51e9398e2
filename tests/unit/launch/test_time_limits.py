"""Tasks without a time limit for the agent."""

from pathlib import Path

import pytest

from otcloud.launch.time_limits import unlimited
from otcloud.plan.facts import TaskFact, TaskSet
from otcloud.plan.plan import Plan
from tests.unit.architecture.source import ROOT

LIMITED, ENDLESS = "[agent]\ntimeout_sec = 60\n", "[verifier]\ntimeout_sec = 60\n"
STEPS = '[[steps]]\nname = "one"\n'


@pytest.fixture
def plan() -> Plan:
    """The quickstart's plan: an hour at most."""
    return Plan.model_validate_json((ROOT / "tests/golden/quickstart.plan.json").read_text())


def tasks(folder: Path, **configs: str) -> TaskSet:
    """Task folders with these files."""
    for name, text in configs.items():
        (folder / name).mkdir()
        (folder / name / "task.toml").write_text(text)
    facts = tuple(TaskFact(name=name, digest="d") for name in configs)
    return TaskSet(slug="made", digest="d", tasks=facts)


def test_tasks_without_a_limit_are_told(tmp_path: Path, plan: Plan) -> None:
    """With the number, one name, what it may cost and the setting that helps."""
    said = unlimited(plan, tasks(tmp_path, a=LIMITED, b=ENDLESS, c=ENDLESS), tmp_path)
    assert said is not None
    assert said.startswith("2 of 3 tasks set no time limit for the agent (the first is b)")
    assert "1 h; agent.timeout_sec" in said


def test_nothing_to_tell(tmp_path: Path, plan: Plan) -> None:
    """Every task has a limit, or its steps may have, or the recipe states one; a torn file is no news."""
    assert unlimited(plan, tasks(tmp_path, a=LIMITED, b=STEPS, c="[agent"), tmp_path) is None
    agent = {**plan.harbor.job["agents"][0], "override_timeout_sec": 5.0}
    harbor = plan.harbor.model_copy(update={"job": {**plan.harbor.job, "agents": [agent]}})
    limited = plan.model_copy(update={"harbor": harbor})
    assert unlimited(limited, tasks(tmp_path, d=ENDLESS), tmp_path) is None

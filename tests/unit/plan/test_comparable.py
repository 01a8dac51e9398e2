"""Comparability: each setting that makes a score one of its own is named, and nothing else is."""

from typing import Any

import pytest

from otcloud.plan.comparable import overrides, reasons
from otcloud.plan.compile import compile_plan
from otcloud.plan.facts import TaskSet
from otcloud.trials.score import score
from otcloud.trials.trial import Outcome, Trial
from tests.unit.plan.made import TASKS, facts, recipe

WHOLE = TaskSet.model_validate(TASKS.model_dump() | {"left_out": 0})
PLAIN: dict[str, Any] = {
    "kind": "eval",
    "model": {"id": "a/b", "sampling": {"temperature": 0.6}, "max_output_tokens": 4096},
    "agent": {"name": "terminus-2", "kwargs": {"enable_summarize": False}},
    "sandbox": {"type": "daytona", "kwargs": {"auto_snapshot": True}},
    "tasks": {"registry": "terminal-bench@2.0"},
    "trials": {"attempts": 5, "retries": 4, "concurrency": 99},
}


def told(found: TaskSet | None = WHOLE, runs_in: str = "daytona", **sections: Any) -> tuple[str, ...]:
    """What is said of a plain evaluation with other sections."""
    return overrides(recipe(**PLAIN | sections), runs_in, found)


def test_a_plain_evaluation_is_comparable() -> None:
    """Sampling, context, agent arguments and how the work is spread are what is measured, or change nothing."""
    assert told() == ()
    assert told(None) == ()


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({"trials": {"timeout_multiplier": 2}}, "trials.timeout_multiplier is 2:"),
        ({"agent": {"timeout_sec": 1800}}, "agent.timeout_sec is 1800:"),
        ({"agent": {"max_turns": 40}}, "the agent's turns are limited to 40:"),
        ({"sandbox": {"type": "daytona", "cpus": 8}}, "sandbox.cpus is 8:"),
        ({"sandbox": {"type": "daytona", "memory_mb": 4096}}, "sandbox.memory_mb is 4096:"),
        ({"sandbox": {"type": "daytona", "storage_mb": 20480}}, "sandbox.storage_mb is 20480:"),
        ({"programs": {"harbor": "0.23.1"}}, "programs.harbor is 0.23.1:"),
        ({"tasks": {"path": "s", "rollouts": "r.json"}}, "tasks.rollouts:"),
        ({"model": {"engine": "replay", "recording": "r.jsonl"}}, "model.engine is replay:"),
        ({"agent": {"name": "oracle"}, "model": {"engine": "replay", "recording": "r"}}, "agent.name is oracle:"),
        ({"sandbox": {"type": "auto"}, "runs_in": "local"}, "sandbox.type is local:"),
    ],
    ids=str,
)
def test_a_setting_that_is_not_the_benchmarks_is_named(sections: dict[str, Any], expected: str) -> None:
    """Each alone, by its key and its value."""
    [said] = told(**sections)
    assert said.startswith(expected)


def test_a_part_of_the_tasks_is_told_where_it_is_one() -> None:
    """Not where the choice leaves nothing out; where the tasks are not known yet, it may."""
    chosen: dict[str, Any] = {"tasks": {"path": "s", "include": ["a*"], "limit": 2}}
    assert told(TASKS, **chosen) == ("tasks.include, tasks.limit: 1 of 3 tasks are left out",)
    assert told(WHOLE, **chosen) == ()
    assert told(None, **chosen) == ("tasks.include, tasks.limit: tasks of the benchmark may be left out",)


def test_a_plan_of_traces_says_nothing_of_scores() -> None:
    """The same settings, and no score to compare; with `kind: eval` the plan stores what it says."""
    sections: dict[str, Any] = {"sandbox": {"type": "auto"}, "trials": {"timeout_multiplier": 3}}
    assert compile_plan(recipe(**sections), facts(), "harbor-0.24.0").overrides == ()
    said = compile_plan(recipe(**sections, kind="eval"), facts(), "harbor-0.24.0").overrides
    assert [each.split(" ")[0] for each in said] == ["model.engine", "trials.timeout_multiplier", "sandbox.type"]


def test_what_became_of_a_run_is_a_reason_too() -> None:
    """After the settings: tasks and attempts that are missing."""
    done = [Trial(trial="one", task="t", rollout=0, outcome=Outcome.FAILED)]
    assert reasons((), 0, score(done, {"t": 1})) == ()
    assert reasons(("x",), 1, score(done, {"t": 3})) == (
        "x",
        "1 task could not be run and is no part of the score",
        "2 of 3 attempts were lost or are missing",
    )
    assert reasons((), 2, score(done, {"t": 1})) == ("2 tasks could not be run and are no part of the score",)

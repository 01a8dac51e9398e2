"""Things of which a recipe has one: another on a higher layer replaces the lower one and what belonged to it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from otcloud.recipe.load import Loaded

type LoadText = Callable[..., Loaded]
type Problems = Callable[..., list[str]]


@pytest.fixture(autouse=True)
def _files(tmp_path: Path) -> None:
    (tmp_path / "tasks").mkdir()
    (tmp_path / "rec.jsonl").write_text("")


def _source(loaded: Loaded) -> tuple[object, object, object]:
    tasks = loaded.recipe.tasks
    return tasks.path and tasks.path.name, tasks.hub, tasks.registry


@pytest.mark.parametrize(
    ("below", "rest", "source"),
    [
        ("tasks: {path: tasks}", {"flags": {"dataset": "tb@2.0"}}, (None, None, "tb@2.0")),
        ("tasks: {path: tasks}", {"flags": {"dataset_path": "org/other"}}, (None, "org/other", None)),
        ("tasks: {hub: org/a}", {"sets": ["tasks.registry=tb@1"]}, (None, None, "tb@1")),
        ("tasks: {registry: tb@1}", {"sets": ["tasks.path=tasks"]}, ("tasks", None, None)),
        ("tasks: {registry: tb@1}", {"sets": ["tasks.path=tasks", "tasks.hub=org/b"]}, (None, "org/b", None)),
        ("tasks: {registry: tb@1}", {"sets": ["tasks.limit=3"]}, (None, None, "tb@1")),
    ],
)
def test_another_source_of_tasks_replaces(
    load_text: LoadText, below: str, rest: dict[str, Any], source: tuple[object, ...]
) -> None:
    assert _source(load_text(below, **rest)) == source


def test_what_belonged_to_the_former_source_goes_with_a_warning(load_text: LoadText) -> None:
    text = "tasks: {hub: org/a, revision: main, limit: 3}"
    loaded = load_text(text, sets=["tasks.hub=org/b"])
    assert (loaded.recipe.tasks.hub, loaded.recipe.tasks.revision, loaded.recipe.tasks.limit) == ("org/b", None, 3)
    assert loaded.warnings == ("tasks.revision (r.yaml:1) is left out: it does not belong to tasks.hub `org/b`",)
    same = load_text(text, sets=["tasks.hub=org/a"])
    assert (same.recipe.tasks.revision, same.warnings) == ("main", ())


def test_another_agent_does_not_get_the_formers_arguments(load_text: LoadText) -> None:
    text = "agent: {name: terminus-2, max_turns: 9, kwargs: {parser_name: xml}}"
    agent = load_text(text, flags={"agent": "my.agents:Mine", "agent_kwarg": ["own=1"]}).recipe.agent
    assert (agent.name, agent.import_path, agent.max_turns, agent.kwargs) == (None, "my.agents:Mine", 9, {"own": 1})
    same = load_text(text, flags={"agent": "terminus-2", "agent_kwarg": ["own=1"]}).recipe.agent
    assert same.kwargs == {"parser_name": "xml", "own": 1}


def test_arguments_stated_before_the_agent_was_are_kept(load_text: LoadText) -> None:
    agent = load_text("agent: {kwargs: {a: 1}}", flags={"agent": "oracle"}).recipe.agent
    assert (agent.name, agent.kwargs) == ("oracle", {"a": 1})


def test_another_engine_drops_the_recording(load_text: LoadText) -> None:
    text = "model: {id: openai/gpt-4o, engine: replay, recording: rec.jsonl}"
    model = load_text(text, flags={"engine": "api"}).recipe.model
    assert (model.engine, model.recording) == ("api", None)


def test_another_sandbox_does_not_get_the_formers_arguments(load_text: LoadText) -> None:
    sandbox = load_text("sandbox: {type: daytona, cpus: 2, kwargs: {a: 1}}", flags={"sandbox": "docker"}).recipe.sandbox
    assert (sandbox.type, sandbox.cpus, sandbox.kwargs) == ("docker", 2, {})


def test_two_of_them_in_one_layer_are_a_problem(problems: Problems) -> None:
    assert problems("tasks: {path: tasks, registry: tb@1}") == [
        "r.yaml:1: tasks: give one source of tasks, not path and registry"
    ]
    assert problems(flags={"dataset": "tb@1", "dataset_path": "org/a"}) == [
        "--dataset-path: tasks: give one source of tasks, not hub and registry"
    ]
    assert problems("agent: {name: pi, import_path: 'm:C'}") == [
        "r.yaml:1: agent: give either name or import_path, not both"
    ]

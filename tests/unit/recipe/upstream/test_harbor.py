"""Harbor job files of both shapes: what each field becomes, and that they mean the same."""

from pathlib import Path
from typing import Any

import pytest

from otcloud.recipe.load import Loaded
from otcloud.recipe.problems import RecipeInvalid
from otcloud.recipe.settle import settle_sizes
from tests.unit.recipe.upstream.corpus import load_text

OLD = """\
n_attempts: 2
orchestrator: {type: local, n_concurrent_trials: 8, retry: {max_retries: 3, wait_multiplier: 2, max_wait_sec: 60}}
environment: {type: docker, override_storage_mb: 4096}
"""
NEW = """\
n_attempts: 2
n_concurrent_trials: 8
retry: {max_retries: 3, wait_multiplier: 2, max_wait_sec: 60}
environment: {type: docker, override_storage_mb: 4096}
"""


def _load(folder: Path, text: str, **rest: Any) -> Loaded:
    return load_text(folder, text, "harbor_config", **rest)


def test_both_shapes_say_the_same(tmp_path: Path) -> None:
    old, new = _load(tmp_path, OLD).recipe, _load(tmp_path, NEW).recipe
    assert old == new
    assert (new.trials.attempts, new.trials.concurrency, new.trials.retries) == (2, 8, 3)
    assert (new.sandbox.type, new.sandbox.storage_mb) == ("docker", 4096)


def test_a_recipe_a_setting_and_a_flag_win_and_a_preset_does_not(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("trials: {attempts: 5}\n")
    assert _load(tmp_path, NEW, files=["r.yaml"]).recipe.trials.attempts == 5
    assert _load(tmp_path, NEW, sets=["trials.attempts=6"]).recipe.trials.attempts == 6
    assert _load(tmp_path, NEW, flags={"n_attempts": 7}).recipe.trials.attempts == 7
    text = "environment: {type: docker}\nn_concurrent_trials: 8\n"
    (tmp_path / "x.jsonl").write_text("")
    loaded = _load(tmp_path, text, preset="replay-local", sets=["model.recording=x.jsonl"])
    assert (loaded.recipe.sandbox.type, loaded.origins["sandbox.type"]) == ("docker", "f.yaml:1")


@pytest.mark.parametrize(
    ("dataset", "key", "value"),
    [
        ("{name: tb, version: '2.0'}", "registry", "tb@2.0"),
        ("{name: tb}", "registry", "tb"),
        ("{path: org/data}", "hub", "org/data"),
        ("{path: here}", "path", "here"),
    ],
)
def test_a_dataset_is_the_source_of_tasks(tmp_path: Path, dataset: str, key: str, value: str) -> None:
    (tmp_path / "here").mkdir()
    loaded = _load(tmp_path, f"datasets: [{dataset}]\n", flags={"dataset": None})
    found = getattr(loaded.recipe.tasks, key)
    assert found == (tmp_path / value if key == "path" else value)


def test_the_command_line_replaces_a_dataset(tmp_path: Path) -> None:
    tasks = _load(tmp_path, "datasets: [{path: /replace/with/tasks}]\n").recipe.tasks
    assert (tasks.path, tasks.registry) == (None, "terminal-bench@2.0")
    tasks = _load(tmp_path, "datasets: [{path: /no/where/tasks}]\n").recipe.tasks
    assert (tasks.path, tasks.registry) == (None, "terminal-bench@2.0")


def test_names_of_tasks_that_outlive_their_source_are_told(tmp_path: Path) -> None:
    text = "datasets: [{name: tb, task_names: ['a*'], n_tasks: 3}]\n"
    loaded = _load(tmp_path, text, flags={"dataset": "other@1"})
    assert (loaded.recipe.tasks.registry, loaded.recipe.tasks.include, loaded.recipe.tasks.limit) == (
        "other@1",
        ["a*"],
        3,
    )
    assert loaded.warnings == (
        "tasks.include (f.yaml:1), tasks.limit (f.yaml:1): holds for the tasks of --dataset too; "
        "`--set tasks.include=` takes it away",
    )
    assert _load(tmp_path, text, flags={"dataset": None}).warnings == ()


@pytest.mark.parametrize(("word", "verified"), [("yes", False), ("off", True), ("true", False), ("False", True)])
def test_switches_are_read_as_their_programs_read_them(tmp_path: Path, word: str, verified: bool) -> None:
    text = f"verifier: {{disable: {word}}}\nenvironment: {{type: docker, force_build: {word}}}\n"
    recipe = _load(tmp_path, text).recipe
    assert (recipe.trials.verify, recipe.sandbox.force_build) == (verified, not verified)


def test_harbors_lesser_limit_of_the_agent_holds(tmp_path: Path) -> None:
    agent = "agents: [{{override_timeout_sec: 900, max_timeout_sec: {most}}}]\n"
    assert _load(tmp_path, agent.format(most=600)).recipe.agent.timeout_sec == 600
    assert _load(tmp_path, agent.format(most=1200)).recipe.agent.timeout_sec == 900


@pytest.mark.parametrize(
    ("agent", "turns"),
    [("terminus-2", {"max_turns": 9}), ("openhands", {"max_turns": 9}), ("mini-swe-agent", {"max_turns": None})],
)
def test_episodes_are_turns_where_the_agent_has_such_a_limit(tmp_path: Path, agent: str, turns: object) -> None:
    loaded = _load(tmp_path, f"agents: [{{name: {agent}, kwargs: {{max_episodes: 9}}}}]\n")
    assert loaded.recipe.agent.model_dump(include={"max_turns"}) == turns
    assert ("has no limit of turns" in "".join(loaded.warnings)) == (agent == "mini-swe-agent")


def test_arguments_that_harbor_has_no_more_are_named(tmp_path: Path) -> None:
    kwargs = "{collect_engine_metrics: true, metrics_endpoint: x, api_base: x, enable_sumarize: true}"
    loaded = _load(tmp_path, f"agents:\n- name: terminus-2\n  kwargs: {kwargs}\n")
    assert loaded.recipe.agent.kwargs == {}
    told = "\n".join(loaded.warnings)
    for name in ("collect_engine_metrics", "metrics_endpoint", "api_base"):
        assert f"agents[0].kwargs.{name}" in told
    assert "enable_sumarize: is left out: terminus-2 of Harbor 0.24 does not take it; did you mean `enable_su" in told


@pytest.mark.parametrize("context", [131072, 32768])
def test_input_and_output_are_made_to_fit_the_context(tmp_path: Path, context: int) -> None:
    text = "agents: [{kwargs: {model_info: {max_input_tokens: 131072, max_output_tokens: 16384}}}]\n"
    loaded = _load(tmp_path, text, sets=[f"serve.max_model_len={context}"])
    assert loaded.recipe.model.max_input_tokens == context - 16384
    assert f"the input is capped at {context - 16384}" in "".join(loaded.warnings)
    fits = _load(tmp_path, text, sets=["serve.max_model_len=147456"])
    assert (fits.recipe.model.max_input_tokens, fits.warnings) == (131072, ())


def test_an_output_as_long_as_the_context_leaves_no_input(tmp_path: Path) -> None:
    text = "agents: [{kwargs: {model_info: {max_input_tokens: 9000, max_output_tokens: 8192}}}]\n"
    loaded = _load(tmp_path, text, sets=["serve.max_model_len=8192"])
    assert (loaded.recipe.model.max_input_tokens, loaded.recipe.model.max_output_tokens) == (8192, None)
    assert len(loaded.warnings) == 2
    assert settle_sizes({}, 8192) == []


def test_a_score_without_verification_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeInvalid, match=r"f\.yaml:1: trials\.verify: an eval is a score"):
        _load(tmp_path, "verifier: {disable: true}\nagents: []\n", kind="eval")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("agents: {name: x}\n", "f.yaml:1: agents: must be a list, not a mapping"),
        ("agents: [terminus-2]\n", "f.yaml:1: agents[0]: must be a mapping"),
        ("orchestrator: {n_concurrent_trials: few}\n", "f.yaml:1: trials.concurrency: must be a whole number"),
        ("verifier: {disable: maybe}\n", "f.yaml:1: verifier.disable: must be true or false"),
        ("agents: [{name: terminus}]\n", "f.yaml:1: agent.name: `terminus` is not in Harbor 0.24.0 any more"),
        ("engine: {}\nbackend: {}\n", "f.yaml: is a datagen file"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(RecipeInvalid) as caught:
        _load(tmp_path, text)
    assert told in str(caught.value)

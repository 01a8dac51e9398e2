"""Datagen files: what each field becomes, what is said of those that become nothing, what is refused with its line."""

from pathlib import Path
from typing import Any

import pytest

from otcloud.recipe.load import load
from otcloud.recipe.problems import RecipeInvalid
from tests.unit.recipe.upstream.corpus import load_text

VLLM = "engine: {type: vllm_local, model: org/a}\n"


def _load(folder: Path, text: str, **flags: object) -> Any:
    return load_text(folder, text, "datagen_config", flags=flags)


def _problems(folder: Path, text: str) -> str:
    with pytest.raises(RecipeInvalid) as caught:
        _load(folder, text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "model", "identity"),
    [
        ("openai", "gpt-5-mini", "gpt-5-mini"),
        ("openai", "house-model", "openai/house-model"),
        ("anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("anthropic", "anthropic/claude-x", "anthropic/claude-x"),
        ("gemini_openai", "gemini/gemini-3-pro", "gemini/gemini-3-pro"),
        ("google_gemini", "gemini-3-pro", "gemini/gemini-3-pro"),
        ("none", "anthropic/claude-x", "anthropic/claude-x"),
    ],
)
def test_an_api_engine_boots_no_server_and_names_its_key(tmp_path: Path, kind: str, model: str, identity: str) -> None:
    text = f"engine: {{type: {kind}, model: {model}, {kind}: {{api_key_env: MY_KEY}}}}\nvllm_server:\n"
    recipe = _load(tmp_path, text, model=None).recipe
    assert (recipe.model.engine, recipe.model.id, recipe.model.api_key) == ("api", identity, "MY_KEY")


def test_an_endpoint_with_an_address_has_names_of_its_own(tmp_path: Path) -> None:
    text = "engine: {type: openai, model: house, openai: {base_url: 'https://h.example/v1'}}\n"
    model = _load(tmp_path, text, model=None).recipe.model
    assert (model.id, model.base_url) == ("house", "https://h.example/v1")


@pytest.mark.parametrize(("flag", "identity"), [("gemini-3-pro", "gemini/gemini-3-pro"), ("claude-x", "claude-x")])
def test_a_placeholder_is_replaced_by_the_flag(tmp_path: Path, flag: str, identity: str) -> None:
    text = "engine: {type: none, model: vllm/placeholder}\nbackend: {type: none}\n"
    loaded = _load(tmp_path, text, model=flag)
    assert (loaded.recipe.model.id, loaded.recipe.model.engine, loaded.warnings) == (identity, "api", ())


def test_another_model_than_the_files_is_told(tmp_path: Path) -> None:
    told = _load(tmp_path, VLLM + "vllm_server: {max_model_len: 1024}\n", model="org/b").warnings
    assert told == (
        "model.id `org/a` (f.yaml:1) is replaced by `org/b` (--model); "
        "the file's sizes and parsers were written for the former",
    )
    assert _load(tmp_path, VLLM + "vllm_server: {max_model_len: 1024}\n", model="org/a").warnings == ()


@pytest.mark.parametrize(
    ("backend", "server", "sizes", "told"),
    [
        ("{tensor_parallel_size: 8, pipeline_parallel_size: 2}", "{}", (8, 2, None), ""),
        ("{}", "{tensor_parallel_size: 4, data_parallel_size: 2}", (4, None, 2), ""),
        ("{tensor_parallel_size: 4}", "{tensor_parallel_size: 4}", (4, None, None), ""),
        ("{tensor_parallel_size: 4}", "{tensor_parallel_size: 2}", (2, None, None), "f.yaml:3: vllm_server.tensor_par"),
        ("{}", "{num_replicas: 3}", (None, None, 3), "f.yaml:3: vllm_server.num_replicas: becomes"),
        ("{}", "{num_replicas: 3, data_parallel_size: 2}", (None, None, 2), "num_replicas: is left out"),
    ],
)
def test_parallel_sizes(tmp_path: Path, backend: str, server: str, sizes: tuple[int | None, ...], told: str) -> None:
    loaded = _load(tmp_path, f"{VLLM}backend: {backend}\nvllm_server: {server}\n", model="org/a")
    serve = loaded.recipe.serve
    assert (serve.tensor_parallel, serve.pipeline_parallel, serve.data_parallel) == sizes
    assert len(loaded.warnings) == (1 if told else 0)
    assert told in "".join(loaded.warnings)


@pytest.mark.parametrize(
    ("backend", "minutes"),
    [
        ("{healthcheck_max_attempts: 120, healthcheck_retry_delay: 15}", 30),
        ("{healthcheck_max_attempts: 40}", 20),
        ("{healthcheck_retry_delay: 6}", 10),
        ("{type: vllm}", None),
    ],
)
def test_health_checks_are_the_time_to_get_ready(tmp_path: Path, backend: str, minutes: float | None) -> None:
    recipe = _load(tmp_path, f"{VLLM}backend: {backend}\n", model="org/a").recipe
    assert recipe.serve.ready_timeout_min == minutes


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("engine: {type: vlm_local}\n", "f.yaml:1: engine.type: must be one of vllm_local, openai"),
        ("engine: {type: vlm_local}\n", "did you mean `vllm_local`?"),
        ("engine: [vllm_local]\n", "f.yaml:1: engine: must be a mapping, not a list"),
        (VLLM + "vllm_server: {max_num_seqs: many}\n", "f.yaml:2: serve.max_num_seqs: must be a whole number"),
        (VLLM + "vllm_server: {trust_remote_code: perhaps}\n", "f.yaml:2: serve.trust_remote_code: must be true or"),
        (VLLM + "backend: {healthcheck_retry_delay: [1]}\n", "f.yaml:2: backend.healthcheck_retry_delay: must be a nu"),
        (VLLM + "vllm_server:\n  extra_args: [[--a]]\n", "f.yaml:3: vllm_server.extra_args[0]: must be a word"),
        (VLLM + "vllm_server:\n  extra_args: --a 'b\n", "f.yaml:3: vllm_server.extra_args: holds a quote that is not"),
        (VLLM + "extra_agent_kwargs: no\n", "f.yaml:2: extra_agent_kwargs: must be a mapping"),
        ("model: {id: org/m}\n", "f.yaml: is a recipe, or near to one"),
        ("a: b\n", "f.yaml: is none of these"),
        ("", "f.yaml: is empty"),
        ("- a\n", "f.yaml: is a list, not a mapping"),
        ("agents: []\norchestrator: {}\n", "f.yaml: is a Harbor job file"),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    assert told in _problems(tmp_path, text)


def test_an_unknown_key_is_told_with_what_was_meant_and_left_out(tmp_path: Path) -> None:
    loaded = _load(tmp_path, VLLM + "vllm_server: {max_modle_len: 5}\nvlm_server: {}\n", model="org/a")
    assert loaded.warnings == (
        "f.yaml:2: vllm_server.max_modle_len: is left out: unknown key; did you mean `max_model_len`?",
        "f.yaml:3: vlm_server: is left out: unknown key; did you mean `vllm_server`?",
    )


def test_a_secret_in_a_file_is_refused_and_never_shown(tmp_path: Path) -> None:
    secret = "hf_" + "Qw3rTy" * 6
    message = _problems(tmp_path, f"engine: {{type: openai, openai: {{base_url: 'https://u:{secret}@h/v1'}}}}\n")
    assert "looks like a secret" in message
    assert secret not in message
    told = _load(tmp_path, f"engine: {{type: openai, openai: {{api_key: {secret}}}}}\n").warnings
    assert "api_key: is left out: keys are named" in "".join(told)
    assert secret not in "".join(told)


def test_arguments_of_the_agent_from_low_to_high(tmp_path: Path) -> None:
    (tmp_path / "h.yaml").write_text("agents: [{name: terminus-2, kwargs: {temperature: 0.1, parser_name: json}}]\n")
    (tmp_path / "r.yaml").write_text("agent: {kwargs: {tmux_pane_width: 100}}\n")
    text = VLLM + "extra_agent_kwargs: {temperature: 0.2, tmux_pane_width: 80, parser_name: xml}\n"

    def kwargs(**flags: object) -> dict[str, object]:
        given = {"harbor_config": ["h.yaml"], "model": "org/a", **flags}
        return load_text(tmp_path, text, "datagen_config", flags=given, files=["r.yaml"]).recipe.agent.kwargs

    assert kwargs() == {"temperature": 0.2, "parser_name": "xml", "tmux_pane_width": 100}
    assert kwargs(agent_kwarg=["parser_name=json"])["parser_name"] == "json"


@pytest.mark.parametrize("name", ["", "a\0b", "~no-such-user/x.yaml", "folder", "x" * 5000, "f.yam", "\udcff.yaml"])
@pytest.mark.parametrize("flag", ["datagen_config", "harbor_config"])
def test_a_name_that_is_no_file_is_told(tmp_path: Path, name: str, flag: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "f.yaml").write_text(VLLM)
    with pytest.raises(RecipeInvalid) as caught:
        load(flags={flag: [name]}, cwd=tmp_path)
    assert len(caught.value.problems) == 1
    if name == "f.yam":
        assert "f.yam: no such file; did you mean" in str(caught.value)


def test_arguments_for_a_class_of_ones_own_are_not_judged(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("class Mine: ...\n")
    text = VLLM + "extra_agent_kwargs: {anything: 1}\n"
    own = {"model": "org/a", "agent": "mine:Mine"}
    assert _load(tmp_path, text, **own).recipe.agent.kwargs == {"anything": 1}
    loaded = _load(tmp_path, text, model="org/a")
    assert loaded.recipe.agent.kwargs == {}
    assert loaded.warnings == (
        "f.yaml:2: extra_agent_kwargs.anything: is left out: terminus-2 of Harbor 0.24 does not take it",
    )

"""Every preset: its comment tells what it holds, its name says the same, and it fits the hardware that it names."""

import re
from pathlib import Path

import pytest

from otcloud.plan.accelerators import memory_gb, split
from otcloud.plan.fit import Sizes, fit
from otcloud.recipe.load import load
from otcloud.recipe.presets import Bundled, presets
from otcloud.recipe.schema import Recipe

ALL = presets()
MODELS = [each for each in ALL if "\n  shape:\n" in each.path.read_text(encoding="utf-8")]
HARDWARE = [each for each in ALL if re.search(r"-(131k|32k)-", each.name)]
TEACHERS = [each for each in ALL if each.name.startswith("api-") and each.name != "api-teacher"]
CONTEXTS = {"131k": 131072, "32k": 32768}

TABLE = {
    "gpt-oss-120b": ("1xh200", "4xh100", "8xh100", "2x4xa100-80gb"),
    "glm-4.6-awq": ("8xh100", "2x4xa100-80gb", "8xh200", "16x1xgh200"),
    "kimi-k2-thinking": ("2x8xh100", "8xh200", "16x1xgh200"),
    "minimax-m2-awq": ("8xh100", "8x1xgh200"),
    "qwen3-coder-480b-awq": ("8xh100", "16x1xgh200", "8x1xgh200"),
    "qwen3-coder-30b": ("1xh200", "8xh100"),
    "deepseek-v3.2-awq": ("8xh100",),
    "mistral-large-3-nvfp4": ("8xh100",),
    "glm-4.7-awq": ("8xh100", "4xh200"),
}
"""What teachers are run on: each at both contexts."""


def _recipe(preset: Bundled) -> Recipe:
    flags = {"dataset": "tb@2.0"}
    loaded = load(preset=preset.name, flags=flags, cwd=Path("/"))
    assert (loaded.warnings, loaded.recipe.preset) == ((), preset.name)
    return loaded.recipe


def test_the_kinds_of_presets_are_all_there_are() -> None:
    rest = {"api-teacher", "replay-local"}
    assert {each.name for each in (*MODELS, *HARDWARE, *TEACHERS)} | rest == {each.name for each in ALL}
    expected = {f"{model}-{context}-{on}" for model, places in TABLE.items() for on in places for context in CONTEXTS}
    assert expected <= {each.name for each in HARDWARE}


@pytest.mark.parametrize("preset", MODELS, ids=lambda each: each.name)
def test_a_model_preset_tells_what_it_states(preset: Bundled) -> None:
    recipe, about = _recipe(preset), " ".join(preset.about)
    shape, serve = recipe.model.shape, recipe.serve
    assert shape.known
    assert f"{recipe.model.id}, {shape.weights_gb:g} GB of weights" in about
    assert f"context up to {shape.max_context} tokens" in about
    assert f"tool parser {serve.tool_call_parser}" in about
    told = f"reasoning parser {serve.reasoning_parser}" if serve.reasoning_parser else "no reasoning parser"
    assert told in about
    assert about.index("GB of weights") < about.index("Source: ") < about.index("Not verified: ")
    assert (recipe.compute.accelerators, serve.max_model_len) == ([], None)
    assert recipe.compute.disk_gb is None or recipe.compute.disk_gb > 1.3 * (shape.weights_gb or 0)


@pytest.mark.parametrize("preset", HARDWARE, ids=lambda each: each.name)
def test_a_hardware_preset_is_what_its_name_says(preset: Bundled) -> None:
    recipe, about = _recipe(preset), " ".join(preset.about)
    serve, compute, shape = recipe.serve, recipe.compute, recipe.model.shape
    (accelerator,) = compute.accelerators
    name, count = split(accelerator)
    (context,) = (words for words, tokens in CONTEXTS.items() if tokens == serve.max_model_len)
    machines = f"{compute.nodes}x" if compute.nodes > 1 else ""
    (base,) = (each for each in MODELS if each.path.read_text(encoding="utf-8").find(f"  id: {recipe.model.id}\n") > 0)
    assert preset.name == f"{base.name}-{context}-{machines}{count}x{name.lower()}"
    gpus, sizes = count * compute.nodes, (serve.tensor_parallel, serve.pipeline_parallel, serve.data_parallel)
    parsers = f"parsers {serve.tool_call_parser} / {serve.reasoning_parser or 'none'}"
    split_up = " x ".join(str(size) for size in sizes)
    for told in (f"{shape.weights_gb:g} GB of weights", f"{gpus} GPU", f"({split_up} tensor", parsers):
        assert told in about
    assert f"{serve.max_model_len} tokens of context" in about
    assert about.index("parsers ") < about.index("Source: ") < about.index("Not verified: ")


@pytest.mark.parametrize("preset", HARDWARE, ids=lambda each: each.name)
def test_a_hardware_preset_fits_as_it_is_stated(preset: Bundled) -> None:
    recipe = _recipe(preset)
    serve = recipe.serve
    name, count = split(recipe.compute.accelerators[0])
    sizes = fit(recipe, recipe.model.shape, memory_gb(name), count, recipe.compute.nodes)
    assert isinstance(sizes, Sizes)
    assert sizes.memory is not None
    stated = (serve.tensor_parallel, serve.pipeline_parallel, serve.data_parallel, serve.max_model_len)
    assert (sizes.tensor, sizes.pipeline, sizes.data, sizes.max_model_len) == stated
    assert sizes.notes == ()


@pytest.mark.parametrize("preset", TEACHERS, ids=lambda each: each.name)
def test_a_teacher_preset_names_its_model_its_prompt_and_its_key(preset: Bundled) -> None:
    recipe, about = _recipe(preset), " ".join(preset.about)
    provider, _, name = (recipe.model.id or "").partition("/")
    keys = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY", "gemini": "GEMINI_API_KEY"}
    assert preset.name == f"api-{name}"
    assert (recipe.model.engine, recipe.compute.providers) == ("api", ["local"])
    assert f"{recipe.model.max_input_tokens} tokens of prompt" in about
    assert f"The key is the secret {keys[provider]}." in about
    assert about.index("no GPU is rented") < about.index("Source: ") < about.index("Not verified: ")


@pytest.mark.parametrize("preset", [*MODELS, *HARDWARE, *TEACHERS], ids=lambda each: each.name)
def test_no_preset_forces_how_a_model_is_sampled(preset: Bundled) -> None:
    recipe = _recipe(preset)
    assert recipe.model.sampling == {}
    assert not any("temperature" in str(name) or "seed" in str(name) for name in recipe.serve.vllm)
    assert len(preset.path.read_text(encoding="utf-8").splitlines()) < 35

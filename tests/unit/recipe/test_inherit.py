"""A preset that builds on another: the base is below it; circles and missing bases are told."""

from pathlib import Path

import pytest

from otcloud.recipe.find import Found
from otcloud.recipe.inherit import lineage
from otcloud.recipe.load import load
from otcloud.recipe.problems import Problem
from otcloud.recipe.shapes import known_shape


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {
        "plain": "# Plain preset of a test.\n\nmodel: {id: org/m}\n",
        "top": "preset: middle\n",
        "middle": "model: {id: org/m}\npreset: plain\n",
        "one": "preset: two\n",
        "two": "\npreset: one\n",
        "self": "preset: self\n",
        "lost": "preset: plane\n",
        "odd": "preset: [plain]\n",
    }.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def _names(name: str, folder: Path) -> list[str]:
    return [each.label if isinstance(each, Found) else str(each) for each in lineage(name, "--preset", folder)]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("plain", ["preset plain"]),
        ("top", ["preset top", "preset middle", "preset plain"]),
        ("one", ["preset one", "preset two", "preset two:2: preset: a preset builds on itself: `one -> two -> one`"]),
        ("self", ["preset self", "preset self:1: preset: a preset builds on itself: `self -> self`"]),
        ("lost", ["preset lost", "preset lost:1: preset: there is no preset `plane`; did you mean `plain`?"]),
        ("odd", ["preset odd"]),
        ("plan", ["--preset: preset: there is no preset `plan`; did you mean `plain`?"]),
    ],
)
def test_the_chain_of_presets(folder: Path, name: str, found: list[str]) -> None:
    assert _names(name, folder) == found


def test_problems_end_the_chain(folder: Path) -> None:
    assert isinstance(list(lineage("one", "--preset", folder))[-1], Problem)


def test_a_preset_wins_over_its_base_and_keeps_its_name(tmp_path: Path) -> None:
    flags = {"dataset": "tb@2.0"}
    base = load(preset="qwen3-8b", flags=flags, cwd=tmp_path)
    built = load(preset="qwen3-8b-32k-1xh100", flags=flags, cwd=tmp_path)
    assert built.recipe.preset == "qwen3-8b-32k-1xh100"
    assert (base.recipe.serve.max_model_len, built.recipe.serve.max_model_len) == (None, 32768)
    assert built.recipe.model.shape == base.recipe.model.shape
    assert built.origins["model.id"].startswith("preset qwen3-8b:")
    assert built.origins["serve.max_model_len"].startswith("preset qwen3-8b-32k-1xh100:")


def test_another_model_does_not_get_the_presets_shape(tmp_path: Path) -> None:
    loaded = load(preset="qwen3-8b-32k-1xh100", flags={"dataset": "tb@2.0", "model": "my/tuned"}, cwd=tmp_path)
    assert loaded.recipe.model.shape.model_fields_set == set()
    assert loaded.recipe.serve.tool_call_parser == "hermes"
    (warning,) = loaded.warnings
    assert warning.startswith("model.shape (preset qwen3-8b:")
    assert warning.endswith(") is left out: it does not belong to model.id `my/tuned`")
    same = load(preset="qwen3-8b", flags={"dataset": "tb@2.0", "model": "Qwen/Qwen3-8B"}, cwd=tmp_path)
    assert (same.recipe.model.shape.layers, same.warnings) == (36, ())


def test_a_model_is_known_by_the_preset_that_states_its_shape() -> None:
    shape = known_shape("openai/gpt-oss-120b")
    assert shape is not None
    assert (shape.weights_gb, shape.sliding_layers) == (65.3, 18)
    assert known_shape("openai/gpt-oss") is None
    assert known_shape(None) is None

"""A model's shape from its files on this machine, else from what the recipe states, else from a preset."""

import json
from pathlib import Path
from typing import Any

import pytest

from otcloud.launch.model_config import find_shape
from otcloud.recipe.schema.model import Model

CONFIG: dict[str, Any] = {
    "model_type": "qwen2",
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "hidden_size": 256,
    "max_position_embeddings": 512,
}


def _model(**fields: Any) -> Model:
    return Model.model_validate(fields)


def _files(folder: Path, config: object = CONFIG) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    (folder / "model-1.safetensors").write_bytes(b"\0" * 3000)
    (folder / "model-2.safetensors").write_bytes(b"\0" * 1000)
    return folder


def test_a_folder_of_the_users(tmp_path: Path) -> None:
    _files(tmp_path / "mine")
    shape = find_shape(_model(id="./mine"), {}, tmp_path)
    assert shape is not None
    assert (shape.layers, shape.kv_heads, shape.head_size, shape.weights_gb) == (2, 2, 64, 4e-6)
    assert find_shape(_model(id="~/mine"), {"HOME": str(tmp_path)}, Path("/")) == shape


@pytest.mark.parametrize("variable", ["HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HOME"])
def test_the_cache_of_hugging_face_by_branch_and_by_commit(tmp_path: Path, variable: str) -> None:
    below = {
        "HF_HUB_CACHE": "",
        "HF_HOME": "hub",
        "XDG_CACHE_HOME": "huggingface/hub",
        "HOME": ".cache/huggingface/hub",
    }
    repository = tmp_path / below[variable] / "models--org--m"
    snapshot = _files(repository / "snapshots" / "abc123")
    (snapshot / "model.safetensors.index.json").write_text('{"metadata": {"total_size": 2000000000}}')
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc123\n")
    environ = {variable: str(tmp_path)}
    shape = find_shape(_model(id="org/m"), environ, tmp_path)
    assert shape is not None
    assert (shape.layers, shape.weights_gb) == (2, 2.0)
    assert find_shape(_model(id="org/m", revision="abc123"), environ, tmp_path) == shape
    assert find_shape(_model(id="org/m", revision="other"), environ, tmp_path) is None
    assert find_shape(_model(id="org/m", engine="api"), environ, tmp_path) is None


def test_files_come_before_the_recipe_and_the_recipe_before_a_preset(tmp_path: Path) -> None:
    stated = find_shape(_model(id="Qwen/Qwen3-8B", shape={"weights_gb": 9, "layers": 1}), {}, tmp_path)
    assert stated is not None
    assert (stated.weights_gb, stated.layers, stated.kv_heads) == (9, 1, None)
    preset = find_shape(_model(id="Qwen/Qwen3-8B"), {}, tmp_path)
    assert preset is not None
    assert (preset.weights_gb, preset.layers) == (16.4, 36)
    snapshot = _files(tmp_path / "models--Qwen--Qwen3-8B" / "snapshots" / "main")
    for weights in snapshot.glob("*.safetensors"):
        weights.unlink()
    read = find_shape(_model(id="Qwen/Qwen3-8B"), {"HF_HUB_CACHE": str(tmp_path)}, tmp_path)
    assert read is not None
    assert (read.weights_gb, read.layers) == (16.4, 2)


@pytest.mark.parametrize(
    "config", ["", "[1]", "{", '{"num_hidden_layers": null}', "\ud800".encode("utf-8", "replace").decode()]
)
def test_a_config_that_says_nothing_is_none(tmp_path: Path, config: str) -> None:
    _files(tmp_path / "mine", config)
    shape = find_shape(_model(id="./mine"), {}, tmp_path)
    assert shape is None or not shape.known


def test_an_unknown_model_has_no_shape(tmp_path: Path) -> None:
    for name in ("org/nothing", "../..", "x" * 300, None):
        assert find_shape(_model(id=name), {}, tmp_path) is None

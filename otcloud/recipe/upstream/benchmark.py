"""The benchmark guides' `config.yaml` (model_information, vllm_engine_config) -> a layer of a recipe."""

from collections.abc import Mapping

from otcloud.recipe.upstream.datagen import read_model
from otcloud.recipe.upstream.options import state_option
from otcloud.recipe.upstream.reading import Reading
from otcloud.recipe.upstream.rules import Rule, Rules, idle, inside, read, to
from otcloud.recipe.written import Written


def _engine(reading: Reading, written: Written, key: str) -> None:
    """Everything in it is an option of the server."""
    for name, child in reading.mapping(written, key).items():
        if not child.empty:
            state_option(reading, name, child, f"{key}.{name}")


def _sampling(reading: Reading, written: Written, key: str) -> None:
    for name, child in reading.mapping(written, key).items():
        if child.empty:
            continue
        if name == "max_tokens":
            reading.state("model.max_output_tokens", child)
        else:
            reading.state_key(("model", "sampling", name), child)


def _dtype(reading: Reading, written: Written, key: str) -> None:
    if reading.text(written, key) != "auto":
        state_option(reading, "dtype", written, key)


def _model(reading: Reading, written: Written, key: str) -> None:
    """`is_model_local` says which of id and path counts; the guides show both."""
    content = reading.mapping(written, key)
    local = content.get("is_model_local")
    is_local = local is not None and not local.empty and reading.switch(local, f"{key}.is_model_local")
    other = "model_id" if is_local else "model_path"
    reading.walk({name: child for name, child in content.items() if name != other}, MODEL, key)


MODEL: Rules = {
    "model_id": read(read_model, "model.id", "a placeholder is replaced by --model"),
    "model_path": read(read_model, "model.id", "where is_model_local is true"),
    "is_model_local": idle("a model's id may be a folder"),
    "revision": to("model.revision"),
    "trust_remote_code": to("serve.trust_remote_code"),
    "dtype": read(_dtype, "serve.dtype"),
}

SAMPLING = ("sampling_params", "default_sampling_params", "sampling_defaults", "sampling_config", "sampling")
"""Under these names the guides state sampling defaults."""

_PARTS: Rules = {
    "model_config": Rule(to="model", read=_model, inside=MODEL),
    "vllm_engine_config": read(_engine, "serve", "each key is an option of `vllm serve`"),
    **{name: read(_sampling, "model.sampling", "max_tokens becomes model.max_output_tokens") for name in SAMPLING},
}

BENCHMARK: Rules = {"model_information": inside(_PARTS), **_PARTS}
"""Every field; the parts stand inside `model_information` or beside it."""

MARKS = ("model_information", "vllm_engine_config", "model_config")
"""Top-level keys by which such a file is recognised."""


def read_benchmark(reading: Reading, content: Mapping[str, Written]) -> None:
    """Read a config.yaml of the benchmark guides."""
    reading.walk(content, BENCHMARK)

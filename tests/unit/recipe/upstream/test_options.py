"""`extra_args` in all its forms: shell words, a list, a mapping; fields, others, and what the pinned vLLM has not."""

from pathlib import Path

import pytest
import yaml

from otcloud.recipe.load import Loaded
from tests.unit.recipe.upstream.corpus import load_text


def _load(folder: Path, extra: object) -> Loaded:
    text = yaml.safe_dump({"engine": {"type": "vllm_local"}, "vllm_server": {"extra_args": extra}})
    return load_text(folder, text, "datagen_config")


FORMS: list[object] = [
    "--max-num-batched-tokens 8192 --seed=3 --kv-cache-dtype fp8 --enforce-eager --no-enable-prefix-caching -tp 2",
    [
        *("--max-num-batched-tokens", 8192, "--seed=3", "--kv_cache_dtype", "fp8", "--enforce-eager"),
        *("--no-enable-prefix-caching", "-tp", "2"),
    ],
    [
        *("--max-num-batched-tokens 8192 --seed 3", "--kv-cache-dtype=fp8"),
        *("--enforce-eager --no-enable-prefix-caching", {"tensor-parallel-size": 2}),
    ],
    {
        "max_num_batched_tokens": 8192,
        "seed": 3,
        "--kv-cache-dtype": "fp8",
        "enforce-eager": True,
        "no-enable-prefix-caching": True,
        "-tp": 2,
    },
    {
        "max_num_batched_tokens": 8192,
        "seed": 3,
        "kv_cache_dtype": "fp8",
        "enforce_eager": True,
        "enable_prefix_caching": False,
        "tensor_parallel_size": 2,
    },
]


@pytest.mark.parametrize("extra", FORMS, ids=["text", "words", "mixed", "mapping", "names"])
def test_all_forms_say_the_same(tmp_path: Path, extra: object) -> None:
    loaded = _load(tmp_path, extra)
    serve = loaded.recipe.serve
    assert (serve.kv_cache_dtype, serve.prefix_caching, serve.tensor_parallel) == ("fp8", False, 2)
    assert serve.vllm == {"max_num_batched_tokens": 8192, "seed": 3, "enforce_eager": True}
    assert loaded.warnings == ()


def test_json_becomes_a_mapping(tmp_path: Path) -> None:
    serve = _load(tmp_path, ["--hf-overrides", '{"a": {"b": 1.5}}', "--compilation-config.level", 3]).recipe.serve
    assert (serve.hf_overrides, serve.vllm) == ({"a": {"b": 1.5}}, {"compilation_config": {"level": 3}})


@pytest.mark.parametrize(
    "extra",
    [
        "--lora-modules one=org/one two=org/two",
        {"lora_modules": {"one": "org/one", "two": "org/two"}},
        ["--lora-modules", '{"name": "one", "path": "org/one"}', "two=org/two"],
    ],
)
def test_adapters(tmp_path: Path, extra: object) -> None:
    assert _load(tmp_path, extra).recipe.serve.lora == {"one": "org/one", "two": "org/two"}


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ("--swap-space 4", "swap_space: is left out: vLLM 0.32.0 has no such option"),
        ("--max-num-partial-prefills 2", "max_num_partial_prefills: is left out: vLLM 0.32.0 has no such option"),
        ("--all2all-backend pplx", "all2all_backend: is left out: vLLM 0.32.0 no longer has `pplx`"),
        (
            "--max-modle-len 3",
            "max_modle_len: is left out: vLLM 0.32.0 has no such option; did you mean `max_model_len",
        ),
        ("--port 9000", "port: is left out: otcloud chooses where the server listens"),
        ("--api-key abc", "api_key: is left out: every run has a key of its own"),
        ("stray --seed 1", "a word that belongs to no option"),
        ({"seed": None}, "seed: is left out: it has no value"),
    ],
)
def test_what_is_not_passed_on_is_told_and_crashes_nothing(tmp_path: Path, extra: object, told: str) -> None:
    loaded = _load(tmp_path, extra)
    assert told in "".join(loaded.warnings)
    assert set(loaded.recipe.serve.vllm) <= {"seed"}


def test_an_option_stated_twice_is_told_where_it_differs(tmp_path: Path) -> None:
    told = _load(tmp_path, "--seed 1 --gpu-memory-utilization 0.8 --gpu-memory-utilization 0.9").warnings
    assert len(told) == 1
    assert "disagrees with line" in told[0]

"""The table of vLLM's options: names in every spelling, kinds of values, what a version does not have."""

from typing import Any

import pytest

from otcloud.recipe.fields import dotted, fields
from otcloud.recipe.vllm_options import (
    DEFAULT_VLLM,
    FALLEN,
    FIELDS,
    GONE,
    OWNED,
    VLLM_VERSIONS,
    Option,
    known,
    missing,
    options,
)
from otcloud.recipe.vllm_values import fallen, fault, settled

SPELLINGS = ("max_num_seqs", "max-num-seqs", "--max-num-seqs", "--max_num_seqs", " max_num-seqs ")


def option(name: str) -> Option:
    found = known(name)
    assert found is not None, name
    return found


@pytest.mark.parametrize("name", SPELLINGS)
def test_an_option_is_found_by_any_spelling(name: str) -> None:
    assert option(name) == Option("max_num_seqs", "whole")
    assert option(name).flag == "--max-num-seqs"


def test_other_names_lead_to_the_option() -> None:
    assert option("-tp").name == "tensor_parallel_size"
    assert option("device-memory-utilization").name == "gpu_memory_utilization"


@pytest.mark.parametrize("name", ["", "-", "max_num_seq", "tp", "no_enable_prefix_caching", "model_tag", "help"])
def test_what_is_no_option_is_not_found(name: str) -> None:
    assert known(name) is None


def test_every_version_has_the_options_that_have_fields_or_an_owner() -> None:
    paths = {dotted(key) for key in fields()}
    assert DEFAULT_VLLM in VLLM_VERSIONS
    for version in VLLM_VERSIONS:
        assert set(FIELDS) | set(OWNED) <= set(options(version))
        assert not set(GONE) & set(options(version))
        assert all(value in options(version)[name].choices for name, value in FALLEN)
    assert set(FIELDS.values()) <= paths
    assert not set(FIELDS) & set(OWNED)


def test_what_became_of_an_option() -> None:
    assert missing("--swap-space").startswith("vLLM 0.32.0 has no such option: requests that do not fit")
    assert missing("wings") == "vLLM 0.32.0 has no such option"
    with pytest.raises(KeyError):
        known("seed", "0.1")


VALUES: list[tuple[str, Any, str]] = [
    ("enforce_eager", True, ""),
    ("enforce_eager", "yes", "must be true or false"),
    ("disable_log_stats", 1, "must be true or false"),
    ("seed", 3, ""),
    ("seed", True, "must be a whole number"),
    ("seed", 1.5, "must be a whole number"),
    ("watermark", 1, ""),
    ("watermark", float("inf"), "must be a finite number"),
    ("watermark", "much", "must be a number"),
    ("max_num_batched_tokens", "16k", ""),
    ("max_num_batched_tokens", "25.6k", ""),
    ("max_num_batched_tokens", "1.5K", "must be a whole number, or one such as 16k"),
    ("max_num_batched_tokens", -1, "must be a whole number, or one such as 16k"),
    ("uvicorn_log_level", "loud", "must be one of critical, debug, error, info, trace, warning"),
    ("tokenizer", 7, ""),
    ("tokenizer", ["a"], "must be a text"),
    ("compilation_config", '{"level": 3}', ""),
    ("compilation_config", "{level", "must be a mapping"),
    ("compilation_config", "[1]", "must be a mapping"),
    ("compilation_config", {"level": [float("nan")]}, "must be a finite number"),
    ("allowed_origins", ["*"], ""),
    ("allowed_origins", "*", "must be a mapping or a list"),
    ("allowed_origins", "[" * 100_000, "must be a mapping or a list"),
    ("pt_load_map_location", "cpu", ""),
    ("pt_load_map_location", '{"a": "b"}', ""),
    ("pt_load_map_location", ["cpu"], "must be a mapping or a text"),
    ("ignore_patterns", "original/*", ""),
    ("ignore_patterns", ["a", 3], ""),
    ("ignore_patterns", [], "must not be an empty list"),
    ("ignore_patterns", [["a"]], "must be a list of texts"),
    ("cudagraph_capture_sizes", [1, 2], ""),
    ("cudagraph_capture_sizes", ["1"], "must be a list of whole numbers"),
    ("cudagraph_capture_sizes", {}, "must be a list of whole numbers"),
    ("collect_detailed_traces", ["all", "some"], "must be one of all, model, worker"),
    ("middleware", ["-a.b"], ""),
]


@pytest.mark.parametrize(("name", "value", "wrong"), VALUES)
def test_a_value_is_of_the_kind_that_the_option_takes(name: str, value: Any, wrong: str) -> None:
    assert fault(option(name), settled(option(name), value)) == wrong


def test_a_listed_value_may_not_look_like_an_option() -> None:
    assert "begins with `-`" in fault(option("ignore_patterns"), ["a", "-b"])


def test_a_value_that_the_server_lost_is_told() -> None:
    told = "vLLM 0.32.0 no longer has `pplx` and takes `allgather_reducescatter` instead"
    assert fallen(option("all2all_backend"), "pplx") == told
    assert fallen(option("all2all_backend"), "deepep_low_latency") == ""

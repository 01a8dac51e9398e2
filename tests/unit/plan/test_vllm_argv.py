"""vLLM's options and command line, compiled: from fields, from the sizes that fit, from `serve.vllm`."""

import json
from typing import Any

import pytest
from hypothesis import given, settings

from otcloud.plan.fit import Sizes
from otcloud.plan.serve import compile_serve
from otcloud.plan.vllm_argv import vllm_argv, vllm_options
from otcloud.recipe.schema import Recipe
from tests.unit.plan.command_lines import as_read, read, served_presets, specs_of, stated
from tests.unit.plan.made import recipe

SIZES = Sizes(
    tensor=4,
    pipeline=2,
    data=1,
    max_model_len=131072,
    max_num_seqs=48,
    gpu_memory_utilization=0.9,
    kv_cache_dtype="fp8",
    memory=None,
)


def served(serve: dict[str, Any], **model: Any) -> Recipe:
    """A recipe that vLLM serves."""
    return recipe(model={"id": "org/model-7B", **model}, serve=serve)


FIELDS: dict[str, Any] = {
    "expert_parallel": True,
    "cpu_offload_gb": 20,
    "prefix_caching": True,
    "chunked_prefill": False,
    "dtype": "bfloat16",
    "quantization": "awq_marlin",
    "hf_overrides": {"rope_parameters": {"factor": 4.0}},
    "tool_call_parser": "hermes",
    "reasoning_parser": "qwen3",
    "speculative": {"method": "ngram", "num_speculative_tokens": 4},
    "lora": {"mine": "org/adapter, the second"},
    "max_lora_rank": 32,
    "trust_remote_code": True,
}
OTHERS = {
    "seed": 7,
    "enforce-eager": True,
    "limit_mm_per_prompt": '{"image": 0}',
    "runner": None,
    "middleware": ["a.b", "-c"],
}


def test_every_field_on_the_command_line() -> None:
    asked = served({**FIELDS, "vllm": OTHERS}, revision="v1.0")
    spec = compile_serve(asked, "org/model-7B", SIZES)
    assert spec.argv == (
        "org/model-7B",
        "--served-model-name",
        "model-7B",
        "--revision=v1.0",
        "--tensor-parallel-size=4",
        "--pipeline-parallel-size=2",
        "--enable-expert-parallel",
        "--max-model-len=131072",
        "--max-num-seqs=48",
        "--gpu-memory-utilization=0.9",
        "--kv-cache-dtype=fp8",
        "--cpu-offload-gb=20.0",
        "--enable-prefix-caching",
        "--no-enable-chunked-prefill",
        "--dtype=bfloat16",
        "--quantization=awq_marlin",
        '--hf-overrides={"rope_parameters":{"factor":4.0}}',
        "--tool-call-parser=hermes",
        "--reasoning-parser=qwen3",
        '--speculative-config={"method":"ngram","num_speculative_tokens":4}',
        "--lora-modules",
        '{"name":"mine","path":"org/adapter, the second"}',
        "--max-lora-rank=32",
        "--trust-remote-code",
        "--enable-auto-tool-choice",
        "--enable-lora",
        "--enforce-eager",
        '--limit-mm-per-prompt={"image":0}',
        "--middleware=a.b",
        "--middleware=-c",
        "--seed=7",
    )
    assert spec.options["limit_mm_per_prompt"] == {"image": 0}
    assert (spec.version, spec.device, spec.env) == ("0.32.0", "auto", {})


def test_nothing_stated_leaves_all_to_the_server() -> None:
    spec = compile_serve(served({}), "org/model-7B")
    assert spec.options == {}
    assert spec.argv == ("org/model-7B", "--served-model-name", "model-7B")


def test_without_sizes_the_fields_hold() -> None:
    fields = {"tensor_parallel": 2, "pipeline_parallel": 1, "data_parallel": 4, "max_model_len": 32768}
    assert vllm_options(served(fields), None) == {
        "tensor_parallel_size": 2,
        "pipeline_parallel_size": 1,
        "data_parallel_size": 4,
        "max_model_len": 32768,
    }


def test_sizes_of_the_candidate_win_over_the_fields() -> None:
    fields = {"tensor_parallel": 8, "data_parallel": 2, "max_num_seqs": 16, "max_model_len": 999}
    found = vllm_options(served(fields), SIZES)
    assert found["tensor_parallel_size"] == 4
    assert "data_parallel_size" not in found
    assert (found["max_num_seqs"], found["max_model_len"]) == (48, 131072)


def test_on_the_cpu_there_is_no_share_of_a_gpu() -> None:
    spec = compile_serve(served({"device": "cpu", "env": {"VLLM_CPU_KVCACHE_SPACE": 1}}), "org/model-7B", SIZES)
    assert "gpu_memory_utilization" not in spec.options
    assert not any("gpu" in word for word in spec.argv)
    assert (spec.device, spec.env) == ("cpu", {"VLLM_CPU_KVCACHE_SPACE": "1"})


def test_variables_are_texts() -> None:
    spec = compile_serve(served({"env": {"A": True, "B": False, "C": 0.5, "D": "x y", "E": None}}), "org/model-7B")
    assert spec.env == {"A": "1", "B": "0", "C": "0.5", "D": "x y"}


def test_other_engines_have_no_command_line() -> None:
    spec = compile_serve(recipe(serve={"vllm": {"seed": 1}}), "made/model")
    assert (spec.engine, spec.version, spec.options, spec.argv, spec.env) == ("replay", None, {}, (), {})


def test_an_option_that_the_version_has_not_is_no_command_line() -> None:
    with pytest.raises(KeyError):
        vllm_argv({"swap_space": 4})


def test_a_flag_that_is_off_is_not_there_and_a_switch_that_is_off_is() -> None:
    assert vllm_argv({"disable_log_stats": False, "enforce_eager": False}) == ("--no-enforce-eager",)


@pytest.mark.parametrize("preset", served_presets())
def test_the_command_lines_of_every_preset_read_back(preset: str) -> None:
    for spec in specs_of(preset):
        model, *words = spec.argv
        assert model == spec.model
        assert read(words) == {"served_model_name": [spec.served_name], **spec.options}
        assert spec.options["tensor_parallel_size"] >= 1


@settings(max_examples=300, deadline=None)
@given(stated())
def test_any_options_of_the_right_kind_read_back(given_options: dict[str, Any]) -> None:
    found = vllm_options(served({"vllm": given_options}), None)
    assert list(found) == sorted(found)
    again = read(vllm_argv(found))
    assert json.dumps(again, sort_keys=True) == json.dumps(as_read(found), sort_keys=True)

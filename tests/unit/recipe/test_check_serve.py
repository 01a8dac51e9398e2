"""What is told of a server's options in a recipe: where it stands, what is wrong, what was meant."""

from pathlib import Path

import pytest

from otcloud.recipe.load import Loaded, load
from otcloud.recipe.problems import RecipeInvalid

HEAD = "model: {id: org/model}\ntasks: {hub: org/tasks}\n"


def read(folder: Path, text: str, *sets: str) -> Loaded:
    (folder / "r.yaml").write_text(HEAD + text, encoding="utf-8")
    return load(["r.yaml"], sets=sets, cwd=folder)


def told(folder: Path, text: str, *sets: str) -> list[str]:
    with pytest.raises(RecipeInvalid) as caught:
        read(folder, text, *sets)
    return [str(problem) for problem in caught.value.problems]


WRONG = {
    "serve: {vllm: {max-num-seq: 3}}": (
        "max-num-seq: vLLM 0.32.0 has no such option; did you mean `serve.max_num_seqs`?"
    ),
    "serve: {vllm: {enforce_eagre: true}}": (
        "enforce_eagre: vLLM 0.32.0 has no such option; did you mean `serve.vllm.enforce_eager`?"
    ),
    "serve: {vllm: {swap-space: 4}}": (
        "swap-space: vLLM 0.32.0 has no such option: requests that do not fit are computed again instead of swapped out"
    ),
    "serve: {vllm: {tensor-parallel-size: 2}}": (
        "tensor-parallel-size: has a field of its own: write serve.tensor_parallel instead"
    ),
    "serve: {vllm: {-tp: 2}}": "-tp: has a field of its own: write serve.tensor_parallel instead",
    "serve: {vllm: {no-enable-prefix-caching: true}}": (
        "no-enable-prefix-caching: vLLM 0.32.0 has no such option; did you mean `serve.prefix_caching: false`?"
    ),
    "serve: {vllm: {kernel_config.moe_backend: triton}}": (
        "kernel_config.moe_backend: is written as a mapping; did you mean `kernel_config: {moe_backend: ...}`?"
    ),
    "serve: {vllm: {host: 0.0.0.0}}": (
        "host: is not for a recipe to set: otcloud chooses where the server listens (serve.expose opens a port)"
    ),
    "serve: {vllm: {hf_token: true}}": (
        "hf_token: is not for a recipe to set: a secret never stands on a command line: name it (`secrets: [HF_TOKEN]`)"
    ),
    "serve: {vllm: {seed: x}}": "seed: must be a whole number, not `x`",
    "serve: {vllm: {runner: poolin}}": "runner: vLLM 0.32.0 has no `poolin` here; did you mean `pooling`?",
    "serve: {vllm: {all2all_backend: pplx}}": (
        "all2all_backend: vLLM 0.32.0 no longer has `pplx` and takes `allgather_reducescatter` instead"
    ),
}


@pytest.mark.parametrize("text", WRONG)
def test_an_option_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    assert told(tmp_path, text) == [f"r.yaml:3: serve.vllm.{WRONG[text]}"]


def test_all_is_told_at_once_each_with_its_own_line(tmp_path: Path) -> None:
    others = "  vllm:\n    compilation-config:\n      level: 3\n    compilation_config: {a: 1}\n"
    text = f"serve:\n  kv_cache_dtype: fp9\n{others}"
    assert told(tmp_path, text, "serve.vllm.wings=2") == [
        "r.yaml:4: serve.kv_cache_dtype: vLLM 0.32.0 has no `fp9` here; did you mean `fp8`?",
        "r.yaml:8: serve.vllm.compilation_config: is the option that serve.vllm.compilation-config gives already",
        "--set serve.vllm.wings: serve.vllm.wings: vLLM 0.32.0 has no such option",
    ]


def test_a_version_that_is_not_known_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(RecipeInvalid) as caught:
        read(tmp_path, 'programs: {vllm: "0.11.0"}\nserve: {vllm: {wings: 1}}')
    [problem] = caught.value.problems
    assert str(problem) == "r.yaml:3: programs.vllm: `0.11.0` is not a version of vLLM that this otcloud knows"
    assert problem.do == "take one of: 0.32.0"


def test_names_of_parsers_are_checked_unless_a_plug_in_may_add_to_them(tmp_path: Path) -> None:
    [problem] = told(tmp_path, "serve: {tool_call_parser: qwen3xml}")
    assert problem.endswith("has no `qwen3xml` here; did you mean `qwen3_xml`?")
    own = read(tmp_path, "serve: {tool_call_parser: mine, vllm: {tool-parser-plugin: mine.py}}")
    assert own.recipe.serve.tool_call_parser == "mine"


def test_without_a_near_name_all_are_listed(tmp_path: Path) -> None:
    with pytest.raises(RecipeInvalid) as caught:
        read(tmp_path, "serve: {reasoning_parser: zzzzzz}")
    assert "--reasoning-parser takes one of: cohere_command3" in caught.value.do


def test_another_engine_has_no_options_of_vllm_to_check(tmp_path: Path) -> None:
    text = "serve: {vllm: {wings: 1}}\n"
    sets = ("model.engine=api", "model.id=openai/gpt-5")
    assert read(tmp_path, text, *sets).recipe.serve.vllm == {"wings": 1}


def test_variables_of_the_server(tmp_path: Path) -> None:
    good = read(tmp_path, "serve: {env: {VLLM_USE_DEEP_GEMM: false, TOKENIZERS_PARALLELISM: true, OMP_NUM_THREADS: 2}}")
    assert list(good.recipe.serve.env) == ["VLLM_USE_DEEP_GEMM", "TOKENIZERS_PARALLELISM", "OMP_NUM_THREADS"]
    assert told(tmp_path, "serve: {env: {HF_TOKEN: x, VLLM_API_KEY: y, a b: 1, VLLM_X: [1]}}") == [
        *(
            f"r.yaml:3: serve.env.{name}: sounds like a secret; secrets are named, not written (`secrets: [NAME]`)"
            for name in ("HF_TOKEN", "VLLM_API_KEY")
        ),
        "r.yaml:3: serve.env.a b: must be the name of an environment variable, such as `VLLM_LOGGING_LEVEL`",
        "r.yaml:3: serve.env.VLLM_X: must be a text, a number, or true or false, not `[1]`",
    ]


def test_a_rank_needs_adapters(tmp_path: Path) -> None:
    assert told(tmp_path, "serve: {max_lora_rank: 32}") == [
        "r.yaml:3: serve.max_lora_rank: goes with serve.lora, which is not given"
    ]
    assert told(tmp_path, "serve: {max_lora_rank: 33, lora: {a: org/a}}") == [
        "r.yaml:3: serve.max_lora_rank: must be one of 1, 8, 16, 32, 64, 128, 256, 320, 512, not `33`"
    ]

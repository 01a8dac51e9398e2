"""The two command lines of OpenThoughts-Agent, with another first word: what recipe they make, and what is said."""

from pathlib import Path

from otcloud.recipe.load import load
from tests.unit.recipe.upstream.corpus import CORPUS

TRACEGEN: dict[str, object] = {
    "harbor_config": [str(CORPUS / "trace_16concurrency_ctx131k.yaml")],
    "datagen_config": [str(CORPUS / "gpt_oss_120b_vllm_serve_131k_1xH200.yaml")],
    "tasks_input_path": "DCAgent/stackexchange-tor-sandboxes",
    "model": "openai/gpt-oss-120b",
    "accelerator": "H100:1",
    "cloud_provider": "gcp",
    "region": "us-central1",
}
EVAL: dict[str, object] = {
    "harbor_config": [str(CORPUS / "trace_16concurrency_eval_ctx131k.yaml")],
    "datagen_config": [str(CORPUS / "qwen3_coder_30b_a3b_vllm_serve_131k_1xH200.yaml")],
    "dataset": "terminal-bench@2.0",
    "model": "Qwen/Qwen3-Coder-30B-A3B-Instruct",
    "agent": "terminus-2",
    "accelerator": "H100:1",
    "cloud_provider": "gcp",
}


def test_traces(tmp_path: Path) -> None:
    loaded = load(flags=TRACEGEN, cwd=tmp_path, kind="tracegen")
    recipe, told = loaded.recipe, "\n".join(loaded.warnings)
    assert (recipe.model.id, recipe.model.engine, recipe.model.max_output_tokens) == (
        "openai/gpt-oss-120b",
        "vllm",
        16384,
    )
    assert recipe.model.max_input_tokens == 131072 - 16384
    assert recipe.compute.model_dump(include={"providers", "accelerators", "regions"}) == {
        "providers": ["gcp"],
        "accelerators": ["H100:1"],
        "regions": ["us-central1"],
    }
    assert (recipe.tasks.hub, recipe.sandbox.type, recipe.trials.verify) == (
        "DCAgent/stackexchange-tor-sandboxes",
        "daytona",
        False,
    )
    assert (recipe.trials.concurrency, recipe.trials.attempts, recipe.trials.retries) == (16, 1, 4)
    assert (recipe.agent.name, recipe.agent.max_turns, recipe.agent.timeout_sec) == ("terminus-2", 80, 1800)
    assert recipe.agent.kwargs["interleaved_thinking"] is True
    assert (recipe.serve.kv_cache_dtype, recipe.serve.ready_timeout_min) == ("fp8", 30)
    assert recipe.serve.vllm == {}
    for gone in ("swap_space", "max_seq_len_to_capture", "disable_log_requests", "max_num_partial_prefills", "pplx"):
        assert told.count(gone) == 1, gone
    for name in ("adaptive_concurrency", "collect_engine_metrics", "metrics_endpoint"):
        assert told.count(name) == 1, name
    assert "the input is capped at 114688" in told


def test_a_score(tmp_path: Path) -> None:
    loaded = load(flags=EVAL, cwd=tmp_path, kind="eval")
    recipe, told = loaded.recipe, "\n".join(loaded.warnings)
    assert (recipe.kind, recipe.tasks.registry, recipe.model.served_name) == (
        "eval",
        "terminal-bench@2.0",
        "other_name",
    )
    assert (recipe.trials.attempts, recipe.trials.concurrency, recipe.trials.verify) == (3, 16, True)
    assert (recipe.sandbox.cpus, recipe.sandbox.memory_mb) == (1, 2048)
    assert "sandbox.cpus 1 " in told
    assert "the score cannot stand beside a published one" in told
    assert recipe.agent.timeout_sec == 1200
    body = recipe.agent.kwargs["llm_call_kwargs"]["extra_body"]
    assert body == {"chat_template_kwargs": {"enable_thinking": True}}
    assert recipe.serve.hf_overrides == {"max_position_embeddings": 131072}
    assert recipe.serve.vllm == {"seed": 7}


def test_sizes_for_traces_alone_are_no_warning(tmp_path: Path) -> None:
    told = "\n".join(load(flags=TRACEGEN, cwd=tmp_path, kind="tracegen").warnings)
    assert "cannot stand beside" not in told

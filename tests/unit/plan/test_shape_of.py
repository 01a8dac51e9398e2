"""The shape that a config.json tells, model family by model family; the presets state the same."""

from pathlib import Path
from typing import Any

import pytest

from otcloud.plan.shape_of import filled, shape_of
from otcloud.recipe.load import load
from otcloud.recipe.schema.shape import Shape

GQA: dict[str, Any] = {"num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128}
DEEPSEEK: dict[str, Any] = {
    "model_type": "deepseek_v3",
    "num_hidden_layers": 61,
    "num_attention_heads": 128,
    "num_key_value_heads": 128,
    "kv_lora_rank": 512,
    "qk_rope_head_dim": 64,
    "hidden_size": 7168,
    "moe_intermediate_size": 2048,
    "n_routed_experts": 256,
    "first_k_dense_replace": 3,
    "vocab_size": 129280,
    "max_position_embeddings": 163840,
}
CONFIGS: dict[str, dict[str, Any]] = {
    "gpt-oss-120b": {
        "model_type": "gpt_oss",
        "num_hidden_layers": 36,
        "num_attention_heads": 64,
        "num_key_value_heads": 8,
        "head_dim": 64,
        "sliding_window": 128,
        "layer_types": ["sliding_attention", "full_attention"] * 18,
        "max_position_embeddings": 131072,
    },
    "glm-4.6-awq": {
        "model_type": "glm4_moe",
        "num_hidden_layers": 92,
        "num_attention_heads": 96,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "max_position_embeddings": 202752,
    },
    "kimi-k2-thinking": {
        **DEEPSEEK,
        "model_type": "kimi_k2",
        "num_attention_heads": 64,
        "num_key_value_heads": 64,
        "n_routed_experts": 384,
        "first_k_dense_replace": 1,
        "max_position_embeddings": 262144,
    },
    "deepseek-v3.2-awq": {**DEEPSEEK, "model_type": "deepseek_v32", "index_head_dim": 128},
    "minimax-m2-awq": {
        "model_type": "minimax_m2",
        "num_hidden_layers": 62,
        "num_attention_heads": 48,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "max_position_embeddings": 196608,
    },
    "nemotron-3-nano": {
        **GQA,
        "model_type": "nemotron_h",
        "num_key_value_heads": 2,
        "hybrid_override_pattern": "MEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEM*EMEMEMEM*EMEMEMEME",
        "mamba_num_heads": 64,
        "mamba_head_dim": 64,
        "ssm_state_size": 128,
        "n_groups": 8,
        "conv_kernel": 4,
        "max_position_embeddings": 262144,
    },
    "qwen3-8b": {**GQA, "model_type": "qwen3", "num_hidden_layers": 36, "max_position_embeddings": 40960},
    "qwen3-coder-30b": {
        **GQA,
        "model_type": "qwen3_moe",
        "num_key_value_heads": 4,
        "num_hidden_layers": 48,
        "sliding_window": 4096,
        "use_sliding_window": False,
        "max_position_embeddings": 262144,
    },
    "devstral-small-2": {
        "model_type": "mistral3",
        "text_config": {
            **GQA,
            "model_type": "ministral3",
            "num_hidden_layers": 40,
            "hidden_size": 5120,
            "max_position_embeddings": 262144,
        },
    },
}


@pytest.mark.parametrize("name", CONFIGS)
def test_a_preset_states_what_the_config_tells(name: str) -> None:
    stated = load(preset=name, flags={"dataset": "tb@2.0"}, cwd=Path("/")).recipe.model.shape
    told = shape_of(CONFIGS[name], stated.weights_gb)
    differ = {"expert_share", "max_tensor"}
    if name == "nemotron-3-nano":
        assert told.state_mb == pytest.approx(stated.state_mb, abs=0.1)
        differ.add("state_mb")
    assert told.model_dump(exclude=differ) == stated.model_dump(exclude=differ)


def test_a_config_without_a_head_size_divides_the_hidden_size() -> None:
    shape = shape_of(
        {"num_hidden_layers": 2, "num_attention_heads": 4, "hidden_size": 256, "torch_dtype": "float32"}, 0.1
    )
    assert (shape.kv_heads, shape.head_size, shape.dtype, shape.known) == (4, 64, "float32", True)


def test_gpt_oss_without_a_list_of_layers_alternates_and_old_mistral_slides_everywhere() -> None:
    base: dict[str, Any] = {**GQA, "num_hidden_layers": 8, "sliding_window": 128}
    assert shape_of({**base, "model_type": "gpt_oss"}, 1).sliding_layers == 4
    assert shape_of({**base, "model_type": "mistral"}, 1).sliding_layers == 8
    assert shape_of({**base, "model_type": "qwen2"}, 1).sliding_layers == 0


def test_most_of_a_mixture_is_in_its_experts() -> None:
    assert shape_of(DEEPSEEK, 689).expert_share >= 0.9
    assert shape_of({**GQA, "num_hidden_layers": 8}, 1).expert_share == 0


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"num_hidden_layers": "many", "layer_types": 3, "text_config": [1]},
        {"num_hidden_layers": -1, "head_dim": True, "sliding_window": 0, "dtype": 5},
    ],
)
def test_what_is_not_understood_stays_unknown(config: dict[str, Any]) -> None:
    assert not shape_of(config, 10).known


def test_what_was_read_comes_before_what_is_stated() -> None:
    read = shape_of({**GQA, "num_hidden_layers": 36}, None)
    stated = Shape(weights_gb=16.4, layers=99, max_tensor=4)
    both = filled(read, stated)
    assert both is not None
    assert (both.weights_gb, both.layers, both.max_tensor, both.known) == (16.4, 36, 4, True)
    assert filled(None, Shape()) is None
    assert filled(None, stated) == stated

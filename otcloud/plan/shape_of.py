"""A model's config.json -> its Shape. Reading the file is `launch`'s affair; a field that is not understood stays out.

Understood: the names that transformers uses for llama, qwen2 and qwen3 (moe), glm4_moe, gpt_oss, deepseek_v3 and v32,
kimi_k2, minimax_m2, mistral, nemotron_h, and for multimodal models the `text_config` inside.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from otcloud.recipe.schema.shape import Shape

type Config = Mapping[str, Any]

_SLIDING = "sliding_attention"
_FULL = ("full_attention", "attention")
_LINEAR = ("linear_attention", "mamba")
_PATTERN = {"M": "mamba", "*": "full_attention", "-": "mlp", "E": "moe"}
"""Nemotron-H's one letter for each layer (`hybrid_override_pattern`)."""


def shape_of(config: Config, weights_gb: float | None) -> Shape:
    """What a config says of memory. `weights_gb`: size of the weight files in GB of 10^9 bytes, None when not known."""
    inner: object = config.get("text_config") or config.get("llm_config")
    text = {**config, **cast("Config", inner)} if isinstance(inner, Mapping) else dict(config)
    kinds = _kinds(text)
    heads = _whole(text, "num_attention_heads")
    found: dict[str, object] = {
        "weights_gb": weights_gb,
        "layers": _whole(text, "num_hidden_layers") or len(kinds) or None,
        "heads": heads,
        "max_context": _whole(text, "max_position_embeddings"),
        "dtype": _dtype(text),
        "expert_share": _expert_share(text),
        **_cache(text, heads),
        **_sliding(text, kinds),
    }
    if any(kind in _LINEAR for kind in kinds):
        found["kv_layers"] = sum(kind in (*_FULL, _SLIDING) for kind in kinds)
        found["state_mb"] = kinds.count("mamba") * _mamba_mb(text)
    return Shape.model_validate({name: value for name, value in found.items() if value is not None})


def filled(read: Shape | None, stated: Shape) -> Shape | None:
    """The shape that was read, with what is stated where nothing was; None when both say nothing."""
    said = stated.model_dump(exclude_unset=True, exclude_none=True)
    known = read.model_dump(exclude_unset=True, exclude_none=True) if read is not None else {}
    return Shape.model_validate({**said, **known}) if said or known else None


def _cache(text: Config, heads: int | None) -> dict[str, object]:
    """Latent attention keeps one latent and the rotary part; DeepSeek-V3.2 the keys of its indexer besides."""
    rank = _whole(text, "kv_lora_rank")
    if rank is not None:
        extra = (_whole(text, "qk_rope_head_dim") or 0) + (_whole(text, "index_head_dim") or 0)
        return {"latent_size": rank + extra}
    hidden = _whole(text, "hidden_size")
    size = _whole(text, "head_dim") or (hidden // heads if hidden and heads else None)
    return {"kv_heads": _whole(text, "num_key_value_heads") or heads, "head_size": size}


def _kinds(text: Config) -> list[str]:
    """The kind of each layer where the config lists them; none where all are alike."""
    for name in ("layer_types", "layers_block_type"):
        listed: object = text.get(name)
        if isinstance(listed, Sequence) and not isinstance(listed, str):
            return [str(kind) for kind in cast("Sequence[object]", listed)]
    pattern: object = text.get("hybrid_override_pattern")
    return [_PATTERN.get(letter, letter) for letter in pattern] if isinstance(pattern, str) else []


def _sliding(text: Config, kinds: list[str]) -> dict[str, object]:
    """A window counts where layers are marked for it; gpt_oss without a list alternates, Mistral slides everywhere."""
    window = _whole(text, "sliding_window")
    if window is None or text.get("use_sliding_window") is False:
        return {}
    layers = _whole(text, "num_hidden_layers") or 0
    if kinds:
        sliding = kinds.count(_SLIDING)
    elif text.get("model_type") == "gpt_oss":
        sliding = (layers + 1) // 2
    else:
        sliding = layers if text.get("model_type") in ("mistral", "mixtral", "phi3") else 0
    return {"sliding_layers": sliding, "window": window} if sliding else {}


def _mamba_mb(text: Config) -> float:
    """State of one Mamba-2 layer for one sequence: the SSM state in float32, the convolution's in bfloat16."""
    heads, size = _whole(text, "mamba_num_heads") or 0, _whole(text, "mamba_head_dim") or 0
    state, groups = _whole(text, "ssm_state_size") or 0, _whole(text, "n_groups") or 0
    inner = heads * size
    convolution = (inner + 2 * groups * state) * max(0, (_whole(text, "conv_kernel") or 1) - 1) * 2
    return (inner * state * 4 + convolution) / 1e6


def _expert_share(text: Config) -> float | None:
    """Routed experts' share of the parameters in the layers, all at one precision; None for a dense model.

    Quantized checkpoints keep the rest wider: their true share is lower, so it is rounded down to a twentieth.
    """
    names = ("n_routed_experts", "num_local_experts", "num_experts")
    experts = next((number for name in names if (number := _whole(text, name))), 0)
    hidden, layers = _whole(text, "hidden_size"), _whole(text, "num_hidden_layers")
    inner = _whole(text, "moe_intermediate_size") or _whole(text, "intermediate_size")
    if experts < 2 or not (hidden and layers and inner):
        return None
    sparse = layers - (_whole(text, "first_k_dense_replace") or 0)
    routed = sparse * experts * 3 * hidden * inner
    size = _whole(text, "head_dim") or 128
    attention = layers * 2 * hidden * size * ((_whole(text, "num_attention_heads") or 0) + 8)
    vocabulary = 2 * hidden * (_whole(text, "vocab_size") or 0)
    return int(routed / (routed + attention + vocabulary) * 20) / 20


def _dtype(text: Config) -> str | None:
    name = str(text.get("dtype") or text.get("torch_dtype") or "").removeprefix("torch.")
    return name if name in ("bfloat16", "float16", "float32") else None


def _whole(text: Config, name: str) -> int | None:
    value: object = text.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None

"""What one GPU holds when it serves a model: weights, KV cache, overhead. Counting alone; `fit` chooses the sizes.

All sums are in GB of 10^9 bytes and for one GPU. They follow vLLM: it takes gpu_memory_utilization of the GPU's memory,
loads the weights, measures what a full batch needs, and gives the rest to the KV cache (`vllm.v1.kv_cache_interface`).
"""

from dataclasses import dataclass
from math import ceil

from otcloud.recipe.schema.shape import Shape

VISIBLE_GIB = 0.99
"""GiB that a program sees for each GB of a memory card as nvidia-smi counts them: 79.2 of 80 (H100 and A100),
139.8 of 141 (H200), 39.4 of 40 (A100-40GB). The rest is the driver's."""

OVERHEAD_GB = 2.5
"""Activations of a batch of 8192 tokens, CUDA graphs, and what lies outside of torch. An allowance, not measured for
each model: start-up logs of vLLM give 0.9 GB (8B on an L4) to 2 GB (gpt-oss-120b on an H100)."""

COOPERATION_GB = 1.0
"""More of that where one server spans several GPUs: buffers of NCCL and of the custom all-reduce."""

BATCHED_TOKENS = 8192
"""vLLM's max_num_batched_tokens on H100 and H200; a sliding layer keeps its window and this (SlidingWindowSpec)."""

_BYTES = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0}
_NARROW = (("fp8_ds_mla", 1.15), ("fp8", 1.0), ("int8", 1.0), ("nvfp4", 0.5625), ("int4", 0.5625), ("turboquant", 1.0))
"""Bytes of one value by the beginning of the data type's name; scales of 16 values each included for 4 bits."""


@dataclass(frozen=True)
class Layout:
    """Parallel sizes, and what of the recipe weighs on memory."""

    tensor: int
    pipeline: int
    data: int
    kv_cache_dtype: str | None = None
    offload_gb: float = 0.0


def usable_gb(memory_gb: float, utilization: float) -> float:
    """What vLLM takes of a GPU whose memory nvidia-smi gives as `memory_gb` GiB."""
    return memory_gb * VISIBLE_GIB * 2**30 / 1e9 * utilization


def weights_gb(shape: Shape, layout: Layout) -> float:
    """The share of one GPU. Routed experts are divided by the data parallel replicas of one server too (vLLM makes one
    expert group of tensor x data parallel), all else by tensor x pipeline alone."""
    total, ranks = shape.weights_gb or 0.0, layout.tensor * layout.pipeline
    experts = total * shape.expert_share
    return max(0.0, (total - experts) / ranks + experts / (ranks * layout.data) - layout.offload_gb)


def overhead_gb(layout: Layout) -> float:
    """What is neither weights nor cache."""
    return OVERHEAD_GB + (COOPERATION_GB if layout.tensor * layout.pipeline * layout.data > 1 else 0.0)


def sequence_gb(shape: Shape, layout: Layout, tokens: int) -> float:
    """What one sequence of so many tokens takes of one GPU's cache. Latent attention keeps the whole on every rank."""
    value = value_bytes(layout.kv_cache_dtype, shape)
    if shape.latent_size is not None:
        token = shape.latent_size * value
    else:
        token = 2 * ceil((shape.kv_heads or 0) / layout.tensor) * (shape.head_size or 0) * value
    layers = shape.layers if shape.kv_layers is None else shape.kv_layers
    near = min(tokens, (shape.window or tokens) + BATCHED_TOKENS)
    positions = ((layers or 0) - shape.sliding_layers) * tokens + shape.sliding_layers * near
    # The fullest pipeline stage counts; layers of each kind are taken as spread evenly.
    stage = ceil((shape.layers or 1) / layout.pipeline) / (shape.layers or 1)
    return (positions * token * stage + shape.state_mb * 1e6 / layout.tensor * stage) / 1e9


def value_bytes(kv_cache_dtype: str | None, shape: Shape) -> float:
    """Bytes of one value in the cache; `auto` and names that are not known are the model's own data type."""
    name = kv_cache_dtype or "auto"
    own = _BYTES.get(name, _BYTES[shape.dtype])
    return next((size for start, size in _NARROW if name.startswith(start)), own)

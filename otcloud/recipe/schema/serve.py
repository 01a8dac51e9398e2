"""`serve`: how the model server is started. Options without a field of their own go under `vllm`."""

from typing import Annotated, Any, Literal

from pydantic import Field

from otcloud.recipe.schema.noun import Noun, Positive


class Serve(Noun):
    """How the model is served. Parallel sizes left out are planned for each candidate machine."""

    tensor_parallel: Positive | None = None
    """GPUs that share each layer."""

    pipeline_parallel: Positive | None = None
    """Groups of GPUs that hold successive layers."""

    data_parallel: Positive | None = None
    """Replicas of the model behind one endpoint."""

    expert_parallel: bool | None = None
    """Spread a mixture of experts over the GPUs."""

    max_model_len: Positive | None = None
    """Context length, in tokens."""

    max_num_seqs: Positive | None = None
    """Sequences that the server decodes at once."""

    gpu_memory_utilization: Annotated[float, Field(gt=0, le=1)] | None = None
    """Share of the GPU's memory that the server may take."""

    kv_cache_dtype: str | None = None
    """Data type of the KV cache (`fp8`, `auto`...)."""

    cpu_offload_gb: Annotated[float, Field(ge=0)] | None = None
    """GB of weights, for each GPU, that are kept in the machine's memory; slow."""

    prefix_caching: bool | None = None
    """Keep the KV cache of shared prefixes."""

    chunked_prefill: bool | None = None
    """Read long prompts piece by piece, between the steps of other answers."""

    dtype: str | None = None
    """Data type of weights and activations (`bfloat16`, `float16`...); the checkpoint's own when absent."""

    quantization: str | None = None
    """Quantization method, when the checkpoint does not say it."""

    hf_overrides: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Values that take the place of those in the model's `config.json`."""

    lora: dict[str, str] = Field(default_factory=dict[str, str])
    """LoRA adapters: the name that requests use -> a repository on the Hub, or a folder on the serving machine."""

    max_lora_rank: Positive | None = None
    """Highest rank of an adapter; 16 when absent."""

    speculative: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Speculative decoding, as vLLM's `--speculative-config`: `{method: ngram, num_speculative_tokens: 4}`..."""

    tool_call_parser: str | None = None
    """The server's parser of tool calls; the model may then choose to call tools."""

    reasoning_parser: str | None = None
    """The server's parser of thinking."""

    trust_remote_code: bool = False
    """Run Python code that comes with the model repository."""

    device: Literal["auto", "cpu"] = "auto"
    """`cpu` serves without a GPU, slowly; the KV cache's GB are then `env: {VLLM_CPU_KVCACHE_SPACE: 4}`."""

    ready_timeout_min: Annotated[float, Field(gt=0)] | None = None
    """Minutes until the server must have answered its first completion; 60 when absent. With engine `api` also the
    longest time for which the endpoint may fail during a run; 5 when absent."""

    max_restarts: Annotated[int, Field(ge=0)] = 3
    """Times a server that died is started again."""

    expose: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Port to open beyond 127.0.0.1; needs the run's key."""

    public_url: str | None = None
    """URL under which sandboxes reach the server, for agents that run inside them."""

    cache: str | None = None
    """Disk, volume or bucket that keeps model weights beyond the machine."""

    vllm: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Any other option of `vllm serve`, by its name, with `-` or `_`: switches as true or false, lists as lists, JSON
    as mappings; null leaves it out. An option that has a field of its own is refused here."""

    env: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Environment variables of the server (`VLLM_USE_DEEP_GEMM: 0`); true and false become 1 and 0. Never a secret."""

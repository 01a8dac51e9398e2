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

    prefix_caching: bool | None = None
    """Keep the KV cache of shared prefixes."""

    quantization: str | None = None
    """Quantization method, when the checkpoint does not say it."""

    tool_call_parser: str | None = None
    """The server's parser of tool calls."""

    reasoning_parser: str | None = None
    """The server's parser of thinking."""

    trust_remote_code: bool = False
    """Run Python code that comes with the model repository."""

    device: Literal["auto", "cpu"] = "auto"
    """`cpu` serves without a GPU, slowly."""

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
    """Any other option of `vllm serve`, by its name."""

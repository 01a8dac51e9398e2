"""What a version of vLLM takes on its command line: which options there are, what each takes, who sets it.

Data and questions about it, asked where a recipe is read, where another system's file is read, and where the command
line is written. What vLLM makes of the content of a JSON option is its own to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from otcloud.recipe import vllm_0_32_0

DEFAULT_VLLM = "0.32.0"
"""The version that a recipe gets that names none."""

_TABLES = {"0.32.0": vllm_0_32_0}

VLLM_VERSIONS = tuple(_TABLES)
"""The versions whose options are known."""


@dataclass(frozen=True)
class Option:
    """An option by its name with underscores; `choices` is empty where any value of the kind goes.

    Kinds: `switch` (on or off), `flag` (on or absent), `whole`, `number`, `size` (12, 16k, 2M), `text`, `json`,
    `config` (JSON that vLLM checks further), `json or text`, lists (`texts`, `wholes`), and `repeat` (given again for
    each value).
    """

    name: str
    kind: str
    choices: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        """As it stands on the command line."""
        return "--" + self.name.replace("_", "-")


FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "model": "model.id",
        "served_model_name": "model.served_name",
        "revision": "model.revision",
        "tensor_parallel_size": "serve.tensor_parallel",
        "pipeline_parallel_size": "serve.pipeline_parallel",
        "data_parallel_size": "serve.data_parallel",
        "enable_expert_parallel": "serve.expert_parallel",
        "max_model_len": "serve.max_model_len",
        "max_num_seqs": "serve.max_num_seqs",
        "gpu_memory_utilization": "serve.gpu_memory_utilization",
        "kv_cache_dtype": "serve.kv_cache_dtype",
        "cpu_offload_gb": "serve.cpu_offload_gb",
        "enable_prefix_caching": "serve.prefix_caching",
        "enable_chunked_prefill": "serve.chunked_prefill",
        "dtype": "serve.dtype",
        "quantization": "serve.quantization",
        "hf_overrides": "serve.hf_overrides",
        "tool_call_parser": "serve.tool_call_parser",
        "reasoning_parser": "serve.reasoning_parser",
        "speculative_config": "serve.speculative",
        "lora_modules": "serve.lora",
        "max_lora_rank": "serve.max_lora_rank",
        "trust_remote_code": "serve.trust_remote_code",
    }
)
"""Options that have a field of their own in a recipe, in the order in which a command line shows them."""

_WHERE = "otcloud chooses where the server listens (serve.expose opens a port)"
_PLAIN = "otcloud asks the server over plain HTTP, on the machine itself"
_PLACED = "otcloud places the server's processes (compute.nodes, serve.data_parallel)"
OWNED: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("host", "port", "uds", "root_path"), _WHERE),
        **dict.fromkeys(("grpc", "grpc_port", "enable_ssl_refresh", "ssl_ca_certs", "ssl_cert_reqs"), _PLAIN),
        **dict.fromkeys(("ssl_certfile", "ssl_ciphers", "ssl_keyfile"), _PLAIN),
        **dict.fromkeys(("headless", "nnodes", "node_rank", "master_addr", "master_port"), _PLACED),
        **dict.fromkeys(("data_parallel_rank", "data_parallel_start_rank", "data_parallel_size_local"), _PLACED),
        **dict.fromkeys(("data_parallel_address", "data_parallel_rpc_port", "data_parallel_supervisor_port"), _PLACED),
        **dict.fromkeys(("data_parallel_hybrid_lb", "data_parallel_external_lb"), _PLACED),
        "data_parallel_multi_port_external_lb": _PLACED,
        "api_key": "every run has a key of its own, which never stands on a command line",
        "distributed_executor_backend": "otcloud chooses it: Ray where a model spans machines",
        "hf_token": "a secret never stands on a command line: name it (`secrets: [HF_TOKEN]`)",
        "config": "its options would go past the recipe: write them under serve.vllm",
        "enable_auto_tool_choice": "it follows from serve.tool_call_parser",
        "enable_lora": "it follows from serve.lora",
    }
)
"""Options that a recipe cannot set, and why."""

GONE: Mapping[str, str] = MappingProxyType(
    {
        "swap_space": "requests that do not fit are computed again instead of swapped out",
        "max_seq_len_to_capture": "`max_cudagraph_capture_size` under serve.vllm takes its place",
        "disable_log_requests": "requests are not logged unless `enable_log_requests` asks for it",
        "disable_log_request": "requests are not logged unless `enable_log_requests` asks for it",
        "max_num_partial_prefills": "the scheduler decides it by itself",
        "max_long_partial_prefills": "the scheduler decides it by itself",
        "enable_reasoning": "serve.reasoning_parser is enough",
        "num_scheduler_steps": "the scheduler decides it by itself",
        "use_v2_block_manager": "there is one block manager",
        "task": "`runner` under serve.vllm takes its place",
        "rope_scaling": "serve.hf_overrides takes its place",
        "rope_theta": "serve.hf_overrides takes its place",
        "guided_decoding_backend": "`structured_outputs_config` under serve.vllm takes its place",
        "speculative_model": "serve.speculative takes its place",
        "num_speculative_tokens": "serve.speculative takes its place",
        "worker_use_ray": "otcloud starts Ray where a model spans machines",
        "device": "serve.device takes its place",
    }
)
"""Options that earlier versions had, and what to know instead; none of them is in a table."""

FALLEN: Mapping[tuple[str, str], str] = MappingProxyType(
    {("all2all_backend", value): "takes `allgather_reducescatter` instead" for value in ("pplx", "naive")}
)
"""Values that the parser still accepts and the server no longer has, and what it does then (vllm's config/parallel)."""


def known(name: str, version: str = DEFAULT_VLLM) -> Option | None:
    """The option of that name, written in any way: `max_num_seqs`, `max-num-seqs`, `--max-num-seqs`, `-tp`.

    None for one that the version does not have. Error: KeyError for a version that is not in VLLM_VERSIONS.
    """
    found = options(version)
    aliases = _TABLES[version].ALIASES
    plain = name.strip().lstrip("-").replace("-", "_")
    return found.get(aliases.get(name.strip()) or aliases.get(plain) or plain)


@cache
def options(version: str = DEFAULT_VLLM) -> Mapping[str, Option]:
    """Every option of a version by its name with underscores."""
    table = _TABLES[version]
    choices = {name: tuple(text.split()) for name, text in table.CHOICES.items()}
    kinds = {name: kind for kind, text in table.OPTIONS.items() for name in text.split()}
    return MappingProxyType({name: Option(name, kinds[name], choices.get(name, ())) for name in sorted(kinds)})


def missing(name: str, version: str = DEFAULT_VLLM) -> str:
    """What to say of an option that a version does not have: `vLLM 0.32.0 has no such option: ...`."""
    gone = GONE.get(name.strip().lstrip("-").replace("-", "_"))
    return f"vLLM {version} has no such option" + (f": {gone}" if gone else "")

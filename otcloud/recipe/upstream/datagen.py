"""A datagen file (engine, backend, vllm_server) -> a layer of a recipe.

What it says twice (parallel sizes, the model) is taken once: the server's own section holds.
"""

from collections.abc import Mapping
from dataclasses import replace

from otcloud.recipe.api_providers import provider_of
from otcloud.recipe.merge import overlay
from otcloud.recipe.suggest import nearest
from otcloud.recipe.upstream.agent import read_arguments
from otcloud.recipe.upstream.options import option, read_extra, served_name, state_once
from otcloud.recipe.upstream.reading import Reading, is_placeholder
from otcloud.recipe.upstream.rules import Rule, Rules, dropped, idle, inside, read, to
from otcloud.recipe.vllm_options import FIELDS, OWNED, missing
from otcloud.recipe.written import Written, write

_ENDPOINT = "otcloud keeps the server's address itself, and nobody reads it before the server has answered"
_PORT = "free ports are taken"
_ATTEMPTS, _DELAY_SEC = 100, 30

PROVIDERS: Mapping[str, str] = {
    "openai": "openai",
    "anthropic": "anthropic",
    "gemini_openai": "gemini",
    "google_gemini": "gemini",
    "none": "",
}
"""Engine types that boot no server -> the provider that a bare model name belongs to."""

ENGINES = ("vllm_local", *PROVIDERS)
BACKENDS = ("vllm", "ray", "none")


def read_model(reading: Reading, written: Written, key: str) -> None:
    """The id of a model; a placeholder is what the command line gives."""
    text = reading.text(written, key)
    if text and not is_placeholder(text):
        state_once(reading, "model.id", written, key)


def _params(reading: Reading, written: Written, key: str) -> None:
    for name, child in reading.mapping(written, key).items():
        if child.empty:
            continue
        if name in ("max_tokens", "max_completion_tokens"):
            state_once(reading, "model.max_output_tokens", child, f"{key}.{name}")
        elif name in ("timeout", "request_timeout"):
            reading.state("model.request_timeout_sec", child)
        else:
            reading.state_key(("model", "sampling", name), child)


def _base_url(reading: Reading, written: Written, key: str) -> None:
    if not is_placeholder(reading.text(written, key)):
        reading.state("model.base_url", written)


_API: Rules = {
    "api_key_env": to("model.api_key"),
    "api_key": Rule(why="keys are named, not written (model.api_key)"),
    "base_url": read(_base_url, "model.base_url"),
    "api_base": read(_base_url, "model.base_url"),
    "model_name": read(read_model, "model.id"),
    "max_output_tokens": to("model.max_output_tokens"),
    "request_params": read(_params, "model.sampling"),
    "endpoint_json": idle(_ENDPOINT),
    "endpoint_json_path": idle(_ENDPOINT),
}


def _engine(reading: Reading, written: Written, key: str) -> None:
    _one_of(reading, written, key, ENGINES)
    local = reading.text(written, key) == "vllm_local"
    reading.state("model.engine", write("vllm" if local else "api", written.line))


def _backend(reading: Reading, written: Written, key: str) -> None:
    _one_of(reading, written, key, BACKENDS)
    engine = reading.stated("model.engine")
    if reading.text(written, key) == "none" and (engine is None or engine.value == "vllm"):
        told = "names no server, and model.engine vllm boots one; for one that is up: model.engine api, model.base_url"
        reading.warn(written, key, told)


def _one_of(reading: Reading, written: Written, key: str, choices: tuple[str, ...]) -> None:
    text = reading.text(written, key)
    if text and text not in choices:
        near = nearest(text, choices, cutoff=0.5)
        told = f"must be one of {', '.join(choices)}"
        reading.refuse(written, key, f"{told}; did you mean {near}?" if near else told)


def _replicas(reading: Reading, written: Written, key: str) -> None:
    count = reading.number(written, key)
    if count is None or count == 1:
        return
    stated = reading.stated("serve.data_parallel")
    if stated is None or stated.value == 1:
        reading.warn(written, key, "becomes serve.data_parallel: one endpoint for all replicas")
        reading.state("serve.data_parallel", written)
    else:
        reading.drop(written, key, "serve.data_parallel already says how many replicas there are")


def _attempts(reading: Reading, written: Written, key: str) -> None:
    _ready(reading, written, reading.number(written, key), None)


def _delay(reading: Reading, written: Written, key: str) -> None:
    _ready(reading, written, None, reading.number(written, key))


def _ready(reading: Reading, written: Written, attempts: float | None, delay: float | None) -> None:
    """Attempts times delay. What comes second multiplies what the first made with the other's default."""
    if attempts is None and delay is None:
        return
    before = reading.stated("serve.ready_timeout_min")
    if delay is not None and before is not None and isinstance(before.value, int | float):
        minutes = before.value * delay / _DELAY_SEC
    else:
        minutes = (attempts or _ATTEMPTS) * (delay or _DELAY_SEC) / 60
    if minutes > 0:
        reading.state("serve.ready_timeout_min", write(round(minutes, 4), written.line))


ENGINE: Rules = {
    "type": read(_engine, "model.engine", "vllm_local boots a server (`vllm`), all others boot none (`api`)"),
    "model": read(read_model, "model.id", "a placeholder is replaced by --model"),
    "max_output_tokens": to("model.max_output_tokens"),
    "healthcheck_interval": idle("otcloud watches the server all the time"),
    "request_params": read(_params, "model.sampling", "max_tokens and timeout have fields of their own"),
    "extra_args": read(read_extra, "serve.vllm"),
    **{name: inside(_API) for name in ENGINES},
}

BACKEND: Rules = {
    "type": read(_backend, "", "otcloud boots the server, and Ray where a model spans machines"),
    "wait_for_endpoint": idle("ready means that the server has answered"),
    "endpoint_json_path": idle(_ENDPOINT),
    "ray_port": idle(_PORT),
    "api_port": idle(_PORT),
    "tensor_parallel_size": read(option("tensor_parallel_size"), "serve.tensor_parallel"),
    "pipeline_parallel_size": read(option("pipeline_parallel_size"), "serve.pipeline_parallel"),
    "data_parallel_size": read(option("data_parallel_size"), "serve.data_parallel"),
    "ray_cgraph_submit_timeout": to("serve.env.RAY_CGRAPH_submit_timeout"),
    "ray_cgraph_get_timeout": to("serve.env.RAY_CGRAPH_get_timeout"),
    "ray_cgraph_max_inflight_executions": to("serve.env.RAY_CGRAPH_max_inflight_executions"),
    "healthcheck_max_attempts": read(_attempts, "serve.ready_timeout_min", "attempts x delay, in minutes"),
    "healthcheck_retry_delay": read(_delay, "serve.ready_timeout_min", "attempts x delay, in minutes"),
}

SERVER: Rules = {
    "model_path": read(read_model, "model.id", "a placeholder is replaced by --model"),
    "custom_model_name": read(served_name, "model.served_name"),
    **{
        name: Rule(to=FIELDS.get(name, "serve.vllm"), read=option(name))
        for name in (
            *("tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size", "enable_expert_parallel"),
            *("max_model_len", "max_num_seqs", "gpu_memory_utilization", "kv_cache_dtype", "enable_prefix_caching"),
            *("quantization", "trust_remote_code", "tool_call_parser", "reasoning_parser", "dtype", "hf_overrides"),
            *("cpu_offload_gb", "kv_offloading_size", "kv_offloading_backend", "max_num_batched_tokens", "seed"),
        )
    },
    **{
        name: Rule(why=missing(name), read=option(name))
        for name in ("swap_space", "max_seq_len_to_capture", "disable_log_requests")
    },
    "enable_auto_tool_choice": Rule(why=OWNED["enable_auto_tool_choice"], read=option("enable_auto_tool_choice")),
    "num_replicas": read(_replicas, "serve.data_parallel", "more than one"),
    "time_limit": dropped("it is Slurm's limit of the server; limits.max_hours (--max-hours) is the run's"),
    "logging_level": to("serve.env.VLLM_LOGGING_LEVEL"),
    "use_deep_gemm": to("serve.env.VLLM_USE_DEEP_GEMM"),
    "endpoint_json_path": idle(_ENDPOINT),
    "extra_args": read(read_extra, "serve.vllm", "options with a field go there; shell words, a list or a mapping"),
}

DATAGEN: Rules = {
    "engine": inside(ENGINE),
    "backend": inside(BACKEND),
    "vllm_server": inside(SERVER),
    "extra_agent_kwargs": Rule(to="agent.kwargs", why="above the Harbor file's, below --agent-kwarg"),
    "chunk_array_max": idle("otcloud splits a run into jobs itself"),
}
"""Every field."""

MARKS = ("engine", "backend", "vllm_server", "extra_agent_kwargs", "chunk_array_max")
"""Top-level keys by which a datagen file is recognised."""


def read_datagen(reading: Reading, content: Mapping[str, Written], agent: str | None) -> None:
    """Read a datagen file; `agent` is who its `extra_agent_kwargs` are for."""
    kwargs = content.get("extra_agent_kwargs")
    reading.walk({name: child for name, child in content.items() if name != "extra_agent_kwargs"}, DATAGEN)
    if kwargs is not None and not kwargs.empty:
        read_arguments(reading, kwargs, "extra_agent_kwargs", agent)
    _name_provider(reading, content)


def _name_provider(reading: Reading, content: Mapping[str, Written]) -> None:
    """Put the engine's provider before a bare name of a model; an endpoint with an address has names of its own."""
    engine = content.get("engine")
    named = engine.content.get("type") if engine is not None and isinstance(engine.content, Mapping) else None
    provider = PROVIDERS.get(str(named.value), "") if named is not None else ""
    model = reading.stated("model.id")
    if not provider or model is None or reading.stated("model.base_url") is not None:
        return
    name = str(model.value)
    if provider_of(name) is None:
        overlay(reading.layer, {("model", "id"): replace(model, value=f"{provider}/{name}")})

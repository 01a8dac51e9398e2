"""vLLM's options for one candidate, and the command line that they make. Pure.

Options come from the recipe's own fields, from the sizes that fit the candidate, and from `serve.vllm`. Where the
server listens, and the key that it asks for, are the node's to add.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from otcloud.plan.fit import Sizes
from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.serve import Serve
from otcloud.recipe.vllm_options import DEFAULT_VLLM, FIELDS, Option, known
from otcloud.recipe.vllm_values import settled


def vllm_version(recipe: Recipe) -> str:
    """The version of vLLM that serves a recipe."""
    return recipe.programs.vllm or DEFAULT_VLLM


def vllm_options(recipe: Recipe, sizes: Sizes | None) -> dict[str, Any]:
    """The options by their names with underscores: those with fields in the order of FIELDS, then `serve.vllm`'s.

    `sizes` None: the recipe's own. Model and served name stand elsewhere. Expects a recipe that was checked.
    """
    found = {name: value for name, value in _stated(recipe, sizes).items() if value is not None and value != {}}
    others: dict[str, Any] = {}
    for name, value in recipe.serve.vllm.items():
        option = known(name, vllm_version(recipe))
        if option is not None and value is not None:
            others[option.name] = settled(option, value)
    return found | dict(sorted(others.items()))


def vllm_argv(options: Mapping[str, Any], version: str = DEFAULT_VLLM) -> tuple[str, ...]:
    """What follows `vllm serve MODEL`. Error: KeyError for an option that the version does not have."""
    words: list[str] = []
    for name, value in options.items():
        option = known(name, version)
        if option is None:
            raise KeyError(name)
        words += _words(option, value)
    return tuple(words)


def environment(serve: Serve) -> dict[str, str]:
    """The variables that a recipe gives its server, as texts."""
    return {name: _text(value) for name, value in serve.env.items() if value is not None}


def _stated(recipe: Recipe, sizes: Sizes | None) -> dict[str, Any]:
    serve = recipe.serve
    wanted: dict[str, Any] = {
        **_fields(serve),
        "revision": recipe.model.revision,
        "trust_remote_code": serve.trust_remote_code or None,
        "lora_modules": [_adapter(name, path) for name, path in serve.lora.items()] or None,
        "enable_lora": True if serve.lora else None,
        # The parser only reads calls that the model may choose to make.
        "enable_auto_tool_choice": True if serve.tool_call_parser else None,
        **(_sizes(sizes) if sizes is not None else {}),
    }
    if serve.device == "cpu":
        # The share of a GPU's memory; on the CPU vLLM would take it of the machine's, sandboxes and all.
        wanted["gpu_memory_utilization"] = None
    order = [*FIELDS, "enable_auto_tool_choice", "enable_lora"]
    return {name: wanted[name] for name in order if name in wanted}


def _fields(serve: Serve) -> dict[str, Any]:
    """What stands in fields of `serve` with the name that FIELDS gives them."""
    keys = {name: key.removeprefix("serve.") for name, key in FIELDS.items() if key.startswith("serve.")}
    return {name: getattr(serve, key) for name, key in keys.items()}


def _sizes(sizes: Sizes) -> dict[str, Any]:
    return {
        "tensor_parallel_size": sizes.tensor,
        "pipeline_parallel_size": sizes.pipeline if sizes.pipeline > 1 else None,
        "data_parallel_size": sizes.data if sizes.data > 1 else None,
        "max_model_len": sizes.max_model_len,
        "max_num_seqs": sizes.max_num_seqs,
        "gpu_memory_utilization": sizes.gpu_memory_utilization,
        "kv_cache_dtype": sizes.kv_cache_dtype,
    }


def _adapter(name: str, path: str) -> str:
    return _json({"name": name, "path": path})


def _words(option: Option, value: Any) -> Iterator[str]:
    """An option on the command line. `--name=value`, because a value of its own may look like an option."""
    if option.kind in ("switch", "flag"):
        if value or option.kind == "switch":
            yield option.flag if value else option.flag.replace("--", "--no-", 1)
    elif option.kind == "repeat":
        yield from (f"{option.flag}={item}" for item in cast("list[object]", value))
    elif option.kind in ("texts", "wholes"):
        yield option.flag
        yield from (str(item) for item in cast("list[object]", value))
    else:
        yield f"{option.flag}={_text(value)}"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) else _json(value)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)

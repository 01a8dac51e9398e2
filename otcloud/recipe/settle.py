"""What the merged values settle among themselves: an engine that the model's name tells, sizes that must fit."""

import re
from dataclasses import replace

from otcloud.recipe.api_providers import provider_of
from otcloud.recipe.layer import Layer, Stated

_ID, _ENGINE, _URL = ("model", "id"), ("model", "engine"), ("model", "base_url")
_INPUT, _OUTPUT = ("model", "max_input_tokens"), ("model", "max_output_tokens")
_CONTEXT = ("serve", "max_model_len")
_AGENTS_INPUT = ("agent", "kwargs", "model_info", "max_input_tokens")
BY_NAME = "the model's name"
"""Where an engine comes from that nothing states."""

_OPEN_WEIGHTS = ("gpt-oss",)
"""Names that begin like a provider's models and are weights for everybody."""

_OF_A_PROVIDER = re.compile(r"anthropic/claude|gemini/gemini|openai/(?:gpt-\d|o\d|chatgpt)")
"""The same behind the provider's name, as litellm has it: under these names nobody publishes weights."""


def settle_model(stated: Layer) -> None:
    """A provider's model (`claude-...`, `gpt-...`, `anthropic/...`) means engine `api`, where none is stated.

    litellm knows Gemini's models by their provider alone, so it is put before the name.
    """
    model = stated.get(_ID)
    if model is None or not isinstance(model.value, str):
        return
    name = model.value
    gemini = name.startswith("gemini-")
    bare = "/" not in name and not name.startswith(_OPEN_WEIGHTS) and (gemini or provider_of(name) is not None)
    engine = stated.get(_ENGINE)
    if (bare or _OF_A_PROVIDER.match(name)) and (engine is None or engine.value is None):
        stated[_ENGINE] = Stated("api", BY_NAME)
    engine = stated.get(_ENGINE)
    url = stated.get(_URL)
    if gemini and engine is not None and engine.value == "api" and (url is None or url.value is None):
        stated[_ID] = replace(model, value=f"gemini/{name}")


def settle_sizes(stated: Layer, named_context: int | None = None) -> list[str]:
    """Cap the longest prompt so that it and the longest answer fit the context; warnings say so.

    `named_context` is the context in a file's name, for where no `serve.max_model_len` is stated.
    """
    context, told = _whole(stated, _CONTEXT), "serve.max_model_len"
    engine = stated.get(_ENGINE)
    if context is None and (engine is None or engine.value == "vllm"):
        context, told = named_context, "the file's name"
    output = _whole(stated, _OUTPUT)
    if context is None or context < 2:
        return []
    if output is not None and output >= context:
        if told != "serve.max_model_len":
            return []
        gone = stated.pop(_OUTPUT)
        return [
            f"model.max_output_tokens {output} ({gone.origin}) is left out: the whole context is {context} ({told})",
            *_capped(stated, context, 0, told),
        ]
    return _capped(stated, context, output or 0, told)


def _capped(stated: Layer, context: int, output: int, told: str) -> list[str]:
    warnings: list[str] = []
    for key in (_INPUT, _AGENTS_INPUT):
        most = _whole(stated, key)
        if most is None or most + output <= context:
            continue
        before = stated[key]
        stated[key] = replace(before, value=max(context - output, 1))
        if not warnings:
            warnings.append(
                f"model.max_input_tokens {most} ({before.origin}) and max_output_tokens {output} are more than the "
                f"context of {context} ({told}): the input is capped at {max(context - output, 1)}"
            )
    return warnings


def _whole(stated: Layer, key: tuple[str, ...]) -> int | None:
    found = stated.get(key)
    value = found.value if found is not None else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None

"""What is wrong with how a recipe has vLLM started: options that its version does not have, or that are not its to set.

Asked only where vLLM serves the model.
"""

import re
from collections.abc import Iterator

from otcloud.recipe.problems import Problem, shown
from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.serve import Serve
from otcloud.recipe.suggest import nearest
from otcloud.recipe.vllm_options import (
    DEFAULT_VLLM,
    FIELDS,
    GONE,
    OWNED,
    VLLM_VERSIONS,
    Option,
    known,
    missing,
    options,
)
from otcloud.recipe.vllm_values import fallen, fault, settled

_PLUGINS = {"tool_call_parser": "tool_parser_plugin", "reasoning_parser": "reasoning_parser_plugin"}
"""Options whose names a plug-in, named by another option, may add to."""

_SECRET = re.compile(r"(?:.*_)?(?:API)?(?:KEYS?|TOKENS?|SECRETS?|PASSWORD|CREDENTIALS?)(?:_.*)?\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}\Z")


def check_serve(recipe: Recipe) -> Iterator[Problem]:
    """Problems of the server's options, by key path, without a place. Pure."""
    version = recipe.programs.vllm or DEFAULT_VLLM
    if version not in VLLM_VERSIONS:
        told = f"{shown(version)} is not a version of vLLM that this otcloud knows"
        yield Problem("", "programs.vllm", told, do=f"take one of: {', '.join(VLLM_VERSIONS)}")
        return
    yield from _fields(recipe, version)
    yield from _others(recipe.serve, version)
    yield from _environment(recipe.serve)
    if recipe.serve.max_lora_rank is not None and not recipe.serve.lora:
        yield Problem("", "serve.max_lora_rank", "goes with serve.lora, which is not given")


def _fields(recipe: Recipe, version: str) -> Iterator[Problem]:
    """The values of fields for which vLLM has a list, and the JSON of others."""
    stated = {key: getattr(recipe.serve, key.partition(".")[2]) for key in FIELDS.values() if key.startswith("serve.")}
    given = {known(name, version) for name in recipe.serve.vllm}
    for name, key in FIELDS.items():
        option, value = known(name, version), stated.get(key)
        if option is None or value is None or key == "serve.lora":
            continue
        if name in _PLUGINS and known(_PLUGINS[name], version) in given:
            continue
        yield from _value(option, value, key, version)


def _others(serve: Serve, version: str) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for name, value in serve.vllm.items():
        key = f"serve.vllm.{name}"
        option = known(name, version)
        if option is None:
            yield _unknown(name, value, version)
        elif option.name in seen:
            yield Problem("", key, f"is the option that serve.vllm.{seen[option.name]} gives already")
        elif option.name in FIELDS:
            yield Problem("", key, f"has a field of its own: write {FIELDS[option.name]} instead")
        elif option.name in OWNED:
            yield Problem("", key, f"is not for a recipe to set: {OWNED[option.name]}")
        elif value is not None:
            yield from _value(option, settled(option, value), key, version)
        if option is not None:
            seen.setdefault(option.name, name)


def _value(option: Option, value: object, key: str, version: str) -> Iterator[Problem]:
    wrong = fault(option, value)
    if wrong and option.choices and isinstance(value, str):
        close = nearest(value, option.choices, cutoff=0.5)
        do = "" if close else f"{option.flag} takes one of: {', '.join(option.choices)}"
        yield Problem("", key, f"vLLM {version} has no {shown(value)} here", close, do=do)
    elif wrong:
        yield Problem("", key, f"{wrong}, not {shown(value)}")
    elif told := fallen(option, value, version):
        yield Problem("", key, told)


def _unknown(name: str, value: object, version: str) -> Problem:
    key, told = f"serve.vllm.{name}", missing(name, version)
    plain = name.replace("-", "_")
    positive = known(plain.removeprefix("no_"), version) if plain.startswith("no_") else None
    if positive is not None and isinstance(value, bool):
        return Problem("", key, told, f"`{FIELDS.get(positive.name, positive.name)}: {str(not value).lower()}`")
    above, dot, below = plain.partition(".")
    if dot and known(above, version) is not None:
        return Problem("", key, "is written as a mapping", f"`{above}: {{{below}: ...}}`")
    if plain in GONE:
        return Problem("", key, told)
    close = nearest(plain, options(version)).strip("`")
    suggestion = f"`{FIELDS.get(close, f'serve.vllm.{close}')}`" if close else ""
    do = "" if close else f"`vllm serve --help=all` lists the options of {version}"
    return Problem("", key, told, suggestion, do=do)


def _environment(serve: Serve) -> Iterator[Problem]:
    for name, value in serve.env.items():
        key = f"serve.env.{name}"
        if not _VARIABLE.match(name):
            yield Problem("", key, "must be the name of an environment variable, such as `VLLM_LOGGING_LEVEL`")
        elif _SECRET.match(name.upper()):
            yield Problem("", key, "sounds like a secret; secrets are named, not written (`secrets: [NAME]`)")
        elif value is not None and not isinstance(value, str | int | float):
            yield Problem("", key, f"must be a text, a number, or true or false, not {shown(value)}")

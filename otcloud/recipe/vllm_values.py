"""Values of vLLM's options: whether one is of the kind that its option takes, and one that the server no longer has.

A fault is said in words; what is wrong inside a JSON value is vLLM's to say.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, cast

from otcloud.recipe.vllm_options import DEFAULT_VLLM, FALLEN, Option

_SIZE = re.compile(r"[0-9]{1,15}|[0-9]{1,15}(\.[0-9]{1,15})?[kmgt]|[0-9]{1,15}[KMGT]")
_MOST_PARTS = 400
"""Mappings and lists in one JSON text: nested deeper than that, Python could not walk through them."""

_WANTED = {
    "switch": "true or false",
    "flag": "true or false",
    "whole": "a whole number",
    "number": "a number",
    "size": "a whole number, or one such as 16k",
    "text": "a text",
    "json": "a mapping or a list",
    "config": "a mapping",
    "json or text": "a mapping or a text",
    "texts": "a list of texts",
    "wholes": "a list of whole numbers",
    "repeat": "a list of texts",
}


def settled(option: Option, value: object) -> Any:
    """A value in the one form that the command line is written from: JSON texts read, single values of lists as lists.

    Whatever is wrong with it stays as it is; `fault` tells it.
    """
    if option.kind in ("json", "config", "json or text") and isinstance(value, str):
        return _read_json(value, option.kind)
    if option.kind in ("texts", "wholes", "repeat") and isinstance(value, str | int | float):
        return [value]
    return value


def fault(option: Option, value: object) -> str:
    """What is wrong with a value, after `settled`, as the end of a sentence (`must be a number`); empty when nothing.

    The value is of plain data: texts, numbers, switches, lists and mappings.
    """
    if not _finite(value):
        return "must be a finite number"
    if not _fits(option.kind, value):
        return f"must be {_WANTED[option.kind]}"
    items = cast("list[object]", value) if isinstance(value, list) else [value]
    if option.kind in ("texts", "wholes", "repeat") and not items:
        return "must not be an empty list"
    if option.kind in ("texts", "wholes") and any(str(item).startswith("-") for item in items):
        return "holds a value that begins with `-`, which vLLM's command line cannot tell from an option"
    odd = [str(item) for item in items if option.choices and str(item) not in option.choices]
    return f"must be one of {', '.join(option.choices)}" if odd else ""


def fallen(option: Option, value: object, version: str = DEFAULT_VLLM) -> str:
    """What becomes of a value that the parser accepts and the server no longer has; empty for all others."""
    instead = FALLEN.get((option.name, str(value)))
    return f"vLLM {version} no longer has `{value}` and {instead}" if instead else ""


def _read_json(text: str, kind: str) -> Any:
    plain = kind == "json or text" and not text.lstrip().startswith("{")
    if plain or text.count("[") + text.count("{") > _MOST_PARTS:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text  # `fault` tells that it is no mapping


def _fits(kind: str, value: object) -> bool:
    if kind in ("switch", "flag"):
        return isinstance(value, bool)
    if isinstance(value, bool):
        return False
    if kind in ("texts", "wholes", "repeat"):
        one = "whole" if kind == "wholes" else "text"
        return isinstance(value, list) and all(_fits(one, item) for item in cast("list[object]", value))
    if kind == "size":
        return (isinstance(value, int) and value >= 0) or (isinstance(value, str) and bool(_SIZE.fullmatch(value)))
    wanted: dict[str, tuple[type, ...]] = {
        "whole": (int,),
        "number": (int, float),
        "text": (str, int, float),
        "json": (Mapping, list),
        "config": (Mapping,),
        "json or text": (Mapping, str),
    }
    return isinstance(value, wanted[kind])


def _finite(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Mapping):
        return all(_finite(each) for each in cast("Mapping[object, object]", value).values())
    return not isinstance(value, list) or all(_finite(each) for each in cast("list[object]", value))

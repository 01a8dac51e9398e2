"""Looking things up in JSON that others wrote: every accessor gives a value of the asked kind, or nothing.

Pure. Foreign JSON may hold anything anywhere; what has the wrong shape counts as missing.
"""

import json
import math
from collections.abc import Iterator
from typing import cast

from otcloud.trials.text import whole

type Json = dict[str, object]

_LARGEST_COUNT = 2**53
"""Beyond this a count is damage, not data."""


def parse(data: bytes | None) -> object:
    """The JSON document; None for nothing and for what is no JSON."""
    if not data:
        return None
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        # Torn, not UTF-8, digits without end, nesting without end: no document.
        return None


def mapping(value: object, *path: str) -> Json:
    """The object at this path below `value`; empty when there is none."""
    for key in path:
        value = cast(Json, value).get(key) if isinstance(value, dict) else None
    return cast(Json, value) if isinstance(value, dict) else {}


def mappings(value: object) -> Iterator[Json]:
    """The objects of a list; what is no object is left out."""
    for each in cast(list[object], value) if isinstance(value, list) else ():
        if isinstance(each, dict):
            yield cast(Json, each)


def text(value: object) -> str:
    """The string, repaired; empty when it is none."""
    return whole(value) if isinstance(value, str) else ""


def count(value: object) -> int | None:
    """A number of things; None for what is no whole number from 0 on."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= _LARGEST_COUNT else None


def number(value: object) -> float | None:
    """A finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        # A whole number that no float can hold.
        return None

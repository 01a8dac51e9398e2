"""A recipe as YAML that reads back to the same recipe, each value with the place that stated it as a comment."""

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from otcloud.recipe.fields import dotted, fields
from otcloud.recipe.load import Loaded
from otcloud.recipe.written import plain_value

_PLAIN = re.compile(r"[A-Za-z_/][\w./@+-]*(:[\w./@+-]+)*\Z", re.ASCII)


def to_yaml(loaded: Loaded, *, defaults: bool = False) -> str:
    """What was stated, in the schema's order; with `defaults` every other field too, marked `default`."""
    document = loaded.recipe.model_dump(mode="python")
    lines = list(_mapping(document, (), loaded.origins, defaults))
    return "\n".join(lines) + "\n"


def _mapping(
    content: Mapping[str, object], above: tuple[str, ...], origins: Mapping[str, str], defaults: bool
) -> Iterator[str]:
    for name, value in content.items():
        key = (*above, name)
        origin = origins.get(dotted(key))
        start = f"{'  ' * len(above)}{scalar(name)}:"
        inner = cast("dict[str, object]", value) if isinstance(value, dict) else {}
        if inner and origin is None:
            lines = list(_mapping(inner, key, origins, defaults))
            yield from [start, *lines] if lines else []
        elif origin is not None:
            # An empty mapping states nothing; what takes it back to empty is written `null`.
            shown = "null" if value == {} and key in fields() else flow(value)
            yield f"{start} {shown}  # {_comment(origin)}"
        elif defaults:
            yield f"{start} {flow(value)}  # default"


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, dict):
        items = cast("dict[str, object]", value).items()
        return "{" + ", ".join(f"{scalar(name)}: {flow(each)}" for name, each in items) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(each) for each in cast("list[object]", value)) + "]"
    return scalar(value)


def scalar(value: object) -> str:
    """A single value, quoted where it would else be read as something other than this text."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else f"{'-' if value < 0 else ''}.inf"
    if isinstance(value, int | float):
        return repr(value)
    text = str(value) if isinstance(value, Path) else cast(str, value)
    if _PLAIN.match(text) and plain_value(text) == text and text.lower() not in _OLD_SWITCHES:
        return text
    return _quoted(text)


_OLD_SWITCHES = frozenset(("y", "n", "yes", "no", "on", "off"))
"""Read as switches by YAML 1.1; quoted for other programs' sake."""


def _quoted(text: str) -> str:
    import yaml

    return yaml.safe_dump(text, default_style='"', width=math.inf, allow_unicode=True).strip()


def _comment(origin: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in origin)

"""The recipe's fields as one flat table, read off the schema: key path -> shape, choices, default, description.

What needs to know what may stand where (reading, flags, suggestions, the reference page) asks this table.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.noun import Form

type Key = tuple[str, ...]
"""A key path: `("trials", "concurrency")`."""

type Shape = Literal["section", "mapping", "text", "texts", "path", "choice", "whole", "number", "switch"]

_SHAPES: Mapping[Any, Shape] = {
    str: "text",
    Path: "path",
    int: "whole",
    float: "number",
    bool: "switch",
    dict: "mapping",
}


@dataclass(frozen=True)
class Field:
    """One field. A `mapping` is free-form below its name, `texts` is a list; `form` says what a text looks like."""

    key: Key
    shape: Shape
    default: object
    description: str
    choices: tuple[str, ...] = ()
    form: str = ""
    names_secrets: bool = False


@cache
def fields() -> Mapping[Key, Field]:
    """Every section and field of a recipe by its key path, in the schema's order."""
    return MappingProxyType({field.key: field for field in _walk(Recipe, ())})


def dotted(key: Key) -> str:
    """`trials.concurrency`."""
    return ".".join(key)


def owner(key: Key) -> Field | None:
    """The field that a key path belongs to: itself, or the free-form mapping above it."""
    table = fields()
    if key in table:
        return table[key]
    above = (table.get(key[:end]) for end in range(len(key) - 1, 0, -1))
    return next((field for field in above if field is not None and field.shape == "mapping"), None)


def children(key: Key) -> list[str]:
    """The names that may stand directly in a section; those of the recipe itself for ()."""
    return [field[-1] for field in fields() if len(field) == len(key) + 1 and field[:-1] == key]


def _walk(noun: type[BaseModel], above: Key) -> Iterator[Field]:
    for name, info in noun.model_fields.items():
        field = _field((*above, name), info)
        yield field
        section = _section(info.annotation)
        if section is not None:
            yield from _walk(section, field.key)


def _field(key: Key, info: FieldInfo) -> Field:
    shape, choices, rules = _shape(info.annotation)
    rules = [*info.metadata, *rules]
    form = next((rule.words for rule in rules if isinstance(rule, Form)), "")
    return Field(
        key=key,
        shape=shape,
        default=None if shape == "section" else info.get_default(call_default_factory=True),
        description=" ".join((info.description or "").split()),
        choices=choices,
        form=form,
        names_secrets="environment variable" in form,
    )


def _section(annotation: Any) -> type[BaseModel] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _shape(annotation: Any) -> tuple[Shape, tuple[str, ...], list[object]]:
    """(shape, choices, rules that hold for the text or for each text of a list)."""
    origin = get_origin(annotation)
    arguments = get_args(annotation)
    if origin is Annotated:
        shape, choices, rules = _shape(arguments[0])
        return shape, choices, [*arguments[1:], *rules]
    if origin in (Union, UnionType):
        return _shape(next(each for each in arguments if each is not NoneType))
    if origin is Literal:
        return "choice", arguments, []
    if origin is list:
        return "texts", (), _shape(arguments[0])[2]
    if _section(annotation) is not None:
        return "section", (), []
    shapes: dict[Any, Shape] = {
        str: "text",
        Path: "path",
        int: "whole",
        float: "number",
        bool: "switch",
        dict: "mapping",
    }
    return shapes[origin or annotation], (), []

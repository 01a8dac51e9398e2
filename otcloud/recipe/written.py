"""A value as somebody wrote it, with its line: the common form of YAML files, `--set` texts and flags.

Plain scalars keep their text, so that a field of text gets `0.20`, `no` or `12e4567` as written. Where a number or a
switch is wanted they are read by YAML 1.2's core rules: `yes`, `on`, `1:30` and dates are text, `1e3` is a number.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_SWITCHES = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?[0-9]{1,300}\Z")
_BASED = re.compile(r"0x[0-9a-fA-F]{1,64}\Z|0o[0-7]{1,64}\Z")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_SPECIAL = re.compile(r"([-+]?)\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text; `plain` when it stood without quotes and may thus be a number, a switch or nothing."""

    text: str
    plain: bool

    @property
    def value(self) -> object:
        """What it stands for where nothing says that it is text."""
        return plain_value(self.text) if self.plain else self.text


@dataclass(frozen=True, slots=True)
class Written:
    """A scalar, a list or a mapping, and the line (from 1) on which it starts."""

    content: "Scalar | Sequence[Written] | Mapping[str, Written]"
    line: int = 0

    @property
    def empty(self) -> bool:
        """Nothing was written: no value, `~` or `null`."""
        return isinstance(self.content, Scalar) and self.content.plain and self.content.text in _NULL

    @property
    def noun(self) -> str:
        """What kind of thing it is, for messages."""
        if isinstance(self.content, Scalar):
            return "a single value"
        return "a mapping" if isinstance(self.content, Mapping) else "a list"

    @property
    def value(self) -> object:
        """The plain Python value."""
        if isinstance(self.content, Scalar):
            return self.content.value
        if isinstance(self.content, Mapping):
            return {name: child.value for name, child in self.content.items()}
        return [child.value for child in self.content]


def plain_value(text: str) -> object:
    """A plain scalar by YAML 1.2's core schema."""
    if text in _NULL:
        return None
    if text in _SWITCHES:
        return _SWITCHES[text]
    if _WHOLE.match(text):
        return int(text)
    if _BASED.match(text):
        return int(text, 0)
    special = _SPECIAL.match(text)
    if special:
        return float(f"{special[1] or ''}{special[2] or special[3]}")
    return float(text) if _NUMBER.match(text) else text


def write(value: object, line: int = 0) -> Written:
    """The written form of a Python value, such as a flag's."""
    if isinstance(value, Mapping):
        items = cast(Mapping[object, object], value)
        return Written({str(name): write(child, line) for name, child in items.items()}, line)
    if isinstance(value, list | tuple):
        return Written([write(child, line) for child in cast(Sequence[object], value)], line)
    if value is None:
        return Written(Scalar("", True), line)
    if isinstance(value, bool):
        return Written(Scalar("true" if value else "false", True), line)
    if isinstance(value, float):
        return Written(Scalar(repr(value).replace("inf", ".inf").replace("nan", ".nan"), True), line)
    return Written(Scalar(str(value), isinstance(value, int)), line)


def nested(key: Sequence[str], value: Written) -> Written:
    """A value under a key path, as mappings."""
    for name in reversed(key):
        value = Written({name: value}, value.line)
    return value

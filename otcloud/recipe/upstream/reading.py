"""The reading of one upstream file: what it states so far, its problems, its warnings. Walks a table of rules."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from otcloud.recipe.layer import Layer, Source, Stated, read_layer
from otcloud.recipe.merge import overlay
from otcloud.recipe.problems import Problem, shown_key
from otcloud.recipe.suggest import nearest
from otcloud.recipe.upstream.rules import Rules
from otcloud.recipe.written import Scalar, Written, nested

PLACEHOLDERS = ("placeholder", "replace/with", "override-at-runtime")
"""Words by which the published files mark what the command line fills in."""

_OLD = {"yes": True, "on": True, "no": False, "off": False}

_MOST_UNKNOWN = 30
"""Unknown keys that are told one by one: a file of something else has thousands."""


type Other = Callable[[Written, str, str], None]
"""Is given a value, its key path and its name."""


class Reading:
    """One file. `folder` is what its relative paths are taken from."""

    def __init__(self, label: str, folder: Path) -> None:
        self.label = label
        self.layer: Layer = {}
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        self._idle: dict[str, list[str]] = {}
        self._unknown = 0
        self.folder = folder
        self._source = Source(self.where, folder)

    def where(self, line: int) -> str:
        """`file.yaml:12`."""
        return f"{self.label}:{line}"

    def walk(self, content: Mapping[str, Written], rules: Rules, above: str = "", other: Other | None = None) -> None:
        """Read a mapping by a table, in the table's order; a field with nothing in it says nothing.

        `other` is told of keys that the table does not have, with key path and name; without it they are left out.
        """
        for name, rule in rules.items():
            child = content.get(name)
            if child is None or _hollow(child):
                continue
            key = f"{above}.{name}" if above else name
            if rule.read is not None:
                rule.read(self, child, key)
            elif rule.inside is not None:
                self.walk(self.mapping(child, key), rule.inside, key)
            elif rule.to:
                self.state(rule.to, child)
            else:
                self.drop(child, key, rule.why, quiet=rule.quiet)
        for name, child in content.items():
            key = f"{above}.{name}" if above else name
            if name not in rules and other is None:
                self.unknown(child, key, list(rules))
            elif name not in rules and other is not None and not child.empty:
                other(child, key, name)

    def state(self, path: str, written: Written) -> None:
        """State a value at a key path of the recipe, checked like a recipe's own."""
        self.state_key(tuple(path.split(".")), written)

    def state_key(self, key: Sequence[str], written: Written) -> None:
        """The same for a key whose parts may hold dots."""
        layer, problems = read_layer(nested(key, written), self._source)
        overlay(self.layer, layer)
        self.problems += problems

    def stated(self, path: str) -> Stated | None:
        """What the file states at a key path so far."""
        return self.layer.get(tuple(path.split(".")))

    def mapping(self, written: Written, key: str) -> Mapping[str, Written]:
        """A mapping's content; nothing, and a problem, for anything else."""
        if isinstance(written.content, Mapping):
            return written.content
        if not written.empty:
            self.refuse(written, key, f"must be a mapping, not {written.noun}")
        return {}

    def items(self, written: Written, key: str) -> Sequence[Written]:
        """A list's items; nothing, and a problem, for anything else."""
        if isinstance(written.content, Sequence):
            return written.content
        if not written.empty:
            self.refuse(written, key, f"must be a list, not {written.noun}")
        return []

    def text(self, written: Written, key: str) -> str:
        """A single value's text; nothing, and a problem, for anything else."""
        if isinstance(written.content, Scalar):
            return "" if written.empty else written.content.text
        self.refuse(written, key, f"must be a single value, not {written.noun}")
        return ""

    def number(self, written: Written, key: str) -> float | None:
        """A number; nothing, and a problem, for anything else."""
        value = written.value
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15:
            return value
        if not written.empty:
            self.refuse(written, key, "must be a number")
        return None

    def switch(self, written: Written, key: str) -> bool | None:
        """True or false; nothing, and a problem, for anything else. The files were written for YAML 1.1."""
        if isinstance(written.value, bool):
            return written.value
        if isinstance(written.content, Scalar) and written.content.plain and written.content.text.lower() in _OLD:
            return _OLD[written.content.text.lower()]
        self.refuse(written, key, "must be true or false")
        return None

    def refuse(self, written: Written, key: str, what: str) -> None:
        """A problem of the file: its value cannot be what it should be."""
        self.problems.append(Problem(self.where(written.line), shown_key(key), what))

    def warn(self, written: Written, key: str, why: str) -> None:
        """Say what was dropped, corrected or may surprise. Values are never quoted by this."""
        self.warnings.append(f"{self.where(written.line)}: {shown_key(key)}: {why}")

    def drop(self, written: Written, key: str, why: str, *, quiet: bool = False) -> None:
        """Leave a field out and say so; a quiet one in the one line that tells all of them."""
        if quiet:
            self._idle.setdefault(why, []).append(f"{shown_key(key)} (line {written.line})")
        else:
            self.warn(written, key, f"is left out: {why}")

    def unknown(self, written: Written, key: str, known: Sequence[str]) -> None:
        """An unknown key is told and left out: the files are read as tolerantly as their own programs do."""
        self._unknown += 1
        if self._unknown <= _MOST_UNKNOWN:
            near = nearest(key.rsplit(".", 1)[-1], known)
            self.warn(written, key, f"is left out: unknown key{f'; did you mean {near}?' if near else ''}")

    def told(self) -> list[str]:
        """All warnings, the sums of what was told in short at the end."""
        more = self._unknown - _MOST_UNKNOWN
        unknown = [f"{self.label}: {more} more unknown keys are left out"] if more > 0 else []
        told = "; ".join(f"{', '.join(keys)}: {why}" for why, keys in self._idle.items())
        idle = [f"{self.label}: without effect here: {told}"] if told else []
        return [*self.warnings, *unknown, *idle]


def _hollow(written: Written) -> bool:
    return written.empty or written.content in ([], {})


def is_placeholder(text: str) -> bool:
    """Whether a text stands for what the command line gives."""
    return any(word in text.lower() for word in PLACEHOLDERS)

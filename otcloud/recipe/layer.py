"""One layer of a recipe: what one file, one `--set` or the flags state, as key path -> value and origin.

Reading a layer checks it against the table of fields: unknown keys, wrong kinds of value, texts that look like secrets.
Ranges, patterns and choices are the schema's to check, on the merged recipe.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from otcloud.recipe.fields import Field, Key, Shape, children, dotted, fields, owner
from otcloud.recipe.leaks import is_secret
from otcloud.recipe.problems import Problem, shown, shown_key
from otcloud.recipe.suggest import key_for
from otcloud.recipe.undecoded import DO, WHAT, undecoded
from otcloud.recipe.written import Scalar, Written

_WANTED: Mapping[Shape, str] = {
    "section": "a mapping",
    "mapping": "a mapping of names to values",
    "text": "a text",
    "texts": "a list",
    "path": "a path",
    "choice": "one word",
    "whole": "a whole number",
    "number": "a number",
    "switch": "true or false",
}

_SUGGESTIONS = 30
"""Problems after which no more suggestions are looked for: a file of something else has thousands of unknown keys."""


@dataclass(frozen=True, slots=True)
class Stated:
    """A value, and where it came from. A value of None at a field takes the field back to its default."""

    value: object
    origin: str


type Layer = dict[Key, Stated]


@dataclass(frozen=True)
class Source:
    """Where a layer comes from: how a line is named in messages, and the folder that its paths are relative to."""

    where: Callable[[int], str]
    folder: Path


def read_layer(root: Written, source: Source) -> tuple[Layer, list[Problem]]:
    """What a document states. A key with nothing after it: a field goes back to its default, a section says nothing."""
    reading = _Reading(source)
    if isinstance(root.content, Mapping):
        reading.section(root.content, ())
    elif not root.empty:
        reading.add(root, (), f"a recipe is a mapping of keys to values, not {root.noun}")
    return reading.layer, reading.problems


class _Reading:
    def __init__(self, source: Source) -> None:
        self.layer: Layer = {}
        self.problems: list[Problem] = []
        self._source = source

    def add(self, written: Written, key: Key, what: str, suggestion: str = "", do: str = "") -> None:
        self.problems.append(Problem(self._source.where(written.line), shown_key(dotted(key)), what, suggestion, do=do))

    def section(self, content: Mapping[str, Written], above: Key) -> None:
        for name, child in content.items():
            key = (*above, name)
            field = fields().get(key)
            if field is None:
                near = key_for(key) if len(self.problems) < _SUGGESTIONS else ""
                self.add(child, key, "unknown key", near, "`otcloud recipe schema` lists every key")
            elif field.shape == "section" and isinstance(child.content, Mapping):
                self.section(child.content, key)
            elif field.shape == "section":
                self._not_a_section(child, key)
            else:
                self._field(child, field)

    def _not_a_section(self, written: Written, key: Key) -> None:
        if not written.empty:
            names = ", ".join(children(key)[:4])
            self.add(written, key, f"must be a mapping with keys such as {names}, not {written.noun}")

    def _field(self, written: Written, field: Field) -> None:
        if written.empty:
            self._state(written, field.key, None)
        elif field.shape == "mapping" and isinstance(written.content, Mapping):
            self._free(written.content, field.key)
        elif field.shape == "texts" and isinstance(written.content, list | tuple):
            self._texts(written, field)
        elif field.shape in ("mapping", "texts") or not isinstance(written.content, Scalar):
            self._wrong_kind(written, field)
        else:
            self._scalar(written, written.content, field)

    def _wrong_kind(self, written: Written, field: Field) -> None:
        told = f"must be {_WANTED[field.shape]}, not {written.noun}"
        if field.names_secrets:
            return self.add(written, field.key, f"{told}; secrets are named, not written")
        one = isinstance(written.content, Scalar) and field.shape == "texts"
        suggestion = shown(f"[{cast(Scalar, written.content).text}]") if one else ""
        return self.add(written, field.key, told, suggestion)

    def _scalar(self, written: Written, scalar: Scalar, field: Field) -> None:
        if not scalar.text and field.shape in ("path", "text", "choice"):
            self.add(written, field.key, f"must be {_WANTED[field.shape]}, not an empty one")
        elif field.shape == "path":
            self._path(written, scalar.text, field.key)
        elif field.shape in ("text", "choice"):
            self._state(written, field.key, scalar.text)
        elif field.shape in ("whole", "number") and isinstance(scalar.value, bool):
            self.add(written, field.key, f"must be {_WANTED[field.shape]}, not {shown(scalar.text)}")
        else:
            self._state(written, field.key, scalar.value)

    def _path(self, written: Written, text: str, key: Key) -> None:
        """A path as an absolute one. `~` is this user's home."""
        try:
            path = Path(text).expanduser()
        except RuntimeError:
            # `~somebody` without a home: a problem of the input like any other.
            return self.add(written, key, f"no such user's home folder: {shown(text)}")
        return self._state(written, key, str(_lexical(self._source.folder / path)))

    def _texts(self, written: Written, field: Field) -> None:
        items = cast("list[Written]", written.content)
        if all(isinstance(item.content, Scalar) and not item.empty for item in items):
            return self._state(written, field.key, [cast(Scalar, item.content).text for item in items])
        odd = next(item for item in items if item.empty or not isinstance(item.content, Scalar))
        return self.add(odd, field.key, f"must be a list of texts; it holds {'nothing' if odd.empty else odd.noun}")

    def _free(self, content: Mapping[str, Written], above: Key) -> None:
        for name, child in content.items():
            key = (*above, name)
            if isinstance(child.content, Mapping) and child.content:
                self._free(child.content, key)
            else:
                self._state(child, key, child.value)

    def _state(self, written: Written, key: Key, value: object) -> None:
        field = owner(key)
        name_above = "secret" if field is not None and field.names_secrets else key[-1]
        for name, text in _texts_in(name_above, value):
            if is_secret(name, text):
                return self.add(written, key, "looks like a secret; secrets are named, not written (`secrets: [NAME]`)")
            if any(_forbidden(character) for character in text):
                return self._not_text(written, key, text)
        self.layer[key] = Stated(value, self._source.where(written.line))
        return None

    def _not_text(self, written: Written, key: Key, text: str) -> None:
        """Tell of a flag's text, or a path with the folder it is in, that the shell's locale could not read."""
        field = owner(key)
        from_shell = self._source.where(written.line).startswith("--") or (field is not None and field.shape == "path")
        if from_shell and undecoded(text):
            return self.add(written, key, WHAT, do=DO)
        return self.add(written, key, "holds a control character or half a character")


def _lexical(path: Path) -> Path:
    """The path without `.` and `..`, links untouched: the recipe's own words, made absolute."""
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and len(parts) > 1:
            parts.pop()
        elif part != "..":
            parts.append(part)
    return Path(*parts)


def _texts_in(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Every text in a value with the name it stands under, and every name itself."""
    yield "", name
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _texts_in(name, item)
    elif isinstance(value, dict):
        for inner, item in cast("dict[str, object]", value).items():
            yield from _texts_in(inner, item)


def _forbidden(character: str) -> bool:
    code = ord(character)
    return (code < 32 and character not in "\n\t\r") or code == 127 or 0xD800 <= code <= 0xDFFF

"""Mutated files: a recipe or an upstream file with text spliced in, or with a value replaced, removed or renamed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import yaml
from hypothesis import strategies as st

from otcloud.recipe.presets import recipes
from tests.unit.recipe.upstream.corpus import FILES, flag_of

RECIPES = [each.path for each in recipes()]
TEXTS = {path: path.read_text(encoding="utf-8") for path in (*FILES, *RECIPES)}
SCRAPS = st.sampled_from(
    [
        *(":", ": ", "\n", "\n  ", "\t", "- ", "[", "]", "{", "}", "&a ", "*a", "<<: ", "!x ", "'", '"', "---\n", "? "),
        *("~", "null", "\x00", "\ufeff", "é", "1e999", "-1", "0", ".nan", "9" * 40, "true", "no", "1.5", "''", "[]"),
        *("placeholder/x", "org/name", "--a b", "--no-", "-", "--", "=", "a=b", '{"a": [1', "gemini-x", "~root/x"),
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | SCRAPS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | SCRAPS, inner, max_size=3),
    max_leaves=6,
)
EDITS = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 12), SCRAPS | st.text(max_size=6)), max_size=5)
CHANGES = st.lists(
    st.tuples(st.integers(0, 10**6), st.sampled_from(["replace", "remove", "rename"]), VALUES), min_size=1, max_size=4
)


@dataclass(frozen=True)
class Mutant:
    """A file's new text; `flag` is how it is given, None for a recipe."""

    text: str
    flag: str | None


@st.composite
def mutants(draw: st.DrawFn) -> Mutant:
    """One file of the corpus or one bundled recipe, changed in its text or in its values."""
    path = draw(st.sampled_from(sorted(TEXTS)))
    flag = None if path in RECIPES else flag_of(path)
    if draw(st.booleans()):
        return Mutant(_spliced(TEXTS[path], draw(EDITS)), flag)
    document: Any = yaml.safe_load(TEXTS[path])
    for number, how, value in draw(CHANGES):
        _change(document, number, how, value)
    return Mutant(yaml.safe_dump(document, allow_unicode=True), flag)


def _spliced(text: str, edits: Sequence[tuple[int, int, str]]) -> str:
    for place, removed, added in edits:
        start = place % (len(text) + 1)
        text = text[:start] + added + text[start + removed :]
    return text


def _change(document: object, number: int, how: str, value: object) -> None:
    places = list(_places(document))
    if not places:
        return
    holder, name = places[number % len(places)]
    if how == "replace":
        holder[name] = value
    elif how == "rename" and isinstance(holder, dict):
        cast("dict[object, object]", holder)[f"{name}x"] = holder.pop(name)
    else:
        del holder[name]


def _places(value: object) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        for name, child in cast("Mapping[object, object]", value).items():
            yield value, name
            yield from _places(child)
    elif isinstance(value, list):
        for index, child in enumerate(cast("list[object]", value)):
            yield value, index
            yield from _places(child)

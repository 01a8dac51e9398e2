"""Options of vLLM made up for tests, and a reader of command lines that knows the table alone."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from otcloud.plan.candidate import ServeSpec
from otcloud.plan.candidates import candidates
from otcloud.recipe.load import load
from otcloud.recipe.presets import presets
from otcloud.recipe.vllm_options import FIELDS, OWNED, Option, known, options
from tests.unit.plan.made import facts

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
TEXTS = (WORDS | st.sampled_from(["--x", "-0.5", "a=b", "a b", "--a.b c", "{{ x }}\n", "$HOME", "é"])).filter(
    # vLLM reads these two as "nothing"; JSON has a kind of its own.
    lambda text: text not in ("", "None") and not text.lstrip().startswith("{")
)
ITEMS = TEXTS.filter(lambda text: not text.startswith("-"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
MAPPINGS = st.dictionaries(WORDS, JSON, max_size=3)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "switch": st.booleans(),
    "flag": st.booleans(),
    "whole": st.integers(-(2**62), 2**62),
    "number": st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**40), 2**40),
    "size": st.integers(0, 2**62) | st.sampled_from(["16k", "2M", "1.5m"]),
    "text": TEXTS,
    "json": MAPPINGS | st.lists(JSON, max_size=3),
    "config": st.just({}),
    "json or text": MAPPINGS | TEXTS,
    "texts": st.lists(ITEMS, min_size=1, max_size=3),
    "wholes": st.lists(st.integers(0, 2**31), min_size=1, max_size=3),
    "repeat": st.lists(TEXTS, min_size=1, max_size=3),
}
PLATFORM = "mm_processor_device"
"""The option whose values depend on what vLLM was built for."""

FREE = tuple(option for option in options().values() if option.name not in {*FIELDS, *OWNED, PLATFORM})
"""Options that a recipe states under `serve.vllm`."""


def value_of(option: Option) -> st.SearchStrategy[Any]:
    """Values of the kind that an option takes."""
    if not option.choices:
        return VALUES[option.kind]
    one = st.sampled_from(option.choices)
    return st.lists(one, min_size=1, max_size=2) if option.kind == "texts" else one


def served_presets() -> list[str]:
    """Names of the presets whose model is served by vLLM."""
    return [each.name for each in presets() if not each.name.startswith(("api-", "replay-"))]


def specs_of(preset: str) -> list[ServeSpec]:
    """How each candidate of a preset serves the model, first choice first; there is at least one."""
    loaded = load(preset=preset, flags={"dataset": "made@1.0"}, cwd=Path("/"))
    found, _ = candidates(loaded.recipe, facts())
    assert found
    assert all(each.serve.engine == "vllm" for each in found)
    return [each.serve for each in found]


@st.composite
def stated(draw: st.DrawFn) -> dict[str, Any]:
    """Some options under any of their spellings, with values of the right kind."""
    chosen = draw(st.lists(st.sampled_from(FREE), max_size=8, unique_by=lambda option: option.name))
    names = [option.name.replace("_", "-") if draw(st.booleans()) else option.name for option in chosen]
    return {name: draw(value_of(option)) for name, option in zip(names, chosen, strict=True)}


def as_read(values: dict[str, Any]) -> dict[str, Any]:
    """Compiled options as a reader of their command line has them: no flags that are off, numbers as numbers."""
    kept: dict[str, Any] = {}
    for name, value in values.items():
        option = known(name)
        assert option is not None, name
        if option.kind == "number":
            kept[name] = float(value)
        elif option.kind != "flag" or value:
            kept[name] = value
    return kept


def read(words: Sequence[str]) -> dict[str, Any]:
    """What a command line says, by the table: the reverse of `vllm_argv`. A word that nothing accounts for fails."""
    found: dict[str, Any] = {}
    last: Option | None = None
    for word in words:
        name, equals, value = word.partition("=")
        option = known(name) if word.startswith("--") else None
        if option is None and name.startswith("--no-") and not equals:
            option = known(name.removeprefix("--no-"))
            assert option is not None and option.kind == "switch", word
            found[option.name] = False
        elif option is None:
            assert last is not None and last.kind in ("texts", "wholes"), word
            found[last.name].append(_read(last.kind[:-1], word))
        elif option.kind in ("texts", "wholes"):
            assert not equals, word
            found[option.name] = []
        elif option.kind == "repeat":
            found.setdefault(option.name, []).append(value)
        else:
            assert bool(equals) == (option.kind not in ("switch", "flag")), word
            found[option.name] = _read(option.kind, value) if equals else True
        last = option or last
    return found


def _read(kind: str, text: str) -> Any:
    if kind == "whole" or (kind == "size" and text.isdigit()):
        return int(text)
    if kind == "number":
        return float(text)
    return json.loads(text) if kind in ("json", "config") or text.startswith("{") else text

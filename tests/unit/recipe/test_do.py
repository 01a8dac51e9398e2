"""The closing line of a refused recipe says what helps with these very problems, or is not there."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from otcloud.recipe.load import Loaded, load
from otcloud.recipe.problems import RecipeInvalid

type LoadText = Callable[..., Loaded]

KEYS = "`otcloud recipe schema` lists every key"
PATH = "check the path: in a file it is taken from that file's folder, on the command line from the folder you are in"
LOCALE = "`export LC_ALL=C.UTF-8` gives the shell a UTF-8 locale"
ODD = "caf\udcc3\udca9"
"""`café` in UTF-8 as an argument arrives in a locale that is ASCII."""


@pytest.mark.parametrize(
    ("text", "rest", "do"),
    [
        ("trails: {attempts: 1}", {}, KEYS),
        ("", {"sets": ["foo=1"]}, KEYS),
        ("foo: 1\nbar: 2\ntasks: {path: nowhere}", {}, f"{KEYS}; {PATH}"),
        ("trials: {attempts: many}", {}, ""),
        ("kind: evall", {}, ""),
        ("a: [", {}, ""),
        ("tasks: {path: nowhere}", {}, PATH),
        ("", {"sets": ["x"]}, "write it like `--set trials.concurrency=4`"),
        ("preset: qqqq", {}, "`otcloud recipe list` shows the presets"),
        ("sandbox: {type: dokcer}", {}, "`otcloud recipe schema` lists every sandbox type"),
        ("agent: {name: terminos}", {}, "`otcloud recipe schema` lists every agent"),
        ("kind: tracegen", {"kind": "eval"}, "`otcloud tracegen whole.yaml r.yaml`"),
        ("", {"flags": {"tasks_input_path": ODD}}, LOCALE),
        ("", {"sets": [f"agent.kwargs.a={ODD}"]}, LOCALE),
        ('model: {id: "\\udcc3"}', {}, ""),
    ],
)
def test_what_to_do(load_text: LoadText, text: str, rest: dict[str, Any], do: str) -> None:
    with pytest.raises(RecipeInvalid) as caught:
        load_text(text, **rest)
    assert caught.value.do == do


def test_a_missing_recipe_and_none_at_all(tmp_path: Path) -> None:
    with pytest.raises(RecipeInvalid) as caught:
        load(["nowhere.yaml"], cwd=tmp_path)
    assert caught.value.do == "check the path; `otcloud recipe list` shows what ships"
    with pytest.raises(RecipeInvalid) as caught:
        load(cwd=tmp_path)
    assert caught.value.do.startswith("start from a recipe: `otcloud recipe list` shows what ships")


def test_a_locale_that_is_not_utf_8_is_told_of_the_folder_too(tmp_path: Path) -> None:
    """A relative path in a file gets the bytes of the folder that the file is in."""
    folder = tmp_path / ODD
    (folder / "tasks").mkdir(parents=True)
    (folder / "r.yaml").write_text("model: {id: m}\ntasks: {path: tasks}\n")
    with pytest.raises(RecipeInvalid, match="the shell's locale is not UTF-8") as caught:
        load(["r.yaml"], cwd=folder)
    assert caught.value.do == LOCALE
    assert json.dumps(caught.value.what, ensure_ascii=False).encode()

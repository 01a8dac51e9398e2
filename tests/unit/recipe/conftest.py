"""Recipes written into a folder of the test's own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from otcloud.recipe.load import Loaded, load
from otcloud.recipe.problems import RecipeInvalid

type Write = Callable[..., Path]
type Problems = Callable[..., list[str]]
type LoadText = Callable[..., Loaded]

WHOLE = "model: {id: org/m}\ntasks: {hub: org/data}\n"
"""The least that makes a recipe complete."""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a text or bytes as a file; returns its path relative to the folder."""

    def write_file(text: str | bytes, name: str = "r.yaml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Path(name)

    return write_file


@pytest.fixture
def load_text(write: Write, tmp_path: Path) -> LoadText:
    """Load a text as `r.yaml`, by default with what makes a recipe complete before it."""

    def load_it(text: str = "", *, whole: bool = True, **rest: Any) -> Loaded:
        files = [write(WHOLE, "whole.yaml"), write(text)] if whole else [write(text)]
        return load(files, cwd=tmp_path, **rest)

    return load_it


@pytest.fixture
def problems(load_text: LoadText) -> Problems:
    """The problems of a text, each as its message; fails when there is none."""

    def problems_of(text: str = "", **rest: Any) -> list[str]:
        with pytest.raises(RecipeInvalid) as caught:
            load_text(text, **rest)
        return [str(problem) for problem in caught.value.problems]

    return problems_of

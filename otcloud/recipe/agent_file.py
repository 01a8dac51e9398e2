"""The Python file or package folder of an agent of the user's own: found beside what named it, told when it is none.

What is in the file is not looked at here: Harbor imports it, in its own interpreter, before a run is created.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from otcloud.recipe.layer import Layer, Stated
from otcloud.recipe.problems import Problem, shown
from otcloud.recipe.schema.agent import Agent

_IMPORT_PATH = ("agent", "import_path")
_FILE = ("agent", "file")
_INSTALLED = ("harbor", "otcloud")
"""Packages of Harbor's interpreter that a folder of the same name must not hide."""

type Kind = Literal["module", "package", "root"]
"""`module`: one file. `package`: the folder is what is imported. `root`: the folder holds what is imported."""


def settle(stated: Layer, layers: Sequence[tuple[Layer, Path]]) -> None:
    """State `agent.file`, where nothing does, as what lies beside the layer that stated `agent.import_path`.

    `layers` are those of the recipe with the folder of each, the weakest first. After the folder that named the class,
    the others are looked through too: a flag may name the class that lies beside the recipe.
    """
    named = stated.get(_IMPORT_PATH)
    if named is None or not isinstance(named.value, str) or (_FILE in stated and stated[_FILE].value is not None):
        return
    folders = [folder for layer, folder in reversed(layers) if layer.get(_IMPORT_PATH) == named]
    folders += [folder for _, folder in reversed(layers) if folder not in folders]
    if (found := _beside(top_module(named.value), folders)) is not None:
        stated[_FILE] = Stated(str(found), f"beside {named.origin}")


def top_module(import_path: str) -> str:
    """The first name of `package.module:Class`."""
    return import_path.partition(":")[0].partition(".")[0]


def kind_of(file: Path, top: str) -> Kind | None:
    """How an agent's file or folder gives the module `top`; None when it does not."""
    if file.is_file():
        return "module" if file.name == f"{top}.py" else None
    holds = (file / f"{top}.py").is_file() or _is_package(file / top)
    if file.name == top and ((file / "__init__.py").is_file() or not holds):
        return "package"
    return "root" if holds else None


def check_agent_file(agent: Agent) -> list[Problem]:
    """Whether `agent.file`, which exists, can be imported as `agent.import_path` says, by its name alone."""
    if agent.file is None or agent.import_path is None:
        return []
    top = top_module(agent.import_path)
    if top in sys.stdlib_module_names or top in _INSTALLED:
        told = f"{shown(top)} is a module of {'Harbor' if top in _INSTALLED else 'Python'} itself, which it would hide"
        return [Problem("", "agent.import_path", told, do="give the file another name")]
    if kind_of(agent.file, top) is None:
        told = f"{shown(str(agent.file))} does not hold the module {shown(top)} of agent.import_path"
        return [
            Problem("", "agent.file", told, do=f"name the file {top}.py, the package folder {top}, or their folder")
        ]
    return []


def _beside(top: str, folders: Iterable[Path]) -> Path | None:
    if not top.isidentifier() or top in _INSTALLED:
        return None
    for folder in folders:
        if (folder / f"{top}.py").is_file():
            return folder / f"{top}.py"
        if _is_package(folder / top):
            return folder / top
    return None


def _is_package(folder: Path) -> bool:
    return folder.is_dir() and any(folder.glob("*.py"))

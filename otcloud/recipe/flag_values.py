"""How the text of a flag becomes values of a recipe, where that is more than the text itself.

A reader takes the flag's value and the working folder and gives key path -> value. Error: ValueError in plain words.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import cast

from otcloud.recipe.harbor_names import ACP_PREFIX

type Reader = Callable[[object, Path], Mapping[str, object]]

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*\Z")


def comma_list(path: str) -> Reader:
    """`gcp,aws` as a list."""

    def read(value: object, cwd: Path) -> Mapping[str, object]:
        return {path: [part.strip() for part in str(value).split(",") if part.strip()]}

    return read


def always(path: str, constant: object) -> Reader:
    """A switch that stands for one value."""

    def read(value: object, cwd: Path) -> Mapping[str, object]:
        return {path: constant} if value else {}

    return read


def words(path: str, meanings: Mapping[str, str]) -> Reader:
    """A word under another name; a word without one is taken as it stands."""

    def read(value: object, cwd: Path) -> Mapping[str, object]:
        return {path: meanings.get(str(value).replace("-", "_"), str(value))}

    return read


def task_source(value: object, cwd: Path) -> Mapping[str, object]:
    """A folder or parquet file that exists -> tasks.path; `org/name` -> tasks.hub; anything else is a path."""
    text = str(value)
    if _HUB_ID.match(text) and not text.endswith(".parquet") and not (cwd / text).exists():
        return {"tasks.hub": text}
    return {"tasks.path": text}


def agent_identity(value: object, cwd: Path) -> Mapping[str, object]:
    """`package.module:Class` -> agent.import_path; anything else, `acp:NAME` too, is a name."""
    text = str(value)
    return {"agent.import_path" if ":" in text and not text.startswith(ACP_PREFIX) else "agent.name": text}


def pairs(path: str) -> Reader:
    """Repeated `key=value`: dots in the key nest, a value that is JSON is read as JSON, any other is a text."""

    def read(value: object, cwd: Path) -> Mapping[str, object]:
        root: dict[str, object] = {}
        for text in cast("list[str]", value):
            name, equals, written = text.partition("=")
            if not equals or not all(name.split(".")):
                raise ValueError("takes key=value")
            _put(root, name.split("."), _json(written))
        return {path: root}

    return read


def agent_arguments(value: object, cwd: Path) -> Mapping[str, object]:
    """`--agent-kwarg`: what terminus-2 used to call its limit of turns is the recipe's own key, and wins there."""
    read = pairs("agent.kwargs")(value, cwd)
    kwargs = dict(cast("Mapping[str, object]", read["agent.kwargs"]))
    turns = [kwargs.pop(name) for name in ("episodes", "max_episodes") if name in kwargs]
    return {"agent.kwargs": kwargs, **({"agent.max_turns": turns[-1]} if turns else {})}


def _put(place: dict[str, object], names: list[str], value: object) -> None:
    for name in names[:-1]:
        child = place.setdefault(name, {})
        if not isinstance(child, dict):
            raise ValueError(f"states {name} as a single value and as a mapping")
        place = cast("dict[str, object]", child)
    place[names[-1]] = value


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        # Not JSON, so it is meant as a text: `--agent-kwarg parser_name=xml`.
        return text

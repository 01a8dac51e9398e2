"""A preset and the presets that it builds on, each named by the one above it (`preset: NAME`)."""

from collections.abc import Iterator
from pathlib import Path

from otcloud.recipe.document import read_file
from otcloud.recipe.find import Found, find_preset
from otcloud.recipe.presets import PRESETS
from otcloud.recipe.problems import Problem, shown
from otcloud.recipe.written import Written


def lineage(name: str, where: str, folder: Path = PRESETS) -> Iterator[Found | Problem]:
    """The preset, then its base, and so on; a problem for one that is not there or that builds on itself.

    `where` says who names the preset. What is wrong inside a file is told when it is read as a layer.
    """
    seen: list[str] = []
    while name:
        if name in seen:
            chain = " -> ".join([*seen[seen.index(name) :], name])
            yield Problem(where, "preset", f"a preset builds on itself: {shown(chain)}")
            return
        seen.append(name)
        found = find_preset(name, where, folder)
        yield found
        name, where = ("", "") if isinstance(found, Problem) else _base(found)


def _base(found: Found) -> tuple[str, str]:
    """The preset that a preset names, and where it does; nothing when it names none."""
    written, _ = read_file(found.path, found.label)
    content = written.content if written is not None else None
    named = content.get("preset") if isinstance(content, dict) else None
    if not isinstance(named, Written) or named.empty or not isinstance(named.value, str):
        return "", ""
    return named.value, f"{found.label}:{named.line}"

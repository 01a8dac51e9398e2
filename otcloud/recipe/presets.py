"""What ships with otcloud: the recipes and the presets, found by name, with the paragraph that each opens with."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from otcloud.package_data import bundled

PRESETS = Path(__file__).parent / "presets"


@dataclass(frozen=True)
class Bundled:
    """A recipe or preset that ships. `label` names it in messages; `about` is its opening paragraph."""

    name: str
    path: Path
    label: str
    about: tuple[str, ...]

    @property
    def headline(self) -> str:
        """The first sentence, or what it announces before a colon."""
        return re.split(r"[.:](?:\s|$)", " ".join(self.about), maxsplit=1)[0]


def recipes() -> list[Bundled]:
    """The bundled recipes, by name."""
    return [_bundled(path, f"recipes/{path.name}") for path in _yaml_files(bundled("recipes"))]


def presets(folder: Path = PRESETS) -> list[Bundled]:
    """The presets, by name."""
    return [_bundled(path, f"preset {path.stem}") for path in _yaml_files(folder)]


def opening(text: str) -> tuple[str, ...]:
    """The first paragraph of comments, line by line, without `#` and without the line for editors."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("# yaml-language-server:"):
            continue
        words = line.removeprefix("#").strip()
        if line.startswith("#") and words:
            lines.append(words)
        elif lines or not line.startswith("#"):
            break
    return tuple(lines)


def _yaml_files(folder: Path) -> Iterable[Path]:
    return sorted(folder.glob("*.yaml"), key=lambda path: path.stem)


def _bundled(path: Path, label: str) -> Bundled:
    return Bundled(path.stem, path, label, opening(path.read_text(encoding="utf-8")))

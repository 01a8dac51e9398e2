"""The files of tests/corpus, written from the description of the formats, and flags that make each a whole recipe."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from otcloud.recipe.load import Loaded, load
from tests.unit.architecture.source import ROOT

CORPUS = ROOT / "tests" / "corpus"
FILES = sorted(CORPUS.glob("*.yaml"))
WHOLE: dict[str, object] = {"model": "anthropic/m", "dataset": "terminal-bench@2.0"}


def flag_of(path: Path) -> str:
    """The flag by which a file of the corpus is given."""
    return "harbor_config" if path.name.startswith(("harbor", "trace")) else "datagen_config"


def given(paths: Sequence[Path]) -> dict[str, object]:
    """The flags that give files."""
    flags: dict[str, list[str]] = {}
    for path in paths:
        flags.setdefault(flag_of(path), []).append(str(path))
    return dict(flags)


def load_text(folder: Path, text: str, flag: str, **rest: Any) -> Loaded:
    """Load a text as `f.yaml` by one of the two flags, with what makes a recipe whole."""
    (folder / "f.yaml").write_text(text, encoding="utf-8")
    flags = {**WHOLE, flag: ["f.yaml"], **rest.pop("flags", {})}
    if flags["model"] is None:
        del flags["model"]
    return load(flags=flags, cwd=folder, **rest)

"""The source tree as the architecture tests see it."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGE = ROOT / "otcloud"


def modules(*patterns: str) -> list[Path]:
    """Python files below the repository that match, sorted; none for a pattern is a mistake."""
    found: list[Path] = []
    for pattern in patterns:
        matches = [path for path in ROOT.glob(pattern) if "__pycache__" not in path.parts]
        assert matches, f"no file matches {pattern}"
        found += matches
    return sorted(set(found))


def tree(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> set[str]:
    """Every module that a file imports, by full name."""
    names: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names

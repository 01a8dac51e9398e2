"""The invariants of the architecture that can be read off the source."""

import ast
import sys
from pathlib import Path

import pytest

from otcloud import process
from tests.unit.architecture.source import PACKAGE, ROOT, imports, modules, tree

PURE = modules(
    "otcloud/recipe/schema/*.py",
    "otcloud/plan/*.py",
    "otcloud/runs/layout.py",
    "otcloud/trials/failures.py",
    "otcloud/trials/score.py",
    "otcloud/trials/summary.py",
    "otcloud/trials/trial.py",
    "otcloud/node/slots.py",
)
WORLDLY_MODULES = {
    *("os", "sys", "time", "random", "secrets", "subprocess", "socket", "shutil", "tempfile", "io", "asyncio"),
    *("threading", "urllib", "http", "fcntl", "glob", "platform", "getpass", "uuid", "logging"),
}
WORLDLY_CALLS = {
    *("open", "print", "input", "read_text", "write_text", "read_bytes", "write_bytes", "exists", "is_file", "is_dir"),
    *("iterdir", "mkdir", "unlink", "rename", "resolve", "absolute", "expanduser", "cwd", "home", "now", "utcnow"),
    *("today", "getenv", "glob", "rglob", "stat"),
}
EVERYTHING = modules("otcloud/**/*.py", "tests/**/*.py", "benchmarks/**/*.py")


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(ROOT)))
def test_pure_modules_touch_nothing(path: Path) -> None:
    """Invariant 2: no I/O, clock, randomness or environment, by import or by call."""
    assert not {name.split(".")[0] for name in imports(path)} & WORLDLY_MODULES
    called = {
        node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
    }
    assert not called & WORLDLY_CALLS


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    """Invariant 11: files up to 250 lines, functions up to 40."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 250
    long = {
        node.name: (node.end_lineno or 0) - node.lineno + 1
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno >= 40
    }
    assert not long


@pytest.mark.parametrize("path", modules("otcloud/**/*.py"), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_it_is_for(path: Path) -> None:
    """Every module and public function has a docstring."""
    module = tree(path)
    assert ast.get_docstring(module)
    silent = [
        node.name
        for node in module.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not silent


def test_imports_point_one_way() -> None:
    """The table of imports, as import-linter reads it from pyproject.toml."""
    command = Path(sys.executable).parent / "lint-imports"
    done = process.run([command, "--no-cache"], cwd=ROOT)
    assert done.code == 0, done.stdout


def test_only_live_and_render_import_rich() -> None:
    """Rich is a matter of showing."""
    users = {path for path in modules("otcloud/**/*.py") if any(n.split(".")[0] == "rich" for n in imports(path))}
    assert users <= {PACKAGE / "cli" / "render.py", PACKAGE / "cli" / "live.py"}


def test_no_workplace_leaks_into_the_project() -> None:
    """The project speaks of itself alone: no absolute path of a developer's machine."""
    marks = ("/wo" + "rk/", "/ro" + "ot/", "/home/" + "user")
    suffixes = {".py", ".md", ".yaml", ".toml", ".json", ".jsonl", ".env", ".sh"}
    files = [path for path in ROOT.rglob("*") if path.suffix in suffixes and _is_ours(path)]
    guilty = [path for path in files if any(mark in path.read_text(encoding="utf-8") for mark in marks)]
    assert not guilty


def _is_ours(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return path.is_file() and not any(part.startswith(".") or part in ("runs", "dist") for part in parts)

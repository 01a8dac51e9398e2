"""The docs point at what exists: files, commands, exit codes and keys of the recipe."""

import re
from pathlib import Path

import pytest

from otcloud.cli.app import COMMANDS
from otcloud.recipe.fields import fields
from otcloud.recipe.flags import FLAGS
from otcloud.recipe.schema import Recipe
from tests.unit.architecture.source import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("recipes/**/README.md")])
KEYS = {".".join(map(str, field.key)) for field in fields().values()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link of a page is a file of the checkout."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", re.sub(r"\s+", " ", page.read_text()))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_flags_and_keys_exist(page: Path) -> None:
    """`otcloud X`, `--flag` behind it and `section.key` in code are real."""
    text = page.read_text()
    commands = set(re.findall(r"\botcloud ([a-z][a-z-]+)\b", _code(text)))
    assert commands <= {command.name for command in COMMANDS}
    sections = "|".join(Recipe.model_fields)
    keys = set(re.findall(rf"`((?:{sections})\.[a-z_.]+[a-z])(?:: [^`]*)?`", text))
    assert {key for key in keys if key not in KEYS and not any(k.startswith(f"{key}.") for k in KEYS)} - _free(
        keys
    ) == set()


def test_every_flag_has_its_line_in_the_reference() -> None:
    """The generated page of the command line names them all."""
    page = (ROOT / "docs" / "reference" / "cli.md").read_text()
    assert [flag.name for flag in FLAGS if flag.name not in page] == []


def _free(keys: set[str]) -> set[str]:
    """Keys below free-form mappings, and files that look like keys."""
    return {key for key in keys if ".kwargs." in key or key.endswith((".py", ".yaml", ".json", ".jsonl", ".md"))}


def _code(text: str) -> str:
    return "\n".join(
        [*re.findall(r"`([^`]+)`", text), *(line for line in text.splitlines() if line.startswith("    "))]
    )

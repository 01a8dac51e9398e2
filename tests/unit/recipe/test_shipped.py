"""What ships is valid, says what it is for, and shows as recorded; the generated pages are current."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from otcloud.errors import InputInvalid
from otcloud.package_data import bundled
from otcloud.recipe.load import load
from otcloud.recipe.presets import Bundled, presets, recipes
from otcloud.recipe.show import to_yaml
from otcloud.recipe.starter import SCHEMA_FILE, schema, write_starter

ROOT = Path(__file__).parents[3]
GOLDEN = Path(__file__).parent / "quickstart.shown.yaml"


@pytest.mark.parametrize("recipe", recipes(), ids=lambda each: each.name)
def test_a_bundled_recipe_is_valid_and_opens_with_a_paragraph(recipe: Bundled, tmp_path: Path) -> None:
    loaded = load([recipe.name], cwd=tmp_path)
    assert (loaded.recipe.name, loaded.warnings) == (recipe.name, ())
    assert "Last checked 20" in " ".join(recipe.about)
    assert 10 < len(recipe.headline) < 100
    assert recipe.path.read_text().startswith(f"# yaml-language-server: $schema={SCHEMA_FILE}\n")


@pytest.mark.parametrize("preset", presets(), ids=lambda each: each.name)
def test_a_preset_is_a_layer_that_a_model_and_tasks_complete(preset: Bundled, tmp_path: Path) -> None:
    (tmp_path / "rec.jsonl").write_text("")
    sets = ["model.recording=rec.jsonl"] if "replay" in preset.name else []
    flags = {"model": "anthropic/m", "dataset": "tb@2.0"}
    loaded = load(preset=preset.name, flags=flags, sets=sets, cwd=tmp_path)
    assert loaded.recipe.preset == preset.name
    assert any(origin.startswith(preset.label) for origin in loaded.origins.values())
    assert 10 < len(preset.headline) < 100


def test_the_quickstart_shows_as_recorded() -> None:
    shown = to_yaml(load(["quickstart"], cwd=ROOT), defaults=True)
    assert shown.replace(str(bundled("recipes")), "RECIPES") == GOLDEN.read_text(encoding="utf-8")


def test_the_starter_validates_and_overwrites_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "mine.yaml"
    schema_file = write_starter(path)
    assert load([path], cwd=tmp_path).recipe.name == "mine"
    assert json.loads(schema_file.read_text()) == schema()
    path.write_text("kind: eval\n")
    with pytest.raises(InputInvalid, match="exists already"):
        write_starter(path)
    assert path.read_text() == "kind: eval\n"


def test_the_schema_describes_every_section_for_editors() -> None:
    document = json.loads(json.dumps(schema()))
    assert document["additionalProperties"] is False
    assert document["properties"]["kind"]["enum"] == ["tracegen", "eval"]
    trials = document["$defs"]["Trials"]["properties"]
    assert trials["concurrency"]["description"].startswith("Trials that run at once")


def test_the_generated_pages_are_current() -> None:
    command = [sys.executable, "docs/generate.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "all pages are current\n"), done.stderr

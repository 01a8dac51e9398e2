"""Golden plans: the whole plan of a recipe on frozen facts. `OTCLOUD_GOLDEN=write` writes them anew, to be read."""

import json
from pathlib import Path
from typing import Any

import pytest

from otcloud.plan.compile import compile_plan
from otcloud.plan.plan import Plan
from otcloud.recipe.load import load
from otcloud.recipe.presets import recipes
from tests.conftest import REAL_ENVIRON
from tests.unit.architecture.source import ROOT
from tests.unit.plan.made import CLOUD, GALLERY, PRICED, facts, recipe

HERE = Path(__file__).parent


def quickstart() -> Plan:
    """The bundled recipe."""
    return compile_plan(load(["recipes/quickstart.yaml"], cwd=ROOT).recipe, facts(), "harbor-0.24.0")


def quickstart_eval() -> Plan:
    """The bundled recipe of a score."""
    return compile_plan(load(["recipes/quickstart-eval.yaml"], cwd=ROOT).recipe, facts(), "harbor-0.24.0")


def cloud() -> Plan:
    """Clouds with made-up prices, vLLM, terminus-2 and uploads."""
    return compile_plan(recipe(**CLOUD), facts(**PRICED), "harbor-0.24.0-daytona")


def gallery(name: str) -> Plan:
    """A recipe that ships, as somebody plans it who has every key and whose SkyPilot has read the catalogs."""
    loaded = load([f"recipes/{name}.yaml"], cwd=ROOT)
    keys = ("DAYTONA_API_KEY", "HF_TOKEN", "OPENAI_API_KEY")
    known = {"tasks": None, "secrets": keys} if loaded.recipe.tasks.path is None else {}
    return compile_plan(loaded.recipe, facts(**GALLERY, **known), "harbor-0.24.0-daytona")


@pytest.mark.parametrize("name", [each.name for each in recipes() if not each.name.startswith("quickstart")])
def test_the_plan_of_a_recipe_that_ships_is_the_golden_one(name: str) -> None:
    """Every key and value, twice the same; nothing is dropped, and nobody needs to be warned."""
    plan, again = gallery(name), gallery(name)
    assert plan.model_dump_json() == again.model_dump_json()
    assert plan.candidates
    assert not plan.dropped
    assert not plan.warnings
    compare(HERE / "gallery" / f"{name}.plan.json", plan)


@pytest.mark.parametrize("compiled", [quickstart, quickstart_eval, cloud], ids=lambda function: function.__name__)
def test_the_plan_is_the_golden_one(compiled: Any) -> None:
    """Every key and value. The recipe's digest depends on where the checkout is, and is left out."""
    compare(HERE / f"{compiled.__name__}.plan.json", compiled())


def compare(golden: Path, plan: Plan) -> None:
    """The plan is the one in the file; written anew when asked for."""
    document = plan.model_dump(mode="json") | {"recipe_digest": "(depends on the folder)"}
    if REAL_ENVIRON.get("OTCLOUD_GOLDEN") == "write":
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(json.dumps(document, indent=2) + "\n")
    assert document == json.loads(golden.read_text())

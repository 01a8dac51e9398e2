"""Golden plans: the whole plan of a recipe on frozen facts. `OTCLOUD_GOLDEN=write` writes them anew, to be read."""

import json
from pathlib import Path
from typing import Any

import pytest

from otcloud.plan.compile import compile_plan
from otcloud.plan.plan import Plan
from otcloud.recipe.load import load
from tests.conftest import REAL_ENVIRON
from tests.unit.architecture.source import ROOT
from tests.unit.plan.made import CLOUD, facts, recipe

HERE = Path(__file__).parent


def quickstart() -> Plan:
    """The bundled recipe."""
    return compile_plan(load(["recipes/quickstart.yaml"], cwd=ROOT).recipe, facts(), "harbor-0.24.0")


def quickstart_eval() -> Plan:
    """The bundled recipe of a score."""
    return compile_plan(load(["recipes/quickstart-eval.yaml"], cwd=ROOT).recipe, facts(), "harbor-0.24.0")


def cloud() -> Plan:
    """Clouds, vLLM, terminus-2 and uploads."""
    return compile_plan(recipe(**CLOUD), facts(), "harbor-0.24.0-daytona")


@pytest.mark.parametrize("compiled", [quickstart, quickstart_eval, cloud], ids=lambda function: function.__name__)
def test_the_plan_is_the_golden_one(compiled: Any) -> None:
    """Every key and value. The recipe's digest depends on where the checkout is, and is left out."""
    golden = HERE / f"{compiled.__name__}.plan.json"
    document = compiled().model_dump(mode="json") | {"recipe_digest": "(depends on the folder)"}
    if REAL_ENVIRON.get("OTCLOUD_GOLDEN") == "write":
        golden.write_text(json.dumps(document, indent=2) + "\n")
    assert document == json.loads(golden.read_text())

"""Whatever a recipe or an upstream file holds: a plan, or the one error with a message; nothing else."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings

from otcloud.errors import InputInvalid
from otcloud.launch.task_templates import task_templates
from otcloud.plan.compile import compile_plan
from otcloud.plan.facts import Facts
from otcloud.recipe.adopt import adopt
from otcloud.recipe.load import load
from tests.unit.recipe.upstream.corpus import WHOLE
from tests.unit.recipe.upstream.mutation import Mutant, mutants

FACTS = Facts(
    run_id="r",
    now="2030-01-01T00:00:00+00:00",
    otcloud_version="0",
    sandboxes={"local": None},
    templates=task_templates(),
)
ALLOWED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
few = settings(max_examples=200, deadline=None, suppress_health_check=ALLOWED)
many = settings(max_examples=10_000, deadline=None, suppress_health_check=ALLOWED)


def _ends_well(folder: Path, mutant: Mutant) -> None:
    (folder / "f.yaml").write_bytes(mutant.text.encode("utf-8", "surrogatepass"))
    flags: dict[str, object] = {} if mutant.flag is None else {**WHOLE, mutant.flag: ["f.yaml"]}
    try:
        loaded = load(["f.yaml"] if mutant.flag is None else [], flags=flags, cwd=folder)
        plan = compile_plan(loaded.recipe, FACTS, "lock")
    except InputInvalid as error:
        assert str(error).strip()
        assert "\0" not in str(error)
        event("refused")
        return
    event("planned")
    assert plan.model_dump_json()
    if mutant.flag is None:
        return
    try:
        adopted = adopt(["f.yaml"], folder)
    except InputInvalid:
        return  # a flag had replaced what is wrong with the file
    (folder / "mine.yaml").write_text(adopted.text, encoding="utf-8")
    assert load(["mine.yaml"], flags=WHOLE, cwd=folder).recipe == loaded.recipe


@few
@given(mutants())
def test_a_mutated_file_ends_in_a_plan_or_a_message(tmp_path: Path, mutant: Mutant) -> None:
    _ends_well(tmp_path, mutant)


@pytest.mark.soak
@many
@given(mutants())
def test_ten_thousand_mutated_files(tmp_path: Path, mutant: Mutant) -> None:
    _ends_well(tmp_path, mutant)

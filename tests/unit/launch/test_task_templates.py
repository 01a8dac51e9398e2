"""From the world to the task: what is gathered reaches SkyPilot's file, and a secret's value does not."""

from datetime import UTC, datetime
from pathlib import Path

from benchmarks.workload import make
from otcloud.launch.gather import Moment, gather
from otcloud.plan.compile import compile_plan
from otcloud.recipe.load import load
from tests.flow.command import CANARY
from tests.unit.planned import place_with


def test_a_secret_goes_into_the_task_by_its_name_alone(tmp_path: Path) -> None:
    """With a value in the environment, and one in the file of secrets."""
    path = make(tmp_path, 2, 0.0)
    (tmp_path / ".env").write_text(f"HF_TOKEN={CANARY}\n")
    sets = ["compute.providers=[slurm, kubernetes]", "secrets=[WANDB_API_KEY, HF_TOKEN]", "sandbox.type=modal"]
    recipe = load([str(path)], sets=sets, cwd=tmp_path).recipe
    names = ("WANDB_API_KEY", "MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET")
    around = place_with(tmp_path, **dict.fromkeys(names, CANARY))
    facts = gather(recipe, around, Moment(datetime(2026, 3, 1, tzinfo=UTC), "ab12"), None)
    plan = compile_plan(recipe, facts, "harbor-0.24.0-modal")
    assert plan.sky is not None
    assert plan.sky[0]["secrets"] == dict.fromkeys(sorted([*names, "HF_TOKEN"]))
    assert plan.secrets.missing == ()
    assert CANARY not in plan.model_dump_json() and CANARY not in facts.model_dump_json()

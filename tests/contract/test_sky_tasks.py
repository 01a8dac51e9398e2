"""The compiled task of every recipe at every provider, and the templates themselves, before the real SkyPilot."""

from pathlib import Path
from typing import Any

import pytest

from otcloud.errors import InputInvalid
from otcloud.launch.task_templates import task_templates
from otcloud.plan.compile import compile_plan
from otcloud.plan.plan import Plan
from otcloud.recipe.load import load
from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.compute import PROVIDERS
from tests.contract.asking_sky import ask
from tests.unit.architecture.source import ROOT
from tests.unit.plan.made import CLOUD, facts, recipe

CLOUDS = [name for name in PROVIDERS if name != "local"]
RECIPES = sorted(path.stem for path in (ROOT / "recipes").glob("*.yaml"))
NEVER_DOWN = {"hyperbolic", "primeintellect", "verda", "yotta"}
"""Providers whose machines SkyPilot cannot take down by themselves."""


def compute(**fields: Any) -> dict[str, Any]:
    """The sections of a cloud recipe with another `compute`."""
    return {**CLOUD, "compute": {"accelerators": ["H100:1"], **fields}}


SHAPES: dict[str, dict[str, Any]] = {
    "ordered": compute(providers=["gcp", "lambda", "kubernetes", "slurm"], accelerators=["H100:1", "A100-80GB:1"]),
    "regions": compute(providers=["gcp"], regions=["us-central1", "europe-west4"], zone="us-central1-a"),
    "context": compute(providers=["kubernetes"], regions=["arn:aws:eks:us-east-1:1234:cluster/mine"]),
    "partition": compute(providers=["slurm"], regions=["mine"], zone="gpus"),
    "image": compute(providers=["gcp", "runpod"], image="vllm/vllm-openai:v0.32.0", disk_gb=700),
    "nodes": compute(providers=["aws"], nodes=2, accelerators=["H100:8"]),
    "managed": compute(providers=["aws", "gcp"], spot=True) | {"sync": {"store": "s3://made/up"}},
    "api": compute(providers=["gcp"], accelerators=[]) | {"model": {"id": "gemini/made", "engine": "api"}},
    "stop": compute(providers=["gcp"]) | {"limits": {"end": "stop"}},
    "dear": compute(providers=["lambda"], max_hourly_cost=9.5),
}


def planned(asked: Recipe) -> Plan:
    """The plan on frozen facts."""
    return compile_plan(asked, facts(), "harbor-0.24.0-daytona")


def of_recipe(name: str, provider: str) -> Recipe:
    """A recipe of the gallery, sent to a provider."""
    return load([f"recipes/{name}.yaml"], sets=[f"compute.providers=[{provider}]"], cwd=ROOT).recipe


@pytest.fixture(scope="module")
def plans() -> dict[str, Plan]:
    """Every recipe at every provider that can end its machines, and every shape."""
    found = {name: planned(recipe(**sections)) for name, sections in SHAPES.items()}
    for provider in CLOUDS:
        if provider not in NEVER_DOWN:
            found[f"made at {provider}"] = planned(recipe(**compute(providers=[provider])))
            found |= {f"{name} at {provider}": plan for name in RECIPES if (plan := at(name, provider)) is not None}
    assert all(any(name.startswith(f"{each} at ") for name in found) for each in RECIPES)
    return found


def at(name: str, provider: str) -> Plan | None:
    """The plan of a recipe at a provider; None where the provider lacks what the recipe asks for, and that is said."""
    try:
        return planned(of_recipe(name, provider))
    except InputInvalid as refused:
        lacks = ("has no spot machines", "cannot form a cluster")
        assert any(each in refused.why for each in lacks), refused
        return None


@pytest.fixture(scope="module")
def seen(plans: dict[str, Plan], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What SkyPilot makes of each, and of the templates."""
    tasks = {name: sky[0] for name, plan in plans.items() if (sky := plan.sky) is not None}
    assert tasks.keys() == plans.keys()
    templates = {f"template {name}": task for name, task in task_templates().items()}
    return ask(tmp_path_factory.mktemp("sky"), "parse", tasks | templates)


def test_skypilot_accepts_every_task(seen: dict[str, Any]) -> None:
    """No field is unknown, no value of a wrong kind, no provider's name another."""
    refused = {name: told for name, told in seen.items() if isinstance(told, str)}
    assert not refused


def test_every_machine_ends_and_knows_its_run(seen: dict[str, Any], plans: dict[str, Plan]) -> None:
    """Autodown after the last job, a lifetime around the job, a label, no set-up, no way to the API server."""
    for name, told in seen.items():
        plan = plans.get(name)
        down = plan is None or plan.lifetime.end == "down"
        assert all(each == [True, 30, down, "jobs"] for each in told["autostop"]), name
        assert told["run"].startswith('timeout -k 60 "$OTCLOUD_LIFETIME_SEC" bash bootstrap.sh'), name
        assert int(told["envs"]["OTCLOUD_LIFETIME_SEC"]) > 0, name
        assert told["setup"] is None and told["api_server_access"] is False, name
        assert all(each["otcloud-run"] for each in told["labels"]), name
        if plan is not None:
            assert told["secrets"] == list(plan.secrets.required), name
            assert told["in_order"], name


def test_secrets_are_names_until_they_are_given(seen: dict[str, Any]) -> None:
    """`secrets_overrides` fills every one; none is left for a manager of secrets to find."""
    assert seen["ordered"]["secrets"] == ["DAYTONA_API_KEY", "HF_TOKEN", "WANDB_API_KEY"]
    for name, told in seen.items():
        assert told["filled"] == [told["secrets"], 0], name


@pytest.mark.parametrize("provider", CLOUDS)
def test_a_task_goes_to_the_provider_that_was_asked_for(provider: str, seen: dict[str, Any]) -> None:
    """By the name that SkyPilot knows; one whose machines cannot end themselves is refused."""
    if provider in NEVER_DOWN:
        with pytest.raises(InputInvalid, match="cannot end themselves"):
            planned(recipe(**compute(providers=[provider])))
        return
    assert seen[f"made at {provider}"]["clouds"] == [provider]


def test_the_order_and_the_places_are_kept(seen: dict[str, Any]) -> None:
    """Accelerator by accelerator; regions, zones, contexts and partitions where SkyPilot has them."""
    assert seen["ordered"]["clouds"] == ["gcp", "lambda", "kubernetes", "slurm"] * 2
    assert seen["regions"]["places"] == [["us-central1", "us-central1-a"], ["europe-west4", "us-central1-a"]]
    assert seen["context"]["places"] == [["arn:aws:eks:us-east-1:1234:cluster/mine", None]]
    assert seen["partition"]["places"] == [["mine", "gpus"]]


def test_each_shape_has_what_is_its_own(seen: dict[str, Any]) -> None:
    """Image, disk, nodes, recovery, Slurm's own time limit."""
    assert (seen["image"]["image"], seen["image"]["disk"]) == ("vllm/vllm-openai:v0.32.0", [700, 700])
    assert seen["nodes"]["nodes"] == 2
    assert seen["managed"]["recovery"] == {"strategy": "EAGER_NEXT_REGION", "max_restarts_on_errors": 0}
    time = {"slurm": {"sbatch_options": {"time": "1-12:00:00"}}}
    assert seen["partition"]["overrides"] == time
    assert seen["ordered"]["overrides"] == time | {"kubernetes": {"provision_timeout": 600}}


def test_stopping_is_refused_where_it_cannot_be_done() -> None:
    """Lambda has no stop, and a managed job is always taken down."""
    with pytest.raises(InputInvalid, match="cannot be stopped"):
        planned(recipe(**compute(providers=["lambda"]), limits={"end": "stop"}))
    managed = compute(providers=["gcp"], managed=True)
    with pytest.raises(InputInvalid, match="managed job"):
        planned(recipe(**managed, limits={"end": "keep"}))


def test_templates_are_the_files_that_ship(seen: dict[str, Any]) -> None:
    """Each is a whole task that a person can launch by hand."""
    names = {path.stem for path in Path(ROOT / "task_templates").glob("*.yaml")}
    assert names == {"vm", "nodes", "kubernetes", "slurm", "managed"}
    assert {name for name in seen if name.startswith("template ")} == {f"template {name}" for name in names}


def test_names_pass_skypilots_own_checks(tmp_path: Path) -> None:
    """The cluster's name, and the label on every cloud, for whatever a run may be called."""
    assert ask(tmp_path, "names", 200) == "held"

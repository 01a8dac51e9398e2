"""Which candidate SkyPilot's own optimizer takes from our tasks, on made-up catalogs of GCP, AWS and Lambda."""

from typing import Any

import pytest

from otcloud.plan.compile import compile_plan
from otcloud.plan.facts import Offer
from tests.contract.asking_sky import ask
from tests.unit.plan.made import CLOUD, facts, recipe

SXM = Offer(
    provider="lambda", instance_type="gpu_1x_h100_sxm5", region="us-east-1", accelerator="H100", count=1, hourly_usd=5.0
)
PCIE = SXM.model_copy(update={"instance_type": "gpu_1x_h100_pcie", "hourly_usd": 3.0})


def task(offers: tuple[Offer, ...] = (), **compute: Any) -> dict[str, Any]:
    """The compiled task; Lambda's catalog counts as read when it has offers."""
    asked = {**CLOUD, "compute": {"accelerators": ["H100:1"], **compute}}
    known = facts(offers=offers, catalogs={"lambda": None} if offers else {})
    compiled = compile_plan(recipe(**asked), known, "harbor-0.24.0-daytona").sky
    assert compiled is not None
    return compiled[0]


def capped(compiled: dict[str, Any], usd: float) -> dict[str, Any]:
    """A task that says less than its candidates cost."""
    return {**compiled, "resources": {**compiled["resources"], "max_hourly_cost": usd}}


@pytest.fixture(scope="module")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Cloud, region, instance type, accelerators and spot of the choice."""
    tasks = {
        "dear first": task(providers=["gcp", "lambda"]),
        "cheap first": task(providers=["lambda", "gcp"]),
        "not on offer": task(providers=["aws", "gcp"]),
        "region": task(providers=["gcp"], regions=["europe-west4"]),
        "sxm": task((SXM,), providers=["lambda"], instance_type="gpu_1x_h100_sxm5"),
        "both types": task((PCIE, SXM), providers=["lambda"]),
        "spot": task(providers=["aws"], accelerators=["A100-80GB:8"], spot=True),
        "nodes": task(providers=["aws"], accelerators=["H100:8"], nodes=2),
        "limit of a named type": capped(task((SXM,), providers=["lambda"]), 4.0),
        "limit at gcp": capped(task(providers=["gcp"]), 4.0),
        "limit": task(providers=["aws", "lambda"], accelerators=["H100:8", "H100:1"], max_hourly_cost=10.0),
    }
    return ask(tmp_path_factory.mktemp("sky"), "choose", {"enabled": ["gcp", "aws", "lambda"], "tasks": tasks})


GCP = ["gcp", "us-central1", "a3-highgpu-1g", {"H100": 1}, False]
LAMBDA = ["lambda", "us-east-1", "gpu_1x_h100_pcie", {"H100": 1}, False]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("dear first", GCP),
        ("cheap first", LAMBDA),
        ("not on offer", GCP),
        ("region", ["gcp", "europe-west4", "a3-highgpu-1g", {"H100": 1}, False]),
        ("sxm", ["lambda", "us-east-1", "gpu_1x_h100_sxm5", {"H100": 1}, False]),
        ("both types", LAMBDA),
        ("spot", ["aws", "us-east-1", "p4de.24xlarge", {"A100-80GB": 8}, True]),
        ("nodes", ["aws", "us-east-1", "p5.48xlarge", {"H100": 8}, False]),
        ("limit", LAMBDA),
        # What the plan's own comparison is for: SkyPilot does not look at these.
        ("limit of a named type", ["lambda", "us-east-1", "gpu_1x_h100_sxm5", {"H100": 1}, False]),
        ("limit at gcp", GCP),
    ],
)
def test_the_first_launchable_candidate_wins(asked: str, expected: list[Any], chosen: dict[str, Any]) -> None:
    """The user's order before price; what is not on offer, or too dear, is passed over."""
    assert chosen[asked] == expected


def test_each_instance_type_is_tried() -> None:
    """SkyPilot alone would try the cheapest type of an accelerator and no other."""
    entries = task((PCIE, SXM), providers=["lambda"])["resources"]["ordered"]
    assert [entry["instance_type"] for entry in entries] == ["gpu_1x_h100_pcie", "gpu_1x_h100_sxm5"]

"""What a run can cost at most: machines, sandboxes and tokens, and what is not known."""

from otcloud.plan.compile import compile_plan
from otcloud.plan.plan import Ceiling
from tests.unit.plan.made import CLOUD, PRICED, facts, recipe

LOCK = "harbor-0.24.0"
SANDBOXES = 31.8
"""16 sandboxes of 1 vCPU ($0.0504) and 2 GiB ($0.0162 each) for 24 hours."""


def of(**sections: object) -> Ceiling:
    """The ceiling of a recipe on priced facts."""
    return compile_plan(recipe(**CLOUD | sections), facts(**PRICED), LOCK).ceiling


def test_the_dearest_candidate_is_counted_with_holding() -> None:
    """Lifetime and holding; with a store ten minutes to end in, and the idle half hour."""
    found = of()
    assert [(item.what, item.usd) for item in found.items] == [
        ("machine at gcp", 3.0 * (24 + 12)),
        ("daytona sandboxes", SANDBOXES),
    ]
    assert found.known_usd == 3.0 * 36 + SANDBOXES
    assert found.unknown == ("the provider's disks and network traffic, and the minutes until a machine has started",)
    assert of(sync={"store": "s3://bucket"}).known_usd == 3.0 * 24 + 3.0 * 40 / 60 + SANDBOXES
    assert of(limits={"end": "keep"}).known_usd == 3.0 * 36 + SANDBOXES


def test_an_open_region_counts_as_the_dearest_and_every_machine_counts() -> None:
    """SkyPilot may end up in any of them; spot machines are counted at the price on demand."""
    compute = {"providers": ["gcp"], "accelerators": ["H100:1"], "nodes": 2, "spot": True}
    [machine, _] = of(compute=compute).items
    assert machine.usd == 4.0 * 2 * 36
    assert machine.basis == "2 x $4.00 x 36 h, 12 h of holding and ending included"


def test_what_is_not_known_is_named() -> None:
    """Sandboxes of unknown size or price, machines without one."""
    assert "modal sandboxes" in of(sandbox={"type": "modal"}).unknown
    assert "daytona sandboxes (each task states its own size)" in of(sandbox={"type": "daytona"}).unknown
    on_kubernetes = of(compute={"providers": ["gcp", "kubernetes"], "accelerators": ["H100:1"]})
    assert "machines at kubernetes" in on_kubernetes.unknown
    assert on_kubernetes.known_usd == 4.0 * 36 + SANDBOXES


def test_this_machine_costs_nothing_more() -> None:
    """And nothing is unknown."""
    found = compile_plan(recipe(), facts(), LOCK).ceiling
    assert (found.known_usd, found.unknown) == (0.0, ())

"""Where a run is tried: the order, what is on offer under which name, and what is dropped with which reason."""

from typing import Any

import pytest

from otcloud.errors import InputInvalid
from otcloud.plan.candidate import Candidate, Dropped
from otcloud.plan.candidates import candidates
from otcloud.plan.compile import compile_plan
from otcloud.plan.providers import KNOWN
from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.compute import PROVIDERS
from tests.unit.plan.made import PRICED, asking, facts, offer, recipe

BIG = {"weights_gb": 65.0, "layers": 64, "heads": 64, "kv_heads": 8, "head_size": 128, "max_context": 32768}


def tried(asked: Recipe, **changes: Any) -> list[str]:
    """The candidates as `provider region accelerator type`."""
    kept, _ = candidates(asked, facts(**PRICED | changes))
    return [_said(each) for each in kept]


def dropped(asked: Recipe, **changes: Any) -> dict[str, str]:
    """Place -> reason and advice."""
    _, left = candidates(asked, facts(**PRICED | changes))
    return {_said(each): f"{each.reason} ({each.advice})" for each in left}


def _said(each: Candidate | Dropped) -> str:
    return " ".join(part for part in (each.provider, each.region, each.accelerator, each.instance_type) if part)


def test_every_instance_type_is_tried_accelerator_by_accelerator() -> None:
    """SkyPilot alone would try the cheapest type of an entry and no other."""
    asked = asking(providers=["lambda", "gcp"], accelerators=["H100:1", "A100-80GB:1"])
    assert tried(asked) == [
        "lambda H100:1 gpu_1x_h100_pcie",
        "lambda H100:1 gpu_1x_h100_sxm5",
        "gcp H100:1 a3-highgpu-1g",
        "gcp A100-80GB:1 a2-ultragpu-1g",
    ]


def test_prefer_provider_and_cheapest_order_otherwise() -> None:
    """Provider by provider, or by price alone."""
    compute: dict[str, Any] = {"providers": ["gcp", "lambda"], "accelerators": ["H100:1", "A100-80GB:1"]}
    by_provider = tried(asking(**compute, prefer="provider"))
    assert [each.split()[0] for each in by_provider] == ["gcp", "gcp", "lambda", "lambda"]
    kept, _ = candidates(asking(**compute, prefer="cheapest"), facts(**PRICED))
    assert [each.hourly_usd for each in kept] == [2.0, 2.5, 2.6, 3.0]


def test_accelerators_are_found_by_the_name_that_a_provider_has_for_them() -> None:
    """RunPod's H100 is an H100-SXM; capitals do not matter; what was asked for is kept."""
    kept, _ = candidates(asking(providers=["runpod"], accelerators=["h100:1"]), facts(**PRICED))
    assert [(each.accelerator, each.asked) for each in kept] == [("H100-SXM:1", "H100:1")]
    assert tried(asking(providers=["runpod"], accelerators=["A100:1"]), catalogs={}) == ["runpod A100-80GB:1"]


def test_every_provider_is_described() -> None:
    """And a name that nobody sells is met with one that somebody does."""
    assert set(KNOWN) == set(PROVIDERS)
    asked = asking(providers=["gcp", "runpod"], accelerators=["H10O:1", "H100:1"])
    assert dropped(asked)["gcp H10O:1"] == "not offered (is it H100?)"


def test_counts_are_exact() -> None:
    """AWS has eight of them or none, and the reason says so."""
    asked = asking(providers=["aws", "gcp"], accelerators=["A100-80GB:1"])
    assert tried(asked) == ["gcp A100-80GB:1 a2-ultragpu-1g"]
    assert dropped(asked) == {"aws A100-80GB:1": "not offered (counts are exact, and there is A100-80GB:8)"}


def test_regions_are_tried_in_order_where_a_provider_has_them() -> None:
    """A region that is another provider's is left out with a warning; one that offers nothing is dropped."""
    asked = asking(
        providers=["gcp", "lambda"], accelerators=["H100:1"], regions=["europe-west4", "us-central1", "us-west9"]
    )
    assert tried(asked) == [
        "gcp europe-west4 H100:1 a3-highgpu-1g",
        "gcp us-central1 H100:1 a3-highgpu-1g",
        "lambda H100:1 gpu_1x_h100_pcie",
        "lambda H100:1 gpu_1x_h100_sxm5",
    ]
    assert dropped(asked)["gcp us-west9 H100:1"] == "not offered in us-west9 (it is in europe-west4, us-central1)"
    warnings = compile_plan(asked, facts(**PRICED), "harbor-0.24.0").warnings
    assert "compute.regions: lambda has no region of these names, so any region of it is taken" in warnings


def test_a_region_of_nobody_is_an_error() -> None:
    """Nothing is left, and the message has the name."""
    with pytest.raises(InputInvalid, match="no region mars"):
        candidates(asking(providers=["gcp"], accelerators=["H100:1"], regions=["mars"]), facts(**PRICED))


def test_a_limit_on_the_price_closes_the_dear_regions() -> None:
    """An open region would let SkyPilot go on to one that costs more."""
    asked = asking(providers=["gcp", "aws"], accelerators=["H100:1", "H100:8"], max_hourly_cost=3.5)
    assert tried(asked) == ["gcp us-central1 H100:1 a3-highgpu-1g"]
    assert "$98.00 an hour is more" in dropped(asked)["aws H100:8 p5.48xlarge"]
    kept, _ = candidates(asking(providers=["gcp"], accelerators=["H100:1"]), facts(**PRICED))
    assert [(each.hourly_usd, each.hourly_usd_max) for each in kept] == [(3.0, 4.0)]


def test_spot_is_asked_of_those_who_have_it() -> None:
    """Lambda has none, and GCP has no spot price for this type."""
    asked = asking(providers=["lambda", "gcp"], accelerators=["A100:1", "H100:1"], spot=True)
    kept, _ = candidates(asked, facts(**PRICED))
    assert [(each.provider, each.spot, each.spot_hourly_usd) for each in kept] == [("gcp", True, 1.0)]
    assert "no spot machines" in dropped(asked)["lambda"]
    assert "not offered as a spot machine" in dropped(asked)["gcp A100:1 a2-highgpu-1g"]


@pytest.mark.parametrize(
    ("compute", "limits", "provider", "reason"),
    [
        ({}, {"end": "stop"}, "lambda", "machines cannot be stopped (set limits.end to down"),
        ({}, {"end": "stop"}, "kubernetes", "machines cannot be stopped"),
        ({"spot": True}, {"end": "stop"}, "aws", "spot machines cannot be stopped"),
        ({"nodes": 2}, {}, "runpod", "cannot form a cluster"),
        ({"image": "some/image"}, {}, "shadeform", "runs no container image"),
        ({}, {}, "primeintellect", "nothing would enforce the lifetime"),
    ],
    ids=str,
)
def test_what_a_provider_cannot_do_drops_it(
    compute: dict[str, Any], limits: dict[str, Any], provider: str, reason: str
) -> None:
    """Once for each provider, whatever the accelerators."""
    asked = asking(limits=limits, providers=[provider, "gcp"], accelerators=["H100:1", "H100:2"], **compute)
    left = dropped(asked, catalogs={}, offers=())
    assert list(left) == [provider]
    assert reason in left[provider]


def test_what_does_not_fit_is_dropped_with_the_sums() -> None:
    """65 GB of weights on 40 GB; the two accelerators that can take them have sizes of their own."""
    asked = asking(BIG, providers=["gcp"], accelerators=["A100:1", "A100-80GB:1", "H100:2"])
    kept, _ = candidates(asked, facts(**PRICED))
    sizes = [each.sizes for each in kept]
    assert [(each.tensor * each.pipeline * each.data) for each in sizes if each is not None] == [1, 2]
    told = dropped(asked)
    assert list(told) == ["gcp A100:1 a2-highgpu-1g"]
    assert "weights of 65 GB do not fit" in told["gcp A100:1 a2-highgpu-1g"]


def test_without_a_catalog_the_plan_still_compiles() -> None:
    """Prices are unknown, said once."""
    reason = "its catalog could not be fetched; is there a network?"
    asked = asking(providers=["gcp", "aws"], accelerators=["H100:1"])
    made = compile_plan(asked, facts(catalogs={"gcp": reason, "aws": reason}), "harbor-0.24.0")
    assert [(each.provider, each.instance_type, each.hourly_usd) for each in made.candidates] == [
        ("gcp", None, None),
        ("aws", None, None),
    ]
    assert f"prices and offers are not known (gcp, aws: {reason})" in made.warnings
    assert made.ceiling.known_usd is None
    assert "machines at gcp, aws" in made.ceiling.unknown


def test_kubernetes_and_slurm_have_contexts_and_clusters_and_no_price() -> None:
    """A region that no cloud of the recipe could have is theirs."""
    asked = asking(providers=["kubernetes", "slurm", "gcp"], accelerators=["H100:1"], regions=["lab-a", "us-central1"])
    assert tried(asked) == [
        "kubernetes lab-a H100:1",
        "slurm lab-a H100:1",
        "gcp us-central1 H100:1 a3-highgpu-1g",
    ]


def test_an_instance_type_is_taken_by_name() -> None:
    """Its accelerator comes from the catalog; a name that a provider does not have is dropped."""
    asked = asking(providers=["gcp", "aws"], instance_type="p5.48xlarge")
    assert tried(asked) == ["aws H100:8 p5.48xlarge"]
    assert "no machine of this type" in dropped(asked)["gcp p5.48xlarge"]


def test_a_model_that_others_serve_needs_a_small_machine() -> None:
    """No GPU is rented, whatever the recipe lists; the machine is sized where there is no catalog."""
    asked = recipe(model={"id": "m", "engine": "api", "base_url": "http://h/v1"}, sandbox={"type": "daytona"})
    asked = asked.model_copy(
        update={"compute": asked.compute.model_copy(update={"providers": ["gcp"], "accelerators": ["H100:8"]})}
    )
    small = offer("gcp", "us-central1", "n2-standard-4", None, 0.2, 0.1)
    assert tried(asked, offers=(small,)) == ["gcp n2-standard-4"]
    [unpriced], _ = candidates(asked, facts())
    assert (unpriced.accelerator, unpriced.min_cpus, unpriced.min_memory_gb) == (None, 4, 16)


def test_many_types_are_cut_and_counted() -> None:
    """Vast has hundreds; the dearer ones are named."""
    many = tuple(offer("vast", "US", f"type-{number}", "H100:1", 1.0 + number, None) for number in range(20))
    asked = asking(providers=["vast"], accelerators=["H100:1"])
    changes: dict[str, Any] = {"offers": many, "catalogs": {"vast": None}}
    assert len(tried(asked, **changes)) == 4
    [told] = [each for each in dropped(asked, **changes) if "type-4" in each]
    assert "and 10 more" in told


def test_no_accelerator_means_the_usual_one_and_says_so() -> None:
    """As OpenThoughts-Agent's launchers do; this machine's GPUs are what they are."""
    asked = asking(providers=["gcp"])
    assert tried(asked) == ["gcp A100:1 a2-highgpu-1g"]
    warnings = compile_plan(asked, facts(**PRICED), "harbor-0.24.0").warnings
    assert "compute.accelerators is not given: A100:1 is taken" in warnings
    assert tried(asking(providers=["local"])) == ["local"]

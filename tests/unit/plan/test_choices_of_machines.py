"""Any choice of machines: equal input gives equal bytes, and every choice ends in candidates or in reasons."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from otcloud.errors import InputInvalid
from otcloud.plan.candidates import candidates
from otcloud.plan.compile import compile_plan
from otcloud.plan.facts import Facts
from otcloud.plan.providers import KNOWN
from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.compute import PROVIDERS
from tests.unit.plan.made import PRICED, asking, facts

COMPUTE = st.fixed_dictionaries(
    {
        "providers": st.lists(st.sampled_from(PROVIDERS), min_size=1, max_size=5),
        "accelerators": st.lists(st.sampled_from(["H100", "h100:1", "H100:8", "A100:1", "A100-80GB:8", "Z9:3"])),
        "regions": st.lists(st.sampled_from(["us-central1", "us-east-1", "US", "mars", "", "x" * 99]), max_size=3),
        "prefer": st.sampled_from(["accelerator", "provider", "cheapest"]),
        "spot": st.booleans(),
        "nodes": st.sampled_from([1, 2, 256]),
    },
    optional={
        "zone": st.text(max_size=9),
        "instance_type": st.sampled_from(["p5.48xlarge", "a3-highgpu-1g", "?"]),
        "image": st.just("some/image"),
        "max_hourly_cost": st.sampled_from([1e-9, 3.5, 1e300]),
    },
)


def test_equal_recipes_and_facts_give_equal_bytes() -> None:
    """Also when both went through JSON."""
    asked = asking(providers=["gcp", "aws", "runpod"], accelerators=["H100:1", "H100:8"], prefer="cheapest")
    known = facts(**PRICED)
    first = compile_plan(asked, known, "harbor-0.24.0")
    again = compile_plan(
        Recipe.model_validate_json(asked.model_dump_json()),
        Facts.model_validate_json(known.model_dump_json()),
        "harbor-0.24.0",
    )
    assert first.model_dump_json() == again.model_dump_json()


@given(COMPUTE, st.sampled_from(["down", "stop", "keep"]), st.booleans())
def test_every_choice_ends_in_a_plan_or_in_reasons(compute: dict[str, Any], end: str, known: bool) -> None:
    """Whatever is asked for: each place once, none that cannot be had, and each drop with its reason."""
    asked = asking(limits={"end": end}, **compute)
    try:
        kept, left = candidates(asked, facts(**PRICED if known else {}))
    except InputInvalid as error:
        assert ": " in error.why
        return
    places = [(each.provider, each.region, each.accelerator, each.instance_type) for each in kept]
    assert len(places) == len(set(places)) > 0
    assert all(each.reason for each in left)
    for each in kept:
        assert each.provider == "local" or KNOWN[each.provider].down
        assert not (asked.compute.spot and known and each.hourly_usd and each.spot_hourly_usd is None)

"""What a recipe asks for in the way of machines: GPUs or none, which, and in which regions of which provider. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from otcloud.plan.accelerators import split
from otcloud.plan.facts import Facts
from otcloud.plan.providers import KNOWN
from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.agent import MODELLESS_AGENTS

DEFAULT_ACCELERATOR = "A100:1"
"""What OpenThoughts-Agent's launchers take when nothing is said."""

MIN_CPUS = 4
MIN_MEMORY_GB = 16
"""A machine that runs Harbor alone, with its sandboxes elsewhere."""


@dataclass(frozen=True)
class Wanted:
    """One accelerator of the recipe, `H100` and 8; no name: a machine without GPUs, or of a stated type."""

    name: str | None = None
    count: int = 0

    def __str__(self) -> str:
        return f"{self.name}:{self.count}" if self.name else ""


def needs_gpu(recipe: Recipe) -> bool:
    """Whether a model server that wants a GPU is booted."""
    booted = recipe.model.engine == "vllm" and recipe.agent.name not in MODELLESS_AGENTS
    return booted and recipe.serve.device != "cpu"


def wanted(recipe: Recipe) -> tuple[Wanted, ...]:
    """The accelerators to look for, in the recipe's order."""
    compute = recipe.compute
    if not needs_gpu(recipe):
        return (Wanted(),)
    if not compute.accelerators and (compute.instance_type or compute.providers == ["local"]):
        return (Wanted(),)
    return tuple(dict.fromkeys(Wanted(*split(each)) for each in compute.accelerators or [DEFAULT_ACCELERATOR]))


def regions_of(provider: str, recipe: Recipe, facts: Facts) -> tuple[str | None, ...] | None:
    """The recipe's regions that a provider may have, in order; (None,): any; None: it has none of them.

    A region that is plainly another provider's (`us-central1` beside lambda) does not keep a provider from being tried.
    """
    compute = recipe.compute
    if not compute.regions:
        return (None,)
    own = tuple(region for region in compute.regions if _knows(provider, region, compute.providers, facts))
    if own:
        return own
    others = [each for each in compute.providers if each != provider]
    foreign = any(_knows(each, region, compute.providers, facts) for each in others for region in compute.regions)
    return (None,) if foreign else None


def _knows(provider: str, region: str, providers: Iterable[str], facts: Facts) -> bool:
    if KNOWN[provider].regions is not None and KNOWN[provider].may_have(region):
        return True
    if facts.catalogs.get(provider, "") is None:
        return region.lower() in {(offer.region or "").lower() for offer in facts.offers if offer.provider == provider}
    claimed = any(KNOWN[each].regions is not None and KNOWN[each].may_have(region) for each in providers)
    return KNOWN[provider].regions is None and provider != "local" and not claimed


def wishes(recipe: Recipe, facts: Facts) -> Iterator[str]:
    """What is done otherwise than the recipe says, a sentence each."""
    compute = recipe.compute
    clouds = [each for each in dict.fromkeys(compute.providers) if each != "local"]
    if needs_gpu(recipe) and not compute.accelerators and not compute.instance_type and clouds:
        yield f"compute.accelerators is not given: {DEFAULT_ACCELERATOR} is taken"
    if not needs_gpu(recipe) and compute.accelerators:
        why = f"where model.engine is {recipe.model.engine}" if recipe.model.engine != "vllm" else "in this recipe"
        yield f"compute.accelerators: a machine with GPUs has nothing to do {why}"
    for provider in clouds if compute.regions else ():
        if regions_of(provider, recipe, facts) == (None,):
            place = KNOWN[provider].place
            yield f"compute.regions: {provider} has no {place} of these names, so any {place} of it is taken"
    for region in compute.regions if clouds else ():
        if not any(_knows(provider, region, compute.providers, facts) for provider in clouds):
            yield f"compute.regions: {region} is no region of {', '.join(clouds)}"
    for provider in clouds if compute.zone is not None else ():
        if not KNOWN[provider].zones:
            yield f"compute.zone: {provider} has no zones, so it is left out there"
    yield from _unpriced(facts, clouds)
    unpriced = [each for each in clouds if not KNOWN[each].priced]
    if unpriced and compute.max_hourly_cost is not None:
        yield f"compute.max_hourly_cost does not hold for {', '.join(unpriced)}: there are no prices"


def _unpriced(facts: Facts, providers: Iterable[str]) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for provider in providers:
        if (reason := facts.catalogs.get(provider)) is not None:
            reasons.setdefault(reason, []).append(provider)
    told = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in reasons.items())
    if told:
        yield f"prices and offers are not known ({told})"

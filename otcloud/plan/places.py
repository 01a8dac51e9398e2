"""Places: providers x accelerators x regions x instance types, in the recipe's order, from what is on offer. Pure.

SkyPilot tries only the cheapest instance type of an accelerator, so each type is a place of its own. Counts are exact.
Whether a model fits and what it costs is decided in candidates.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from otcloud.plan.accelerators import names_at, nearest
from otcloud.plan.candidate import Dropped
from otcloud.plan.facts import Facts, Offer
from otcloud.plan.providers import KNOWN, able
from otcloud.plan.wanted import Wanted, regions_of, wanted
from otcloud.recipe.schema import Recipe

MOST_TYPES = 4
"""Instance types of one accelerator at one provider in one region; the cheapest are kept."""

_MOST_NAMED = 6


@dataclass(frozen=True)
class Place:
    """One type of machine at one provider. `offers`: one for each region that is open, the cheapest first."""

    provider: str
    wanted: Wanted
    name: str | None = None
    count: int = 0
    region: str | None = None
    instance_type: str | None = None
    offers: tuple[Offer, ...] = ()

    @property
    def accelerator(self) -> str | None:
        """Name and count, by the provider's name."""
        return f"{self.name}:{self.count}" if self.name else None


def price(offer: Offer, spot: bool) -> float | None:
    """What is paid, in dollars per hour and machine."""
    return offer.spot_hourly_usd if spot else offer.hourly_usd


def places(recipe: Recipe, facts: Facts) -> Iterator[Place | Dropped]:
    """Every place that the recipe asks for, in its order, and what cannot be had."""
    providers = list(dict.fromkeys(recipe.compute.providers))
    pairs = [(provider, each) for each in wanted(recipe) for provider in providers]
    if recipe.compute.prefer == "provider":
        pairs.sort(key=lambda pair: providers.index(pair[0]))
    for provider, each in pairs:
        yield from _at(provider, each, recipe, facts)


def _at(provider: str, asked: Wanted, recipe: Recipe, facts: Facts) -> Iterator[Place | Dropped]:
    if provider == "local":
        yield Place("local", asked, asked.name, asked.count)
        return
    refusal = _refusal(provider, recipe)
    regions = regions_of(provider, recipe, facts)
    if refusal is None and regions is None:
        told = f"it has no {KNOWN[provider].place} {' or '.join(recipe.compute.regions)}"
        refusal = (told, "leave compute.regions out to take any")
    if refusal is not None:
        yield Dropped(provider=provider, reason=refusal[0], advice=refusal[1])
        return
    for region in regions or ():
        if facts.catalogs.get(provider, "") is None:
            yield from _offered(provider, asked, region, recipe, facts)
        else:
            name = names_at(provider, asked.name)[0] if asked.name else None
            yield Place(provider, asked, name, asked.count, region, recipe.compute.instance_type)


def _refusal(provider: str, recipe: Recipe) -> tuple[str, str] | None:
    """What a provider cannot do that the recipe asks for, and what would help."""
    compute, known = recipe.compute, KNOWN[provider]
    if not known.down:
        return "its machines cannot end themselves, so nothing would enforce the lifetime", "take another provider"
    if compute.spot and not known.spot:
        return "it has no spot machines", f"leave compute.spot out, or take one of {_some(able('spot'))}"
    if compute.nodes > 1 and not known.multi_node:
        return (
            "its machines cannot form a cluster",
            f"set compute.nodes to 1, or take one of {_some(able('multi_node'))}",
        )
    if compute.image and not known.image:
        return "it runs no container image", f"leave compute.image out, or take one of {_some(able('image'))}"
    if recipe.limits.end == "stop" and (known.stop == "never" or (known.stop == "on demand" and compute.spot)):
        what = "spot machines" if known.stop != "never" else "machines"
        return f"its {what} cannot be stopped", f"set limits.end to down, or take one of {_some(able('stop'))}"
    return None


def _offered(
    provider: str, asked: Wanted, region: str | None, recipe: Recipe, facts: Facts
) -> Iterator[Place | Dropped]:
    own = [offer for offer in facts.offers if offer.provider == provider and _suits(offer, asked, recipe)]
    there = [offer for offer in own if region is None or (offer.region or region).lower() == region.lower()]
    if not there:
        reason, advice = _missing(provider, asked, region, own, recipe, facts)
        yield Dropped(
            provider=provider,
            accelerator=str(asked) or None,
            region=region,
            instance_type=recipe.compute.instance_type,
            reason=reason,
            advice=advice,
        )
        return
    types = _by_type(there, asked, recipe.compute.spot)
    for offers in types[:MOST_TYPES]:
        first = offers[0]
        named = region and (first.region or region)
        yield Place(provider, asked, first.accelerator, first.count, named, first.instance_type, offers)
    if types[MOST_TYPES:]:
        names = [offers[0].instance_type or "?" for offers in types[MOST_TYPES:]]
        yield Dropped(
            provider=provider,
            accelerator=str(asked) or None,
            region=region,
            instance_type=_some(names),
            reason=f"the {MOST_TYPES} cheapest types of this accelerator are tried, these are dearer",
            advice="compute.instance_type names one",
        )


def _suits(offer: Offer, asked: Wanted, recipe: Recipe) -> bool:
    stated = recipe.compute.instance_type
    if stated is not None and offer.instance_type != stated:
        return False
    if asked.name is None:
        return stated is not None or offer.accelerator is None
    return offer.count == asked.count and offer.accelerator in names_at(offer.provider, asked.name)


def _by_type(offers: Sequence[Offer], asked: Wanted, spot: bool) -> list[tuple[Offer, ...]]:
    """Offers by instance type, those by the recipe's own name first, then the cheapest."""
    types: dict[tuple[str | None, str | None], list[Offer]] = {}
    for offer in offers:
        types.setdefault((offer.accelerator, offer.instance_type), []).append(offer)
    ordered = [tuple(sorted(many, key=lambda offer: _rank(offer, spot))) for many in types.values()]
    return sorted(ordered, key=lambda many: (many[0].accelerator != asked.name, *_rank(many[0], spot)))


def _rank(offer: Offer, spot: bool) -> tuple[float, str, str]:
    paid = price(offer, spot)
    return (float("inf") if paid is None else paid, offer.instance_type or "", offer.region or "")


def _missing(
    provider: str, asked: Wanted, region: str | None, own: Sequence[Offer], recipe: Recipe, facts: Facts
) -> tuple[str, str]:
    """Why there is no such offer, and what there is instead."""
    if own and region is not None:
        regions = sorted({offer.region for offer in own if offer.region})
        near = get_close_matches(region.lower(), regions, n=1)
        others = [*near, *(each for each in regions if each not in near)]
        return f"not offered in {region}", f"it is in {_some(others)}"
    if asked.name is None:
        stated = recipe.compute.instance_type
        what = f"no machine of this type: {stated}" if stated else "no small machine without GPUs"
        return f"it has {what}", "check the name, or leave compute.instance_type out" if stated else ""
    names = names_at(provider, asked.name)
    offered = {(offer.accelerator, offer.count) for offer in facts.offers if offer.provider == provider}
    there = [f"{name}:{count}" for name, count in sorted(offered, key=str) if name in names]
    if there:
        return "not offered", f"counts are exact, and there is {_some(there)}"
    near = nearest(asked.name)
    return "not offered", f"is it {near}?" if near else ""


def _some(names: Sequence[str]) -> str:
    """A few of many names, with a count of the rest."""
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")

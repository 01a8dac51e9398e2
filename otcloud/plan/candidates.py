"""Candidates: the places at which the run would work and may cost what it costs, in the user's order. Pure.

What is dropped is told with the reason and with what would help; when nothing is left, compilation ends.
"""

from collections.abc import Iterator, Sequence

from otcloud.errors import InputInvalid, join_problems
from otcloud.plan.accelerators import memory_gb
from otcloud.plan.candidate import Candidate, Dropped
from otcloud.plan.facts import Facts, Offer
from otcloud.plan.fit import Misfit, Sizes, fit
from otcloud.plan.machine import ends
from otcloud.plan.places import Place, places, price
from otcloud.plan.providers import KNOWN
from otcloud.plan.serve import compile_serve
from otcloud.plan.wanted import MIN_CPUS, MIN_MEMORY_GB, needs_gpu
from otcloud.recipe.schema import Recipe


def candidates(recipe: Recipe, facts: Facts) -> tuple[tuple[Candidate, ...], tuple[Dropped, ...]]:
    """Where the run is tried, first choice first, and what is not tried.

    Error: InputInvalid with every reason when nothing is left.
    """
    kept: dict[tuple[str | None, ...], Candidate] = {}
    dropped: list[Dropped] = []
    for place in places(recipe, facts):
        for found in _considered(place, recipe, facts):
            if isinstance(found, Dropped):
                dropped.append(found)
            else:
                key = (found.provider, found.accelerator, found.region, found.instance_type)
                kept.setdefault(key, found)
    if not kept:
        raise _nothing(dropped)
    found = list(kept.values())
    if recipe.compute.prefer == "cheapest":
        found.sort(key=lambda each: float("inf") if (usd := paid(each)) is None else usd * each.nodes)
    return tuple(found), tuple(dict.fromkeys(dropped))


def paid(candidate: Candidate) -> float | None:
    """What one machine of a candidate costs, in dollars per hour; None when it is not known."""
    return candidate.spot_hourly_usd if candidate.spot else candidate.hourly_usd


def hours(recipe: Recipe) -> float:
    """The longest that a machine is paid for, once it runs: the lifetime, holding of results, and idling."""
    run_sec, idle_min = ends(recipe)
    return (run_sec + idle_min * 60) / 3600


def notes(kept: Sequence[Candidate]) -> Iterator[str]:
    """What was planned otherwise than stated, each once, with the accelerators that it is about where not all are."""
    about: dict[str, dict[str, None]] = {}
    for candidate in kept:
        for note in candidate.sizes.notes if candidate.sizes else ():
            about.setdefault(note, {})[candidate.accelerator or candidate.provider] = None
    everything = {candidate.accelerator or candidate.provider for candidate in kept}
    for note, names in about.items():
        yield note if len(names) == len(everything) else f"{', '.join(names)}: {note}"


def _considered(place: Place | Dropped, recipe: Recipe, facts: Facts) -> Iterator[Candidate | Dropped]:
    if isinstance(place, Dropped):
        yield place
        return
    sizes = _sizes(place, recipe, facts)
    if isinstance(sizes, Misfit):
        yield _drop(place, sizes.reason, sizes.advice)
        return
    for offers in _affordable(place, recipe):
        if isinstance(offers, Dropped):
            yield offers
        else:
            yield _candidate(place, offers, sizes, recipe, facts)


def _sizes(place: Place, recipe: Recipe, facts: Facts) -> Sizes | Misfit | None:
    """Parallel sizes for the place's GPUs; None where no GPU serves the model."""
    if not needs_gpu(recipe):
        return None
    return fit(recipe, facts.shape or recipe.model.shape, _memory(place), place.count, recipe.compute.nodes)


def _memory(place: Place) -> float | None:
    """Memory of one GPU in GiB, as the catalog says it, else as its maker does."""
    offered = place.offers[0].gpu_memory_gb if place.offers else None
    return (memory_gb(place.name) if place.name else None) or offered


def _affordable(place: Place, recipe: Recipe) -> Iterator[tuple[Offer, ...] | Dropped]:
    """The offers of a place within the recipe's limit, together where all are, region by region where some are not."""
    spot, limit = recipe.compute.spot, recipe.compute.max_hourly_cost
    if not place.offers:
        yield ()
        return
    sold = tuple(offer for offer in place.offers if not spot or offer.spot_hourly_usd is not None)
    if not sold:
        yield _drop(place, "it is not offered as a spot machine", "leave compute.spot out")
        return
    cheap = tuple(offer for offer in sold if limit is None or (price(offer, spot) or 0.0) <= limit)
    if len(cheap) == len(sold):
        yield cheap
    elif cheap:
        yield from ((offer,) for offer in cheap)
    else:
        least = price(sold[0], spot) or 0.0
        told = f"${least:.2f} an hour is more than compute.max_hourly_cost (${limit:.2f})"
        yield _drop(place, told, f"set compute.max_hourly_cost to {least:.2f} or more")


def _candidate(place: Place, offers: tuple[Offer, ...], sizes: Sizes | None, recipe: Recipe, facts: Facts) -> Candidate:
    compute = recipe.compute
    small = place.provider != "local" and not needs_gpu(recipe) and compute.instance_type is None
    region = place.region or (offers[0].region if len(offers) == 1 and len(place.offers) > 1 else None)
    demand = [offer.hourly_usd for offer in offers if offer.hourly_usd is not None]
    spot = [offer.spot_hourly_usd for offer in offers if offer.spot_hourly_usd is not None]
    local = place.provider == "local"
    dearest = max((*demand, *(spot if compute.spot else ())), default=0.0 if local else None)
    asked = str(place.wanted) or None
    return Candidate(
        provider=place.provider,
        accelerator=place.accelerator,
        asked=asked if asked != place.accelerator else None,
        region=region,
        zone=compute.zone if KNOWN[place.provider].zones else None,
        instance_type=place.instance_type,
        spot=compute.spot and not local,
        nodes=compute.nodes,
        gpu_memory_gb=_memory(place),
        min_cpus=MIN_CPUS if small and not place.instance_type else None,
        min_memory_gb=MIN_MEMORY_GB if small and not place.instance_type else None,
        hourly_usd=min(demand, default=0.0 if local else None),
        hourly_usd_max=max(demand) if len(set(demand)) > 1 else None,
        spot_hourly_usd=min(spot, default=None),
        ceiling_usd=None if dearest is None else round(dearest * compute.nodes * hours(recipe), 2),
        sizes=sizes,
        serve=compile_serve(recipe, recipe.model.id or facts.recorded_model, sizes),
    )


def _drop(place: Place, reason: str, advice: str) -> Dropped:
    return Dropped(
        provider=place.provider,
        accelerator=place.accelerator,
        region=place.region,
        instance_type=place.instance_type,
        reason=reason,
        advice=advice,
    )


def _nothing(dropped: list[Dropped]) -> InputInvalid:
    reasons = [
        f"{where(each)}: {each.reason}{f' ({each.advice})' if each.advice else ''}" for each in dict.fromkeys(dropped)
    ]
    return InputInvalid(
        "no machine that the recipe asks for can run it",
        why=join_problems(reasons) if len(reasons) > 1 else reasons[0],
        do="change one of these; --cloud-provider and --accelerator take lists",
    )


def where(place: Candidate | Dropped) -> str:
    """A place as a person says it: provider and region, what it has, its type."""
    at = "/".join(part for part in (place.provider, place.region) if part)
    return " ".join(part for part in (at, place.accelerator, place.instance_type) if part)

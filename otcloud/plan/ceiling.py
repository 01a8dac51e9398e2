"""The ceiling: what a run can cost at most, part by part, and what is paid for and not known. Pure."""

from collections.abc import Iterator, Sequence

from otcloud.plan.api import is_api
from otcloud.plan.candidate import Candidate
from otcloud.plan.candidates import hours
from otcloud.plan.plan import Ceiling, CostItem
from otcloud.plan.providers import KNOWN
from otcloud.recipe.schema import Recipe

_HOSTED_PRICES = {"daytona": (0.0504, 0.0162), "e2b": (0.0504, 0.0162)}
"""Sandbox type -> dollars per hour for one vCPU and for one GiB of memory: the public list prices as of June 2026
(E2B's billing page, which prices 8 vCPU and 4 GiB at $0.468; Daytona's are the same)."""

_LARGEST = 10_000_000
"""CPUs, or MB of memory, that no sandbox has."""

_PRICED_ON = "list price of June 2026"


def ceiling(recipe: Recipe, candidates: Sequence[Candidate], sandbox: str) -> Ceiling:
    """The dearest candidate for its whole life, every sandbox for the run's, and tokens up to their limit."""
    machine = _machine(recipe, candidates)
    others = [*_sandboxes(recipe, sandbox), *_tokens(recipe)]
    known = [item for item in (machine, *others) if isinstance(item, CostItem)]
    unknown = [item for item in others if isinstance(item, str)]
    if unpriced := dict.fromkeys(each.provider for each in candidates if each.ceiling_usd is None):
        unknown.append(f"machines at {', '.join(unpriced)}")
    if any(KNOWN[each.provider].priced for each in candidates):
        unknown.append("the provider's disks and network traffic, and the minutes until a machine has started")
    total = None if machine is None else round(sum(item.usd for item in known), 2)
    return Ceiling(known_usd=total, unknown=tuple(unknown), items=tuple(known))


def _machine(recipe: Recipe, candidates: Sequence[Candidate]) -> CostItem | None:
    priced = [each for each in candidates if each.ceiling_usd is not None]
    if not priced:
        return None
    dearest = max(priced, key=lambda each: each.ceiling_usd or 0.0)
    usd, life = dearest.ceiling_usd or 0.0, hours(recipe)
    if dearest.provider == "local" and usd == 0:
        return CostItem(what="this machine", usd=0.0, basis="costs nothing more")
    nodes = f"{dearest.nodes} x " if dearest.nodes > 1 else ""
    held = f", {life - recipe.limits.max_hours:.3g} h of holding and ending included"
    rate = usd / life / dearest.nodes
    return CostItem(what=f"machine at {dearest.provider}", usd=usd, basis=f"{nodes}${rate:.2f} x {life:.4g} h{held}")


def _sandboxes(recipe: Recipe, sandbox: str) -> Iterator[CostItem | str]:
    if sandbox in ("local", "docker", "podman"):
        return
    what, wanted = f"{sandbox} sandboxes", recipe.sandbox
    if sandbox not in _HOSTED_PRICES:
        yield what
        return
    if wanted.cpus is None or wanted.memory_mb is None:
        yield f"{what} (each task states its own size)"
        return
    if max(wanted.cpus, wanted.memory_mb) > _LARGEST:
        yield f"{what} (nobody sells them so large)"
        return
    cpu, gib = _HOSTED_PRICES[sandbox]
    each = wanted.cpus * cpu + wanted.memory_mb / 1024 * gib
    usd = round(each * recipe.trials.concurrency * recipe.limits.max_hours, 2)
    basis = f"{recipe.trials.concurrency} x ${each:.4f} x {recipe.limits.max_hours:g} h, {_PRICED_ON}"
    yield CostItem(what=what, usd=usd, basis=basis)


def _tokens(recipe: Recipe) -> Iterator[CostItem | str]:
    """What a provider's tokens add: how many there will be is not known, and the limit alone bounds them."""
    if not is_api(recipe):
        return
    model, limit = recipe.model, recipe.limits.max_cost
    if limit is not None:
        yield CostItem(what="tokens", usd=limit, basis="limits.max_cost, where the run is ended")
    elif model.input_usd_per_mtok is None:
        yield "the model provider's price per token"
    elif model.input_usd_per_mtok or model.output_usd_per_mtok:
        asked, answered = model.input_usd_per_mtok, model.output_usd_per_mtok or 0.0
        yield f"${asked:g} a million prompt tokens, ${answered:g} a million answered"

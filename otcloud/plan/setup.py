"""What is known of the time until the first trial: measured times, sizes, and the limits that end the wait. Pure."""

from collections.abc import Iterator, Sequence

from otcloud.plan.candidate import Candidate
from otcloud.plan.facts import Facts
from otcloud.recipe.schema import Recipe


def set_up(recipe: Recipe, facts: Facts, candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """Phrases, in the order in which things happen; nothing where this machine serves no model."""
    return tuple(_phrases(recipe, facts, candidates))


def _phrases(recipe: Recipe, facts: Facts, candidates: Sequence[Candidate]) -> Iterator[str]:
    providers = {each.provider for each in candidates}
    if "slurm" in providers:
        yield "slurm: SkyPilot takes 40 s once the job runs (measured on one machine); the queue's wait is unknown"
    if providers - {"local", "slurm"}:
        yield "getting a machine: unknown, it depends on the provider's stock"
    spec = candidates[0].serve
    if spec.engine != "vllm":
        return
    weights = (facts.shape or recipe.model.shape).weights_gb
    size = "weights of unknown size" if weights is None else f"{weights:g} GB of weights"
    where = "" if recipe.serve.cache is None else ", unless serve.cache has them"
    yield f"{size} to fetch and load: unknown, it depends on the network{where}"
    yield f"the server must have answered after {spec.ready_timeout_sec / 60:g} min (serve.ready_timeout_min)"

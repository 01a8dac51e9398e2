"""Why a model does not fit, and the setting that would help: each advice is tried before it is given."""

from math import ceil

from otcloud.plan.memory import Layout, overhead_gb, sequence_gb, weights_gb
from otcloud.plan.sizes import planned
from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.noun import Noun
from otcloud.recipe.schema.shape import Shape

LEAST_CONTEXT = 4096
"""Shorter contexts are not advised."""


class Misfit(Noun):
    """A candidate that cannot serve the model."""

    reason: str
    """What does not fit, with the sums."""

    advice: str
    """Settings that help, or more GPUs."""


def misfit(recipe: Recipe, shape: Shape, memory: tuple[float, float], context: int, where: tuple[int, int]) -> Misfit:
    """Reason and advice. `memory`: GiB of a GPU, and GB that the server may take of it; `where`: GPUs and machines."""
    given_gb, usable = memory
    gpus, nodes = where
    splits = [Layout(*each, None, recipe.serve.cpu_offload_gb or 0.0) for each in planned(shape, gpus, nodes)]
    if not splits:
        told = f"{shape.layers} layers and {shape.heads} attention heads cannot be split over {gpus} x {nodes} GPUs"
        return Misfit(reason=told, advice="take another number of GPUs")
    narrow = min(splits, key=lambda each: weights_gb(shape, each) + overhead_gb(each))
    left = usable - weights_gb(shape, narrow) - overhead_gb(narrow)
    place = f"{gpus * nodes} x {given_gb:g} GB"
    share = f"{weights_gb(shape, narrow):.1f} GB of weights and {overhead_gb(narrow):.1f} GB of overhead"
    if left <= 0:
        total = f"weights of {shape.weights_gb:g} GB do not fit on {place}"
        reason = f"{total}: {share} on each GPU, which has {usable:.1f} GB to use"
    else:
        dtyped = Layout(narrow.tensor, narrow.pipeline, narrow.data, recipe.serve.kv_cache_dtype)
        one = sequence_gb(shape, dtyped, context)
        reason = (
            f"one context of {context} tokens does not fit on {place}: it takes {one:.1f} GB of each GPU, "
            f"and {share} leave {left:.1f} of {usable:.1f} GB"
        )
    return Misfit(
        reason=reason,
        advice="; ".join([*_settings(recipe, shape, narrow, left, context), _more(shape, usable, gpus * nodes)]),
    )


def _settings(recipe: Recipe, shape: Shape, layout: Layout, left: float, context: int) -> list[str]:
    """Settings that make it fit on the same GPUs."""
    found: list[str] = []
    now = recipe.serve.kv_cache_dtype
    fp8 = Layout(layout.tensor, layout.pipeline, layout.data, "fp8")
    if (now or "auto") == "auto" and sequence_gb(shape, fp8, context) <= left:
        found.append("serve.kv_cache_dtype: fp8")
    same = Layout(layout.tensor, layout.pipeline, layout.data, now)
    halves = (context >> times for times in range(1, context.bit_length()))
    shorter = next((each for each in halves if each >= LEAST_CONTEXT and sequence_gb(shape, same, each) <= left), None)
    if shorter is not None:
        found.append(f"serve.max_model_len: {shorter}")
    missing = sequence_gb(shape, same, context) - left
    if 0 < missing <= weights_gb(shape, layout) / 4:
        stated = recipe.serve.cpu_offload_gb or 0.0
        found.append(f"serve.cpu_offload_gb: {ceil(missing + stated)} (slow: weights cross the bus at every step)")
    return found


def _more(shape: Shape, usable: float, too_few: int) -> str:
    room = usable - overhead_gb(Layout(2, 1, 1))
    if room <= 0:
        return "GPUs with more memory"
    at_least = 1
    while at_least <= too_few or (shape.weights_gb or 0.0) / at_least > 0.9 * room:
        at_least *= 2
    return f"GPUs with more memory, or more of them ({at_least} of these and up)"

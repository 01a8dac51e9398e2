"""What the user of upstream files should know once all layers are merged: warnings, no changes."""

from collections.abc import Iterator, Sequence

from otcloud.recipe.fields import dotted
from otcloud.recipe.layer import Layer, Stated
from otcloud.recipe.problems import shown
from otcloud.recipe.upstream.files import Upstream

_SIZES = (("sandbox", "cpus"), ("sandbox", "memory_mb"), ("sandbox", "storage_mb"))
_SOURCES = (("tasks", "path"), ("tasks", "hub"), ("tasks", "registry"))
_CHOSEN = (("tasks", "include"), ("tasks", "exclude"), ("tasks", "limit"))
_MODEL = ("model", "id")


def notes(stated: Layer, upstream: Upstream) -> list[str]:
    """Warnings about upstream values that hold, or no longer fit what stands above them."""
    layers = upstream.layers
    return [*_scores(stated, layers), *_other_model(stated, layers), *_other_tasks(stated, layers)]


def _scores(stated: Layer, layers: Sequence[Layer]) -> Iterator[str]:
    kind = stated.get(("kind",))
    if kind is None or kind.value != "eval":
        return
    kept = [key for key in _SIZES if key in stated and any(layer.get(key) is stated[key] for layer in layers)]
    if kept:
        told = ", ".join(f"{dotted(key)} {stated[key].value} ({stated[key].origin})" for key in kept)
        yield (
            f"{told}: kept, and every task gets this instead of what it asks for: "
            "the score cannot stand beside a published one"
        )


def _other_model(stated: Layer, layers: Sequence[Layer]) -> Iterator[str]:
    """The sizes and parsers of a server's file are those of its own model."""
    holds = stated.get(_MODEL)
    for layer in layers:
        own = layer.get(_MODEL)
        served = any(key[0] == "serve" for key in layer)
        if holds is not None and own is not None and served and not _same(holds, own):
            yield (
                f"model.id {shown(str(own.value))} ({own.origin}) is replaced by {shown(str(holds.value))} "
                f"({holds.origin}); the file's sizes and parsers were written for the former"
            )


def _other_tasks(stated: Layer, layers: Sequence[Layer]) -> Iterator[str]:
    """Names of tasks belong to a source; they hold all the same, because fewer tasks were meant."""
    source = [stated[key] for key in _SOURCES if key in stated]
    for layer in layers:
        kept = [key for key in _CHOSEN if key in layer and stated.get(key) is layer[key]]
        if kept and source and not any(each is layer.get(key) for each in source for key in _SOURCES):
            told = ", ".join(f"{dotted(key)} ({layer[key].origin})" for key in kept)
            yield f"{told}: holds for the tasks of {source[0].origin} too; `--set {dotted(kept[0])}=` takes it away"


def _same(one: Stated, other: Stated) -> bool:
    return one.value == other.value

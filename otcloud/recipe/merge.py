"""Layers -> one set of stated values. A later layer wins: mappings merge deep, lists and single values replace.

Choosing another of things that exclude each other (a source of tasks, an agent) drops what belonged to the former.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from otcloud.recipe.fields import Key, dotted
from otcloud.recipe.layer import Layer, Stated
from otcloud.recipe.problems import shown


@dataclass(frozen=True)
class Choice:
    """Keys of which a recipe states one, and the keys that only make sense with the one that was stated."""

    members: tuple[Key, ...]
    belongings: tuple[Key, ...] = ()


CHOICES = (
    Choice(
        members=(("tasks", "path"), ("tasks", "hub"), ("tasks", "registry")),
        belongings=(("tasks", "revision"), ("tasks", "file")),
    ),
    Choice(
        members=(("agent", "name"), ("agent", "import_path")),
        belongings=(("agent", "kwargs"), ("agent", "file")),
    ),
    Choice(members=(("sandbox", "type"),), belongings=(("sandbox", "kwargs"),)),
    Choice(
        members=(("model", "engine"),),
        belongings=(
            *(("model", "recording"), ("model", "base_url"), ("model", "api_key")),
            *(("model", "input_usd_per_mtok"), ("model", "output_usd_per_mtok")),
        ),
    ),
    Choice(members=(("model", "id"),), belongings=(("model", "shape"),)),
)

_SECTIONS: frozenset[Key] = frozenset({("model", "shape")})
"""Belongings that are whole sections."""

KIND_DEFAULTS: Mapping[str, Mapping[Key, object]] = {
    "tracegen": {("trials", "concurrency"): 64},
    "eval": {("trials", "attempts"): 3},
}
"""What a kind states below everything else: the figures that users of OpenThoughts-Agent expect."""


@dataclass
class Merged:
    """The values that count, and what was dropped on the way."""

    stated: Layer = field(default_factory=dict[Key, Stated])
    warnings: list[str] = field(default_factory=list[str])


def merge(layers: Iterable[Layer]) -> Merged:
    """Merge layers, the weakest first."""
    merged = Merged()
    for layer in layers:
        for choice in CHOICES:
            _choose(merged, layer, choice)
        overlay(merged.stated, layer)
    return merged


def apply_kind_defaults(stated: Layer) -> None:
    """State what the recipe's kind states by itself, where nothing else does."""
    kind = stated.get(("kind",))
    name = str(kind.value) if kind and kind.value else "tracegen"
    for key, value in KIND_DEFAULTS.get(name, {}).items():
        if key not in stated or stated[key].value is None:
            stated[key] = Stated(value, f"default of {name}")


def _choose(merged: Merged, layer: Layer, choice: Choice) -> None:
    below = _chosen(merged.stated, choice)
    above = _chosen(layer, choice)
    if not above or not below or above == below:
        return
    new = ", ".join(f"{dotted(member)} {shown(value)}" for member, value in above.items())
    left_out: dict[Key, str] = {}
    for key in list(merged.stated):
        belonging = next((each for each in choice.belongings if _within(key, each)), None)
        if any(_within(key, member) for member in choice.members):
            del merged.stated[key]
        elif belonging is not None:
            gone = merged.stated.pop(key)
            # A section is told of once, a free-form mapping name by name.
            left_out.setdefault(belonging if belonging in _SECTIONS else key, gone.origin)
    for key, origin in left_out.items():
        merged.warnings.append(f"{dotted(key)} ({origin}) is left out: it does not belong to {new}")


def _chosen(layer: Layer, choice: Choice) -> dict[Key, object]:
    return {
        member: layer[member].value for member in choice.members if member in layer and layer[member].value is not None
    }


def overlay(stated: Layer, layer: Layer) -> None:
    """Set a layer's values. What stood below one of them or, as a single value, above it gives way."""
    above = {key[:end] for key in layer for end in range(1, len(key))}
    for key in list(stated):
        if key in above or any(key[:end] in layer for end in range(1, len(key) + 1)):
            del stated[key]
    stated.update(layer)


def _within(key: Key, above: Key) -> bool:
    return key[: len(above)] == above


def nest(stated: Layer) -> dict[str, object]:
    """The nested mappings that the schema validates. A field taken back to its default does not appear."""
    from otcloud.recipe.fields import fields

    root: dict[str, object] = {}
    for key, each in stated.items():
        if each.value is None and key in fields():
            continue
        place = root
        for name in key[:-1]:
            place = _below(place, name)
        place[key[-1]] = each.value
    return root


def _below(place: dict[str, object], name: str) -> dict[str, object]:
    child = place.setdefault(name, {})
    assert isinstance(child, dict), f"{name} is a single value and a mapping at once"
    return child  # pyright: ignore[reportUnknownVariableType]

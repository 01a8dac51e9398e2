"""The shape of a model that a shipped preset knows, for recipes that name the model without the preset."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from otcloud.recipe.document import read_file
from otcloud.recipe.presets import PRESETS, presets
from otcloud.recipe.schema.shape import Shape


def known_shape(model_id: str | None, folder: Path = PRESETS) -> Shape | None:
    """What the first preset for this model states of its shape; None when none does."""
    for each in presets(folder) if model_id else []:
        # Most presets name no model: their YAML is not worth reading.
        if f"id: {model_id}\n" not in each.path.read_text(encoding="utf-8"):
            continue
        written, _ = read_file(each.path, each.label)
        value = written.value if written is not None else None
        model: Any = cast("Mapping[str, Any]", value).get("model", {}) if isinstance(value, Mapping) else {}
        if model.get("id") == model_id and model.get("shape"):
            return Shape.model_validate(model["shape"])
    return None

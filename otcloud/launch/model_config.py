"""The config.json of a model that is on this machine: in a folder that the recipe names, or in Hugging Face's cache.

Nothing is downloaded. What a config means is `plan.shape_of`'s affair.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from otcloud.plan.shape_of import filled, shape_of
from otcloud.recipe.schema.model import Model
from otcloud.recipe.schema.shape import Shape
from otcloud.recipe.shapes import known_shape

_LARGEST = 5_000_000
"""Most bytes of a config or an index of weights."""


def find_shape(model: Model, environ: Mapping[str, str], cwd: Path) -> Shape | None:
    """What is known of a model's shape: its files on this machine first, then what the recipe or else a preset states.

    None when nothing is. A file that cannot be understood is the same as none.
    """
    folder = model_folder(model, environ, cwd) if model.engine == "vllm" else None
    config = _document(folder / "config.json") if folder is not None else None
    read = shape_of(config, _weights_gb(folder)) if config is not None and folder is not None else None
    stated = model.shape if model.shape.model_fields_set else known_shape(model.id)
    return filled(read, stated or Shape())


def model_folder(model: Model, environ: Mapping[str, str], cwd: Path) -> Path | None:
    """The folder with the model's files: the id as a folder, or the snapshot of the Hub's cache; None for neither."""
    if model.id is None or "\0" in model.id:
        return None
    if model.id.startswith(("/", "./", "../", "~")):
        return cwd / model.id.replace("~", environ.get("HOME", "~"), 1)
    repository = _hub_cache(environ) / f"models--{model.id.replace('/', '--')}"
    revision = model.revision or "main"
    reference = _text(repository / "refs" / revision)
    return repository / "snapshots" / (reference.strip() if reference is not None else revision)


def _hub_cache(environ: Mapping[str, str]) -> Path:
    """As huggingface_hub finds it: HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME, the home folder."""
    if cache := environ.get("HF_HUB_CACHE"):
        return Path(cache)
    general = environ.get("XDG_CACHE_HOME") or f"{environ.get('HOME', '/nonexistent')}/.cache"
    return Path(environ.get("HF_HOME") or f"{general}/huggingface") / "hub"


def _weights_gb(folder: Path) -> float | None:
    """GB of the weights by the index of their files, else by the files themselves; None when neither is there."""
    index = _document(folder / "model.safetensors.index.json")
    metadata: Any = index.get("metadata") if index is not None else None
    total: Any = cast("Mapping[str, Any]", metadata).get("total_size") if isinstance(metadata, Mapping) else None
    if isinstance(total, int | float) and total > 0:
        return float(total) / 1e9
    try:
        size = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    except OSError:
        # A broken link into the cache's blobs: the weights are not here.
        return None
    return size / 1e9 or None


def _document(path: Path) -> Mapping[str, Any] | None:
    text = _text(path)
    try:
        value: object = json.loads(text) if text is not None else None
    except ValueError:
        # A half-written or foreign file says nothing of the model.
        return None
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8") if path.stat().st_size <= _LARGEST else None
    except (OSError, ValueError):
        # Not there, not to be entered, or no text: nothing is known from it.
        return None

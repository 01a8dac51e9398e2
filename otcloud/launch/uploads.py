"""What a run would send to another machine, and its size; for a run on this one nothing is sent."""

import os
from pathlib import Path

import otcloud
from otcloud.datasets import tasks
from otcloud.plan.facts import TaskSet
from otcloud.recipe.schema import Recipe


def uploads(recipe: Recipe, found: TaskSet | None) -> dict[str, int]:
    """What is sent -> bytes. Empty when the run takes place here."""
    if recipe.compute.providers == ["local"]:
        return {}
    sizes = {"otcloud's code": _size(Path(otcloud.__file__).parent)}
    if found is not None and recipe.tasks.path is not None:
        source = tasks.source_folder(recipe.tasks.path)
        sizes[f"{len(found.tasks)} tasks"] = sum(_size(source / fact.name) for fact in found.tasks)
    elif recipe.tasks.path is not None:
        sizes["the tasks file"] = _size(recipe.tasks.path)
    if recipe.model.engine == "replay" and recipe.model.recording is not None:
        sizes["the recording"] = _size(recipe.model.recording)
    if recipe.agent.file is not None:
        sizes["the agent's code"] = _size(recipe.agent.file)
    return sizes


def _size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; links count as links, compiled Python is not sent."""
    if not path.is_dir():
        return path.lstat().st_size if path.exists() else 0
    total = 0
    for folder, names, files in os.walk(path):
        names[:] = [name for name in names if name != "__pycache__"]
        total += sum((Path(folder) / name).lstat().st_size for name in files)
    return total

"""A real plan of a made-up workload, compiled as the command line does it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.workload import make
from otcloud.launch.gather import Moment, gather
from otcloud.launch.place import Place, place
from otcloud.plan.compile import compile_plan
from otcloud.plan.plan import Plan
from otcloud.programs import harbor_lock
from otcloud.recipe.load import load
from otcloud.recipe.schema import Recipe
from otcloud.runs.layout import RunDir

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def recipe_of(folder: Path, *sets: str, tasks: int = 2) -> Recipe:
    """The recipe of a workload in `folder`, with `key=value` settings on top."""
    made = folder / "recipe.yaml"
    path = made if made.exists() else make(folder, tasks, 0.0)
    return load([str(path)], preset=None, sets=sets, flags={}, cwd=folder, kind=None).recipe


def place_with(cwd: Path, **secrets: str) -> Place:
    """The surroundings of a user who has these variables, and no program."""
    return place({"HOME": str(cwd), "PATH": "", **secrets}, cwd, Path("runs"))


def plan_of(recipe: Recipe) -> Plan:
    """The plan of a recipe, for a user without secrets."""
    facts = gather(recipe, place_with(Path("/nonexistent")), Moment(NOW, "ab12"), None)
    return compile_plan(recipe, facts, harbor_lock(recipe.programs.harbor, "docker"))


def record(created: str = "2026-03-01T10:00:00+00:00", **facts: Any) -> dict[str, Any]:
    """The client's record of a new run."""
    return {"kind": "tracegen", "created": created, "recipe_digest": "d1", "planned": 4, **facts}


def nothing(_run: RunDir) -> None:
    """A run without inputs."""

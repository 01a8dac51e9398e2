"""`tasks`: what the agent works on."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from otcloud.recipe.schema.noun import Noun, Positive


class Tasks(Noun):
    """One source of Harbor tasks, and which of them to take."""

    path: Path | None = None
    """A folder of task folders, one task folder, or a parquet file of packed tasks."""

    hub: str | None = None
    """A dataset id on the Hugging Face Hub (`org/name`)."""

    revision: str | None = None
    """`hub` only: branch, tag or commit."""

    file: str | None = None
    """`hub` only: the parquet file inside the dataset."""

    registry: str | None = None
    """A slug of Harbor's registry (`terminal-bench@2.0`)."""

    include: list[str] = Field(default_factory=list[str])
    """Globs over task names; empty takes all."""

    exclude: list[str] = Field(default_factory=list[str])
    """Globs over task names that are left out, after `include`."""

    limit: Positive | None = None
    """Take the first so many tasks, by name."""

    rollouts: Path | None = None
    """A file that gives the number of rollouts of each task."""

    broken: Literal["skip", "refuse"] = "skip"
    """What happens when a task cannot be read: leave it out and say so, or refuse the run."""

    @model_validator(mode="after")
    def _at_most_one_source(self) -> "Tasks":
        given = [name for name in ("path", "hub", "registry") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"give one source of tasks, not {' and '.join(given)}")
        return self

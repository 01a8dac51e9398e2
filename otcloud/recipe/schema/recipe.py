"""The recipe itself: one noun for each section."""

from typing import Literal

from pydantic import Field

from otcloud.recipe.schema.agent import Agent
from otcloud.recipe.schema.compute import Compute
from otcloud.recipe.schema.model import Model
from otcloud.recipe.schema.noun import EnvName, Noun, Slug
from otcloud.recipe.schema.programs import Programs
from otcloud.recipe.schema.results import Limits, Publish, Sync
from otcloud.recipe.schema.sandbox import Sandbox
from otcloud.recipe.schema.serve import Serve
from otcloud.recipe.schema.tasks import Tasks
from otcloud.recipe.schema.trials import Trials


class Recipe(Noun):
    """What the user wants: agent traces, or a benchmark score."""

    kind: Literal["tracegen", "eval"] = "tracegen"
    """`tracegen` makes traces, `eval` makes a score."""

    name: Slug | None = None
    """Start of the run's id; the recipe's file name when absent."""

    preset: str | None = None
    """A preset to build on; `otcloud recipe list` shows them."""

    model: Model = Field(default_factory=Model)
    """The model and the engine that serves it."""

    serve: Serve = Field(default_factory=Serve)
    """How the model is served."""

    compute: Compute = Field(default_factory=Compute)
    """Where the run takes place."""

    agent: Agent = Field(default_factory=Agent)
    """Who works on the tasks."""

    sandbox: Sandbox = Field(default_factory=Sandbox)
    """Where the agent's commands run."""

    tasks: Tasks = Field(default_factory=Tasks)
    """What the agent works on."""

    trials: Trials = Field(default_factory=Trials)
    """Attempts, concurrency, retries and tolerance."""

    sync: Sync = Field(default_factory=Sync)
    """How finished trials come home."""

    publish: Publish = Field(default_factory=Publish)
    """Where results go at the end."""

    limits: Limits = Field(default_factory=Limits)
    """What the run may take at most."""

    secrets: list[EnvName] = Field(default_factory=list[EnvName])
    """Names of further secrets that the run needs; values never stand in a recipe."""

    programs: Programs = Field(default_factory=Programs)
    """Versions of the programs that otcloud runs."""

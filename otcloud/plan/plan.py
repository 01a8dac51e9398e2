"""The Plan: everything that will be executed, as plain data. No absolute path, no port, no secret's value."""

from typing import Any, Literal

from pydantic import Field

from otcloud.plan.candidate import ApiSpec as ApiSpec
from otcloud.plan.candidate import Candidate, Dropped
from otcloud.plan.candidate import ServeSpec as ServeSpec
from otcloud.plan.facts import TaskSet
from otcloud.plan.machine import Machine
from otcloud.recipe.schema.noun import Noun
from otcloud.recipe.schema.results import Publish, Sync
from otcloud.recipe.schema.trials import EarlyStop


class TaskPlan(Noun):
    """Where the tasks come from and what is known of them."""

    kind: Literal["path", "hub", "registry"]
    """Kind of source."""

    slug: str
    """Short name, used for folders and as Harbor's name of the dataset."""

    reference: str
    """What the recipe names; a local path by its last part alone."""

    broken: Literal["skip", "refuse"]
    """What happens when a task cannot be read."""

    found: TaskSet | None
    """The tasks, when the source could be read."""


class HarborPlan(Noun):
    """The Harbor jobs."""

    version: str
    """Pinned version."""

    lock: str
    """Name of the locked requirements that hold it."""

    attempts: int
    """Rollouts of each task."""

    max_retries: int
    """Retries inside a job, of trials that failed for infrastructure reasons."""

    infra_tolerance: float
    """Share of trials that may be lost to infrastructure."""

    early_stop: EarlyStop
    """When the run ends early."""

    agent_digest: str | None = None
    """Digest of the agent's code that travels in `agent/`; None for an agent that is installed."""

    job: dict[str, Any]
    """Harbor's job file without name and tasks, which the node fills in."""

    compose: dict[str, Any] | None = None
    """Compose settings of every trial, which the node writes into a file; None where no container engine is used."""


class SecretPlan(Noun):
    """Secrets, by name."""

    required: tuple[str, ...]
    """Names that the run cannot do without."""

    missing: tuple[str, ...]
    """Those of them that are not present."""


class Lifetime(Noun):
    """The run's hard end."""

    max_sec: float = Field(gt=0)
    """Seconds after which the machine ends the run."""

    max_cost_usd: float | None
    """Most that the run may cost."""

    idle_min: int
    """Minutes without work after which the machine goes down."""

    hold_hours: float
    """Hours for which unfetched results are kept."""

    end: Literal["down", "stop", "keep"]
    """What becomes of the machine."""


class CostItem(Noun):
    """One known part of the ceiling."""

    what: str
    """What is paid for."""

    usd: float
    """Dollars at most."""

    basis: str
    """How the figure comes about, and where its price is from."""


class Ceiling(Noun):
    """What the run can cost at most."""

    known_usd: float | None
    """Sum of what is known; None when the price of no machine is known."""

    unknown: tuple[str, ...]
    """Costs that exist and are not in the sum."""

    items: tuple[CostItem, ...] = ()
    """The parts of the sum: the dearest candidate for its whole lifetime, holding included, then the rest."""


class Upload(Noun):
    """Something that goes to the machine."""

    what: str
    """What it is."""

    size_bytes: int
    """Size in bytes, before compression."""


class Plan(Noun):
    """What `--dry-run` prints, `launch` executes and the run directory stores."""

    plan_version: Literal[1] = 1
    """Format of this document."""

    run_id: str
    """The run."""

    kind: Literal["tracegen", "eval"]
    """Traces, or a score."""

    created: str
    """UTC, ISO 8601."""

    otcloud_version: str
    """Version that compiled the plan."""

    recipe_digest: str
    """Identity of the recipe: equal recipes resume each other's runs."""

    launcher: Literal["local", "sky"]
    """Who executes it."""

    candidates: tuple[Candidate, ...]
    """Places to run, first choice first."""

    dropped: tuple[Dropped, ...] = ()
    """Places that were asked for and are not tried."""

    machine: Machine | None = None
    """What all candidates share; None for a run on this machine."""

    sky: tuple[dict[str, Any], ...] | None = None
    """SkyPilot's task, as it is launched; None for a run on this machine."""

    tasks: TaskPlan
    """The tasks."""

    harbor: HarborPlan
    """The Harbor jobs."""

    sandbox: str
    """Sandbox type after `auto` has been decided."""

    sync: Sync
    """How finished trials come home."""

    publish: Publish
    """Where results go."""

    lifetime: Lifetime
    """The hard end."""

    ceiling: Ceiling
    """What it can cost."""

    uploads: tuple[Upload, ...] = ()
    """What is sent to another machine; empty for a run on this one."""

    set_up: tuple[str, ...] = ()
    """What is known of the time until the first trial, and where that is from; a phrase each."""

    secrets: SecretPlan
    """Secrets, by name."""

    warnings: tuple[str, ...] = ()
    """What the user should know before saying yes."""

    overrides: tuple[str, ...] = ()
    """Settings that make the score one of its own, not comparable with a published one; a sentence each."""

    not_built: tuple[str, ...] = ()
    """Parts of the recipe that this version has no code for; launch refuses them."""

    @property
    def planned_trials(self) -> int | None:
        """Trials that the run will make; None before the tasks are known."""
        return None if self.tasks.found is None else len(self.tasks.found.tasks) * self.harbor.attempts

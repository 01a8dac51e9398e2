"""The Plan: everything that will be executed, as plain data. No absolute path, no port, no secret's value."""

from typing import Any, Literal

from pydantic import Field

from otcloud.plan.facts import TaskSet
from otcloud.recipe.schema.noun import Noun
from otcloud.recipe.schema.results import Publish, Sync
from otcloud.recipe.schema.trials import EarlyStop


class ApiSpec(Noun):
    """An endpoint that nobody boots."""

    base_url: str | None
    """Root of the OpenAI protocol; None for a provider whose address litellm knows."""

    key: str | None
    """Name of the secret that holds the key; None for an endpoint that asks for none."""

    key_variable: str
    """Variable under which agents are given the key."""

    input_usd_per_mtok: float | None
    """Price of a million prompt tokens in dollars, as the recipe states it."""

    output_usd_per_mtok: float | None
    """Price of a million generated tokens in dollars, as the recipe states it."""


class ServeSpec(Noun):
    """How one candidate serves the model."""

    engine: Literal["vllm", "api", "replay", "none"]
    """`none`: the agent asks no model."""

    model: str | None
    """Model id."""

    served_name: str | None
    """Name that requests use."""

    recording: str | None = None
    """`replay`: the recording, relative to the run directory."""

    api: ApiSpec | None = None
    """`api`: the endpoint."""

    ready_timeout_sec: float
    """Seconds until the first completion must have been answered; with `api` also the longest silence in a run."""

    max_restarts: int
    """Times a dead server is started again."""


class Candidate(Noun):
    """One place to run, complete in itself; candidates are tried in order."""

    provider: str
    """`local`, or a provider of SkyPilot."""

    accelerator: str | None = None
    """Accelerator and count."""

    region: str | None = None
    """Region, when the recipe asks for one."""

    hourly_usd: float | None = None
    """Price in dollars per hour; 0 for this machine, None when unknown."""

    serve: ServeSpec
    """How this candidate serves the model."""


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


class Ceiling(Noun):
    """What the run can cost at most."""

    known_usd: float | None
    """Dearest candidate for its whole lifetime, holding included; None when no price is known."""

    unknown: tuple[str, ...]
    """Costs that exist and are not in the sum."""


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

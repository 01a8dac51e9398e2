"""A candidate: one place to run and how it serves the model; and a place that was dropped. Plain data in a plan."""

from typing import Any, Literal

from pydantic import Field

from otcloud.plan.fit import Sizes
from otcloud.recipe.schema.noun import Noun


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

    version: str | None = None
    """`vllm`: its version."""

    device: Literal["auto", "cpu"] = "auto"
    """`vllm`: what it runs on."""

    options: dict[str, Any] = Field(default_factory=dict[str, Any])
    """`vllm`: its options by name, without where it listens and its key."""

    argv: tuple[str, ...] = ()
    """`vllm`: what follows `vllm serve` on its command line, the model first; where it listens comes after it."""

    env: dict[str, str] = Field(default_factory=dict[str, str])
    """`vllm`: environment variables of the server, from the recipe; secrets and the key are not among them."""


class Candidate(Noun):
    """One place to run, complete in itself; candidates are tried in order."""

    provider: str
    """`local`, or a provider of SkyPilot."""

    accelerator: str | None = None
    """Accelerator and count by the provider's own name; None for a machine without GPUs, or this machine's own."""

    asked: str | None = None
    """The accelerator as the recipe names it, where the provider's name is another."""

    region: str | None = None
    """Region, Kubernetes context or Slurm cluster; None: whichever the launcher finds."""

    zone: str | None = None
    """Zone, or Slurm partition."""

    instance_type: str | None = None
    """The provider's type of machine; None where its offers are not known, or it has none."""

    spot: bool = False
    """A machine that the provider may take back."""

    nodes: int = 1
    """Machines that serve the model together."""

    gpu_memory_gb: float | None = None
    """Memory of one GPU in GiB; None where unknown."""

    min_cpus: int | None = None
    """Fewest CPUs, of a machine that is chosen by its size."""

    min_memory_gb: int | None = None
    """Least memory in GiB, of a machine that is chosen by its size."""

    hourly_usd: float | None = None
    """One machine on demand, in dollars per hour; of the cheapest region when the region is open; None: unknown."""

    hourly_usd_max: float | None = None
    """The same in the dearest region, when the region is open."""

    spot_hourly_usd: float | None = None
    """One spot machine, in dollars per hour; prices of spot machines move."""

    ceiling_usd: float | None = None
    """All machines on demand, in the dearest region, for the whole lifetime and holding; None when unknown."""

    sizes: Sizes | None = None
    """Parallel sizes, context and the sums behind them; None where no GPU serves the model."""

    serve: ServeSpec
    """How this candidate serves the model."""


class Dropped(Noun):
    """A place that was asked for and is not tried."""

    provider: str
    """Provider."""

    accelerator: str | None = None
    """Accelerator and count, as the recipe or the provider names it."""

    region: str | None = None
    """Region, when one was asked for."""

    instance_type: str | None = None
    """Type of machine."""

    reason: str
    """Why it is not tried."""

    advice: str = ""
    """What would help."""

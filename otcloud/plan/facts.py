"""Facts: all that compilation needs from the world, gathered before it and frozen."""

from typing import Any

from pydantic import Field

from otcloud.recipe.schema.noun import Noun
from otcloud.recipe.schema.shape import Shape


class TaskFact(Noun):
    """One task that was found at the source."""

    name: str
    """The task folder's name."""

    digest: str
    """SHA-256 over the folder's files (names, executable bits, contents)."""


class TaskSet(Noun):
    """The tasks of one source, as they were found, sorted by name, after include, exclude and limit."""

    slug: str
    """Short name of the source; the dataset's name in Harbor's results."""

    digest: str
    """Digest over the names and digests of the tasks."""

    tasks: tuple[TaskFact, ...]
    """The tasks that were taken."""

    left_out: int = 0
    """Tasks at the source that include, exclude or limit left out."""


class Offer(Noun):
    """What one provider asks for one type of machine in one region."""

    provider: str
    """Provider's name."""

    region: str | None = None
    """Region; None for a provider without."""

    instance_type: str | None = None
    """The provider's type of machine; None where it has none."""

    accelerator: str | None = None
    """Accelerator by the provider's name, without the count; None for a machine without GPUs."""

    count: int = 0
    """GPUs of the machine."""

    gpu_memory_gb: float | None = None
    """Memory of one GPU in GiB; None when the catalog does not say."""

    hourly_usd: float | None = None
    """On demand, in dollars per hour; None when it is not sold that way, or the price is not known."""

    spot_hourly_usd: float | None = None
    """As a machine that may be taken back, in dollars per hour."""


class Facts(Noun):
    """The world, frozen."""

    run_id: str
    """The id that the run will have."""

    now: str
    """UTC, ISO 8601."""

    otcloud_version: str
    """This otcloud."""

    tasks: TaskSet | None = None
    """Tasks of a local source; None when the source needs the network."""

    recording_sha256: str | None = None
    """Digest of the recording that the replay engine serves."""

    agent_digest: str | None = None
    """Digest of the code of an agent of the user's own."""

    recorded_model: str | None = None
    """Model named by the recording."""

    shape: Shape | None = None
    """The model's sizes: from its files on this machine, else as the recipe or a preset states; None when unknown."""

    sandboxes: dict[str, str | None] | None = None
    """Type -> None when it works here, else the reason why not: of all that `auto` may take, in order of preference, or
    of the container engine that the recipe names."""

    secrets: tuple[str, ...] = ()
    """Names of the secrets that are present."""

    offers: tuple[Offer, ...] = ()
    """What the providers' catalogs offer of what the recipe asks for, every count of an accelerator."""

    catalogs: dict[str, str | None] = Field(default_factory=dict[str, str | None])
    """Provider -> None when its catalog was read, so that what it does not offer does not exist; else why not."""

    templates: dict[str, dict[str, Any]] = Field(default_factory=dict[str, dict[str, Any]])
    """Task templates by name; none for a run on this machine."""

    uploads: dict[str, int] = Field(default_factory=dict[str, int])
    """What would be sent to another machine -> size in bytes."""

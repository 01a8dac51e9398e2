"""Facts: all that compilation needs from the world, gathered before it and frozen."""

from otcloud.recipe.schema.noun import Noun


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
    """What one provider asks for one machine."""

    provider: str
    """Provider's name."""

    accelerator: str | None = None
    """Accelerator and count."""

    hourly_usd: float | None = None
    """Price in dollars per hour; None when it could not be read."""


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

    sandboxes: dict[str, str | None] | None = None
    """Type -> None when it works here, else the reason why not: of all that `auto` may take, in order of preference, or
    of the container engine that the recipe names."""

    secrets: tuple[str, ...] = ()
    """Names of the secrets that are present."""

    offers: tuple[Offer, ...] = ()
    """Prices that could be read."""

"""`sync` and `publish`: how finished trials come home, and where results go."""

from typing import Annotated, Literal

from pydantic import Field

from otcloud.recipe.schema.noun import Noun, PositiveSeconds


class Sync(Noun):
    """How finished trials come home from another machine."""

    enabled: bool = True
    """Bring finished trials home while the run goes on."""

    interval_sec: PositiveSeconds = 120.0
    """Seconds between two rounds."""

    store: str | None = None
    """Bucket, Hub repository or shared folder that every finished trial is published to."""


class Publish(Noun):
    """Where results go at the end."""

    traces: bool = True
    """Build the traces dataset in the run directory."""

    episodes: Literal["last", "all"] = "last"
    """One row for each trial, or one for each turn."""

    hub_repo: str | None = None
    """Dataset repository on the Hub for the traces."""

    benchmark_repo: str | None = None
    """Dataset repository on the Hub that names the benchmark."""

    private: bool = True
    """Create repositories as private."""

    database: bool = False
    """Record the result in the database."""

    username: str | None = None
    """Name under which the database records it."""

    on_error: Literal["skip", "rollback"] = "skip"
    """When one destination fails: keep what worked, or undo all."""


class Limits(Noun):
    """What the run may take at most; the machine itself enforces the lifetime."""

    max_hours: Annotated[float, Field(gt=0, le=24 * 14)] = 24.0
    """Hard lifetime of the run, in hours. There is no run without one."""

    max_cost: Annotated[float, Field(gt=0)] | None = None
    """Most that the run may cost, in dollars."""

    autostop_min: Annotated[int, Field(ge=0)] = 30
    """Minutes without work after which the machine goes down; 0 leaves it up to the lifetime."""

    hold_hours: Annotated[float, Field(ge=0, le=24 * 14)] = 12.0
    """Hours for which a finished machine keeps results that nobody has fetched."""

    end: Literal["down", "stop", "keep"] = "down"
    """What becomes of the machine at the end; `stop` and `keep` last up to the lifetime at most."""

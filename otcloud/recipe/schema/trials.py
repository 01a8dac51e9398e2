"""`trials`: how often each task is tried, how many at once, and what is done about failures."""

from typing import Annotated

from pydantic import Field

from otcloud.recipe.schema.noun import Fraction, Noun, Positive, PositiveSeconds


class EarlyStop(Noun):
    """When a run that only burns money is paused, and ended early. An attempt that is retried counts too."""

    enabled: bool = True
    """Watch the first attempts and a sliding window of the latest."""

    smoke_trials: Positive = 8
    """First attempts of which one must come through."""

    window: Positive = 50
    """Latest attempts over which failure rates are taken, from half as many on."""

    max_infra_rate: Fraction = 0.5
    """Share of infrastructure failures in the window above which new starts are paused."""

    max_empty_rate: Fraction = 0.5
    """Share of trials with mostly empty answers in the window above which new starts are paused."""

    pause_sec: PositiveSeconds = 60.0
    """Seconds until a single trial is let through to see whether it is over; twice as long after each that fails."""

    probes: Annotated[int, Field(ge=0)] = 3
    """Single trials that may fail before the run ends (exit code 10 when none ever came through, else 7)."""


class Trials(Noun):
    """Attempts, concurrency, retries and tolerance."""

    attempts: Annotated[int, Field(ge=1, le=1000)] = 1
    """Rollouts of each task; a loaded eval recipe that does not say gets 3."""

    concurrency: Annotated[int, Field(ge=1, le=4096)] = 16
    """Trials that run at once; a loaded tracegen recipe that does not say gets 64."""

    retries: Annotated[int, Field(ge=0)] = 2
    """Times a trial that failed for an infrastructure reason is tried again."""

    retry_min_sec: PositiveSeconds = 5.0
    """Seconds before the first retry."""

    retry_max_sec: PositiveSeconds = 300.0
    """Longest wait before a retry, in seconds."""

    retry_multiplier: Annotated[float, Field(ge=1)] = 2.0
    """Factor by which the wait grows from retry to retry."""

    timeout_multiplier: PositiveSeconds = 1.0
    """Factor on every time limit that the tasks state."""

    verify: bool = True
    """Run each task's tests and record the reward."""

    infra_tolerance: Fraction = 0.05
    """Share of trials that may be lost to infrastructure before the run counts as failed (exit code 7)."""

    early_stop: EarlyStop = Field(default_factory=EarlyStop)
    """When a run that only burns money is ended early."""

"""Points in time as Harbor writes them, ISO 8601, read back without ever failing. Pure."""

from datetime import UTC, datetime


def moment(text: str | None) -> datetime | None:
    """The point in time, aware (UTC where the text names no zone); None for what is none."""
    if not text:
        return None
    try:
        read = datetime.fromisoformat(text)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        # A torn or foreign record: the time is unknown, the rest of the trial still counts.
        return None


def seconds_between(start: str | None, end: str | None) -> float | None:
    """Seconds from start to end, never negative; None when either is unknown."""
    begun, ended = moment(start), moment(end)
    return None if begun is None or ended is None else max(0.0, (ended - begun).total_seconds())

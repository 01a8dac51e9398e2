"""Reads the index of published trials: one JSON object a line, a trial and where its archive is.

Tolerant: the writer may have been killed inside a line, and a newer version may have written keys that are not known.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from otcloud.trials.trial import Trial


def read_index(path: Path) -> Iterator[Trial]:
    """The trials in the order in which they were published; lines that hold none are left out. Streams.

    A last line without its newline is torn, even where it happens to parse. A missing file has no trials.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        # Nothing has been published yet.
        return
    with file:
        for line in file:
            trial = _parse(line) if line.endswith(b"\n") else None
            if trial is not None:
                yield trial


def _parse(line: bytes) -> Trial | None:
    try:
        return Trial.model_validate_json(line)
    except ValidationError:
        # Two writers' halves of a line after a kill, or a foreign record: the trial's archive is published again.
        return None

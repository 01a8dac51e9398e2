"""Keeps secrets out of what Harbor says while it runs: its log records, stdout and stderr.

What it writes into files of trials is taken care of by the node, when the trial has ended.
"""

import logging
import sys
from collections.abc import Callable
from typing import Any, TextIO

type Redact = Callable[[str], str]


class Discreet:
    """A stream that passes on what is written to it, secrets by their names."""

    def __init__(self, stream: TextIO, redact: Redact) -> None:
        self._stream = stream
        self._redact = redact

    def write(self, said: str) -> int:
        """Write; gives the characters that were asked to be written, as the caller counts them."""
        self._stream.write(self._redact(said))
        return len(said)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def install(redact: Redact) -> None:
    """Put it in place for this process, once."""
    if isinstance(sys.stderr, Discreet):
        return
    # Silenced: a stream in all that Harbor, rich and logging use of it, though no subclass of TextIO.
    sys.stdout, sys.stderr = Discreet(sys.stdout, redact), Discreet(sys.stderr, redact)  # type: ignore[assignment]
    made = logging.getLogRecordFactory()

    def record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        return _hidden(made(*args, **kwargs), redact)

    logging.setLogRecordFactory(record)


def _hidden(record: logging.LogRecord, redact: Redact) -> logging.LogRecord:
    """A record whose words hold a secret, as words without it; every other one as it is."""
    try:
        message = record.getMessage()
        traceback = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
    except Exception:  # noqa: BLE001 - a record that cannot be told: logging says so itself when it is written
        return record
    if redact(message) != message:
        record.msg, record.args = redact(message), None
    if redact(traceback) != traceback:
        record.exc_text = redact(traceback)
    return record

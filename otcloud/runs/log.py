"""The end of a program's log, for an error message: read from behind, however long the log is."""

import os
from pathlib import Path

_BLOCK = 64 * 2**10


def last_lines(log: Path, count: int = 8) -> str:
    """The last `count` lines that say something; empty when the log is missing or cannot be read."""
    try:
        with log.open("rb") as lines:
            size = lines.seek(0, os.SEEK_END)
            lines.seek(max(0, size - _BLOCK))
            said = lines.read(_BLOCK).decode(errors="replace").splitlines()
    except OSError:
        return ""  # a message without a quotation is still a message
    return "\n".join([line for line in said if line.strip()][-count:])

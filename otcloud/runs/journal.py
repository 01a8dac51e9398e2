"""Files of record: JSON replaced atomically, JSON Lines appended a whole line at a time, both read tolerantly.

What a killed writer can leave behind (no file, an old file, a torn last line) reads as "not there"; what it cannot
leave behind is half a document under its final name.
"""

import fcntl
import json
import os
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast


def utc_now() -> str:
    """The time of a record: UTC, ISO 8601, seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_text(path: Path, text: str) -> None:
    """Replace a file in one step: a temporary file beside it, fsync, rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, document: Any) -> None:
    """Replace a JSON document in one step."""
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False, sort_keys=False) + "\n")


def read_json(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file; None when it is missing, torn, or no object."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # a killed writer, or a copy cut short: the caller goes on without
    return cast("dict[str, Any]", document) if isinstance(document, dict) else None


def append_line(path: Path, record: dict[str, Any], *, sync: bool = False) -> None:
    """Append one whole line. A torn line that a killed writer left is closed first, so it cannot swallow this one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps(record, ensure_ascii=False, separators=(",", ":"), default=str).encode() + b"\n"
    with path.open("ab+") as out:
        if out.seek(0, os.SEEK_END) and _last_byte(out.fileno(), out.tell()) != b"\n":
            line = b"\n" + line
        out.write(line)
        out.flush()
        if sync:
            os.fsync(out.fileno())


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Every whole JSON object of a JSON Lines file, in order; what cannot be read is passed over."""
    yield from Tail(path).read()


@dataclass
class Tail:
    """A reader that goes on where it stopped: each `read` gives the whole lines that came since."""

    path: Path
    offset: int = 0

    def read(self) -> list[dict[str, Any]]:
        """The new whole lines; a last line without its end waits for the next call."""
        try:
            with self.path.open("rb") as lines:
                lines.seek(self.offset)
                data = lines.read()
        except OSError:
            return []  # not written yet
        end = data.rfind(b"\n") + 1
        self.offset += end
        return [record for line in data[:end].splitlines() if (record := _parse(line)) is not None]


@contextmanager
def locked(path: Path, *, wait_sec: float = 0.0) -> Generator[int | None]:
    """Hold an exclusive lock on a file: gives its descriptor, or None when somebody else keeps it for `wait_sec`.

    A child that is given the descriptor shares the lock, which is then free only when the last of them has ended.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        yield descriptor if _acquire(descriptor, time.monotonic() + wait_sec) else None
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock; asking disturbs nobody for longer than the question takes."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False  # never locked, or not there any more
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True  # the answer itself
    finally:
        os.close(descriptor)
    return False


def _acquire(descriptor: int, end: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Somebody else holds it: wait as long as the caller allows.
            if time.monotonic() >= end:
                return False
            time.sleep(0.05)
        else:
            return True


def _last_byte(descriptor: int, size: int) -> bytes:
    return os.pread(descriptor, 1, size - 1)


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None  # a torn line of a killed writer
    return cast("dict[str, Any]", record) if isinstance(record, dict) else None

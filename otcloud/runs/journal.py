"""Files of record: JSON replaced atomically, JSON Lines appended a whole line at a time, both read tolerantly.

What a killed writer can leave behind (no file, an old file, a torn last line) reads as "not there"; what it cannot
leave behind is half a document under its final name.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

_TORN = b" (torn)\n"


def utc_now() -> str:
    """The time of a record: UTC, ISO 8601, seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def write_text(path: Path, text: str) -> None:
    """Replace a file in one step: a temporary file beside it, fsync, rename."""
    _replace(path, text.encode())


def write_json(path: Path, document: Any) -> None:
    """Replace a JSON document in one step."""
    _replace(path, _encode(document, indent=2) + b"\n")


def read_json(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file; None when it is missing, torn, or no object."""
    try:
        return _parse(path.read_bytes())
    except OSError:
        return None  # not written yet, or not ours to read: the caller goes on without


def append_line(path: Path, record: dict[str, Any], *, sync: bool = False) -> None:
    """Append one whole line. A torn line that a killed writer left is closed first, so it cannot swallow this one.

    It is closed such that it stays unreadable, even where nothing but its end was torn off: nobody has read it yet.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    line = _encode(record, separators=(",", ":"), default=str) + b"\n"
    with path.open("ab+") as out:
        if out.seek(0, os.SEEK_END) and _last_byte(out.fileno(), out.tell()) != b"\n":
            line = _TORN + line
        out.write(line)
        out.flush()
        if sync:
            os.fsync(out.fileno())


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Every whole JSON object of a JSON Lines file, in order; what cannot be read is passed over. Streams."""
    return Tail(path).stream()


@dataclass
class Tail:
    """A reader that goes on where it stopped: each `read` gives the whole lines that came since.

    A file that has become shorter than what was read of it is another file, and is read from its start.
    """

    path: Path
    offset: int = 0

    def read(self) -> list[dict[str, Any]]:
        """The new whole lines; a last line without its end waits for the next call."""
        return list(self.stream())

    def stream(self) -> Iterator[dict[str, Any]]:
        """The same, one by one."""
        return (record for line in self._lines() if (record := _parse(line)) is not None)

    def skip(self) -> None:
        """Pass over all whole lines that are there."""
        for _ in self._lines():
            pass

    def _lines(self) -> Iterator[bytes]:
        try:
            lines = self.path.open("rb")
        except OSError:
            return  # not written yet
        with lines:
            if self.offset > os.fstat(lines.fileno()).st_size:
                self.offset = 0
            lines.seek(self.offset)
            for line in lines:
                if not line.endswith(b"\n"):
                    return  # torn, or being written
                self.offset += len(line)
                yield line


@contextmanager
def locked(path: Path, *, wait_sec: float = 0.0, give_up: Callable[[], bool] = lambda: False) -> Generator[int | None]:
    """Hold an exclusive lock on a file: gives its descriptor, or None when somebody else keeps it for `wait_sec` or
    until `give_up` says so.

    A child that is given the descriptor shares the lock, which is then free only when the last of them has ended. Who
    holds the lock may move or remove the file; who waited meanwhile gets the lock of the path's new file.
    """
    end = time.monotonic() + wait_sec
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            held = _acquire(descriptor, end, give_up)
            if held and not _is_at(path, descriptor):
                continue
            yield descriptor if held else None
            return
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


def _acquire(descriptor: int, end: float, give_up: Callable[[], bool]) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Somebody else holds it: wait as long as the caller allows.
            if time.monotonic() >= end or give_up():
                return False
            time.sleep(0.05)
        else:
            return True


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False  # whoever held it has moved or removed it


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _encode(document: Any, **layout: Any) -> bytes:
    try:
        return json.dumps(document, ensure_ascii=False, **layout).encode()
    except UnicodeEncodeError:
        # A file's name, say, that is no UTF-8: escaped, it reads back as it was.
        return json.dumps(document, **layout).encode()


def _last_byte(descriptor: int, size: int) -> bytes:
    return os.pread(descriptor, 1, size - 1)


def _parse(data: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(data)
    except (ValueError, RecursionError):
        return None  # torn by a killed writer, a copy cut short, or nesting without end
    return cast("dict[str, Any]", record) if isinstance(record, dict) else None

"""The pipes between Harbor's event loop and a command: reading with a bound on memory, writing without blocking.

A Capture keeps draining after its command has ended, so that a daemon which holds the pipe is neither blocked nor
killed by SIGPIPE; what it writes then is dropped.
"""

import asyncio
import contextlib
import os
from typing import BinaryIO, Protocol

_CHUNK = 65536
_SETTLE_READS = 64
"""Pipes hold 64 KiB unless enlarged (1 MiB at most), so this many reads see all that was written before."""


class Sink(Protocol):
    """Where a Capture puts what it reads."""

    def write(self, data: bytes, /) -> object: ...


class HeadTail:
    """Keeps the first and the last half of `limit` bytes, and counts what was between them."""

    def __init__(self, limit: int) -> None:
        self._half = limit // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._left_out = 0

    def write(self, data: bytes) -> None:
        """Take one chunk."""
        room = self._half - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * self._half:
            self._trim()

    def _trim(self) -> None:
        extra = len(self._tail) - self._half
        if extra > 0:
            del self._tail[:extra]
            self._left_out += extra

    def text(self) -> str:
        """What was kept, with a note where bytes are left out; invalid UTF-8 is replaced."""
        self._trim()
        if not self._left_out:
            return (self._head + self._tail).decode(errors="replace")
        note = f"\n[... {self._left_out} bytes left out ...]\n"
        return self._head.decode(errors="replace") + note + self._tail.decode(errors="replace")


class BoundedFile:
    """Writes to a file up to `limit` bytes; `full` tells that more came."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self._file = file
        self._room = limit
        self.full = False

    def write(self, data: bytes) -> None:
        """Take one chunk."""
        self.full = self.full or len(data) > self._room
        self._file.write(data[: self._room])
        self._room -= min(len(data), self._room)


class Capture:
    """Reads a pipe's end into a sink until end of file. Owns the descriptor."""

    def __init__(self, descriptor: int, sink: Sink) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._sink: Sink | None = sink
        self.ended = self._loop.create_future()
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self._read)

    def _read(self) -> bool:
        try:
            data = os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            # Nothing there now.
            return False
        if not data:
            self.close()
            return False
        if self._sink is not None:
            self._sink.write(data)
        return True

    def settle(self) -> None:
        """The command has ended: take what is there, drop what comes later."""
        for _ in range(_SETTLE_READS):
            if self.ended.done() or not self._read():
                break
        self.drop()

    def drop(self) -> None:
        """Keep draining, keep nothing."""
        self._sink = None

    def close(self) -> None:
        """Let go of the pipe."""
        if not self.ended.done():
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self.ended.set_result(None)


class Feed:
    """Writes a file's bytes into a pipe as the other side reads them. Owns the descriptor, not the file."""

    def __init__(self, descriptor: int, source: BinaryIO) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._source = source
        self._pending = b""
        self._open = True
        os.set_blocking(descriptor, False)
        self._loop.add_writer(descriptor, self._write)

    def _write(self) -> None:
        self._pending = self._pending or self._source.read(_CHUNK)
        if not self._pending:
            self.close()
            return
        try:
            written = os.write(self._descriptor, self._pending)
        except BlockingIOError:
            # Writable no more: the loop calls again.
            return
        except BrokenPipeError:
            # The reader ended early; its exit code tells why.
            self.close()
            return
        self._pending = self._pending[written:]

    def close(self) -> None:
        """Let go of the pipe: the other side reads end of file."""
        if self._open:
            self._open = False
            self._loop.remove_writer(self._descriptor)
            with contextlib.suppress(OSError):
                os.close(self._descriptor)

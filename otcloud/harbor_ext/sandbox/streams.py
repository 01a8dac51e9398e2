"""The pipes between Harbor's event loop and a command: reading with a bound on memory, writing without blocking.

A Capture keeps draining after its command has ended, so that a daemon which holds the pipe is neither blocked nor
killed by SIGPIPE; what it writes then is dropped. Output that nobody keeps is read at a bounded pace: a command that
prints for ever goes on, up to its time limit, and costs Harbor's one thread a few percent.
"""

import asyncio
import contextlib
import fcntl
import os
from typing import BinaryIO, Protocol

_CHUNK = 65536
_LARGE_PIPE = 1 << 20
"""What Linux gives any user; fewer and larger reads."""
_PACE_BYTES = 256 * 1024**2
"""A second, of what is not kept."""
_SETTLE_READS = 64
"""Pipes hold 64 KiB unless enlarged (1 MiB at most), so this many reads see all that was written before."""


class Sink(Protocol):
    """Where a Capture puts what it reads."""

    def write(self, data: bytes, /) -> bool:
        """Take one chunk; False when there is no room left to keep all of it."""
        ...


class HeadTail:
    """Keeps the first and the last half of `limit` bytes, and counts what was between them."""

    def __init__(self, limit: int) -> None:
        self._half = limit // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._left_out = 0

    def write(self, data: bytes) -> bool:
        """Take one chunk; False when some of what came so far is left out."""
        room = self._half - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * self._half:
            self._trim()
        return not self._left_out

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

    def write(self, data: bytes) -> bool:
        """Take one chunk; False when more came than the file may hold."""
        self.full = self.full or len(data) > self._room
        self._file.write(data[: self._room])
        self._room -= min(len(data), self._room)
        return not self.full


class Capture:
    """Reads a pipe's end into a sink until end of file. Owns the descriptor."""

    def __init__(self, descriptor: int, sink: Sink) -> None:
        self._loop = asyncio.get_running_loop()
        self._descriptor = descriptor
        self._sink: Sink | None = sink
        self._kept = True
        self._chunk = _CHUNK
        self.ended = self._loop.create_future()
        os.set_blocking(descriptor, False)
        self._resume()

    def _resume(self) -> None:
        if not self.ended.done():
            self._loop.add_reader(self._descriptor, self._on_readable)

    def _on_readable(self) -> None:
        taken = self._read()
        if taken and not self._kept:
            if self._chunk == _CHUNK:
                self._chunk = _LARGE_PIPE
                # A user may have only so many large pipes: then it goes on with a small one.
                with contextlib.suppress(OSError):
                    fcntl.fcntl(self._descriptor, fcntl.F_SETPIPE_SZ, _LARGE_PIPE)
            self._loop.remove_reader(self._descriptor)
            self._loop.call_later(taken / _PACE_BYTES, self._resume)

    def _read(self) -> int:
        """Bytes taken; 0 when there are none now or any more."""
        try:
            data = os.read(self._descriptor, self._chunk)
        except BlockingIOError:
            # Nothing there now.
            return 0
        if not data:
            self.close()
            return 0
        self._kept = self._sink is not None and self._sink.write(data)
        return len(data)

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

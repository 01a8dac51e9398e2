"""stdout and stderr as the process was given them: closed, full, or read by nobody any more.

stdout is data: a byte that cannot be written is remembered, ends the command once, and the boundary tells it. stderr is
talk: what cannot be said is left out, and a run goes on.
"""

import io
import os
import sys
from collections.abc import Buffer
from typing import TextIO


class OutputLost(Exception):
    """stdout took no more; raised at the first byte that it refused, and never again."""


class Data(io.FileIO):
    """The bytes of stdout; `lost` says why they got nowhere."""

    lost: OSError | None = None

    def write(self, data: Buffer, /) -> int:
        """Write, or raise OutputLost. After that everything is taken and dropped, the flush at exit included."""
        if self.lost is not None:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except OSError as refused:
            self.lost = refused
            raise OutputLost(str(refused)) from refused


class Talk(io.FileIO):
    """The bytes of stderr, as far as anybody takes them."""

    def write(self, data: Buffer, /) -> int:
        """Write what can be written."""
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes  # nobody is left to tell it to


def take() -> Data:
    """Put such streams in the place of sys.stdout and sys.stderr; a closed one becomes /dev/null. Gives stdout's."""
    for descriptor in (0, 1, 2):
        _fill(descriptor)
    data = Data(1, "w", closefd=False)
    sys.stdout = _text(data, sys.stdout)
    sys.stderr = _text(Talk(2, "w", closefd=False), sys.stderr)
    return data


def _fill(descriptor: int) -> None:
    """A file that is opened later, a lock say, must not become anybody's stdout."""
    try:
        os.fstat(descriptor)
    except OSError:
        # Closed by who started us.
        null = os.open(os.devnull, os.O_RDWR)
        if null != descriptor:
            os.dup2(null, descriptor)
            os.close(null)
        os.set_inheritable(descriptor, True)


def _text(raw: io.FileIO, given: TextIO | None) -> TextIO:
    at_once = raw.isatty() or raw.fileno() == 2
    encoding, errors = "utf-8", "backslashreplace"
    if isinstance(given, io.TextIOWrapper):
        at_once = at_once or given.line_buffering or given.write_through
        encoding, errors = given.encoding, given.errors or errors
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=encoding, errors=errors, line_buffering=at_once)

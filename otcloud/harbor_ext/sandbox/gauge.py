"""The owner's end of a sandbox's meter: asks for a survey, hears that the sandbox had too many processes.

What the meter says comes from the keeper's own process, which no process of the sandbox can reach.
"""

import asyncio
import contextlib
import socket
from dataclasses import dataclass

from otcloud.harbor_ext.sandbox.spec import OVER, SURVEY, USED, WATCH


@dataclass(frozen=True)
class Used:
    """What a sandbox holds on disk."""

    bytes: int
    files: int
    too_deep: bool = False
    """There is more, in folders so deep that the meter did not go there."""


class Gauge:
    """Talks to one meter. Owns its socket, which is for SOCK_SEQPACKET."""

    def __init__(self, channel: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        self._channel = channel
        self._answer: asyncio.Future[Used | None] | None = None
        self._watching = False
        self.over: int | None = None
        """The number of processes for which the meter ended the sandbox."""
        channel.setblocking(False)
        self._loop.add_reader(channel, self.hear)

    def watch(self) -> None:
        """From now on processes are counted: the sandbox is ready, so /proc is its own."""
        self._watching = True
        self._tell(WATCH)

    async def survey(self) -> Used | None:
        """What the sandbox holds on disk, however long that takes; None when it is not ready yet or has ended."""
        if not self._watching or self._channel.fileno() < 0:
            return None
        if self._answer is None or self._answer.done():
            self._answer = self._loop.create_future()
            self._tell(SURVEY)
        return await asyncio.shield(self._answer)

    def hear(self) -> None:
        """Take what the meter has said so far."""
        while self._channel.fileno() >= 0:
            try:
                words = self._channel.recv(256).decode(errors="replace").split()
            except BlockingIOError:
                # Nothing more for now.
                return
            except OSError:
                # A reset: the meter was killed.
                words = []
            if not words:
                self.close()
            elif words[0] == OVER:
                self.over = int(words[1])
            elif words[0] == USED and self._answer is not None and not self._answer.done():
                self._answer.set_result(Used(int(words[1]), int(words[2]), words[3] == "1"))

    def _tell(self, word: str) -> None:
        # A meter that has ended needs no orders, and hear() ends the waiting.
        with contextlib.suppress(OSError):
            self._channel.send(word.encode())
        self.hear()

    def close(self) -> None:
        """Let go of the meter. Idempotent."""
        if self._channel.fileno() >= 0:
            self._loop.remove_reader(self._channel)
            self._channel.close()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(None)

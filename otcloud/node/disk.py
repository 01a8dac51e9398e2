"""A watch over the room on the run directory's disk: no trial starts that could not be kept, and none that finished is
torn by a disk that fills up under it."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from otcloud.errors import PublishFailed
from otcloud.node.gate import Gate
from otcloud.runs.events import Event
from otcloud.runs.layout import RunDir

HOLDER = "disk"
_EVERY_SEC = 1.0
_FLOOR_SHARE, _FLOOR_BYTES = 0.02, 256 * 2**20


class DiskWatch:
    """Holds the gate while less than the floor is free: 2 % of the disk, 256 MiB at most. Errors of `tick`:
    PublishFailed when the room does not come back before the trials in flight have ended, or is nearly gone."""

    def __init__(
        self,
        run: RunDir,
        gate: Gate,
        clock: Callable[[], float] = time.monotonic,
        room: Callable[[Path], tuple[int, int]] | None = None,
    ) -> None:
        self._run = run
        self._gate = gate
        self._clock = clock
        self._room_of = room or room_of
        self._next = float("-inf")
        self._low = False

    def take(self, event: Event) -> None:
        """Events say nothing of the disk."""

    def tick(self, running: int) -> None:
        """Look once a second."""
        if self._clock() < self._next:
            return
        self._next = self._clock() + _EVERY_SEC
        free, floor = self._room()
        if free >= floor:
            if self._low:
                self._gate.release(HOLDER)
            self._low = False
        elif running == 0 or free < floor / 4:
            raise self._full(free)
        elif not self._low:
            self._low = True
            self._gate.hold(HOLDER, f"{_mib(free)} are left on the disk")

    def check(self) -> None:
        """Error: PublishFailed when less than the floor is free."""
        free, floor = self._room()
        if free < floor:
            raise self._full(free)

    def _room(self) -> tuple[int, float]:
        free, size = self._room_of(self._run.root)
        return free, min(_FLOOR_SHARE * size, _FLOOR_BYTES)

    def _full(self, free: int) -> PublishFailed:
        return PublishFailed(
            f"the disk of the run directory is full: {_mib(free)} are left",
            why=f"No space left on device for {self._run.root}",
            do=f"everything published is kept; make room, then: otcloud resume {self._run.run_id}",
        )


def room_of(folder: Path) -> tuple[int, int]:
    """Bytes that an ordinary user may still write to the folder's file system, and its size."""
    seen = os.statvfs(folder)
    return seen.f_bavail * seen.f_frsize, seen.f_blocks * seen.f_frsize


def _mib(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"

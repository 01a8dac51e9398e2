"""Watches what sandboxes hold on disk, and ends those that hold too much: one watch for each scratch folder.

A survey costs as much as the tree is big, so it is made seldom: after a pause in proportion to what the last one took,
or when the disk has lost so much since then that this sandbox might have passed its limit. What slips through between
two surveys is bounded by the reserve: the free space is looked at four times a second.
"""

import asyncio
import contextlib
import os
import time
from pathlib import Path
from weakref import WeakValueDictionary

from otcloud.harbor_ext.sandbox import scratch
from otcloud.harbor_ext.sandbox.box import Box
from otcloud.harbor_ext.sandbox.endings import SandboxDiskFull, SandboxLimitExceeded
from otcloud.harbor_ext.sandbox.gauge import Used
from otcloud.harbor_ext.sandbox.spec import MIB

_TICK_SEC = 0.25
_MIN_PAUSE_SEC = 2.0
_CALM, _URGENT = 100.0, 5.0
"""Pauses between two surveys, in multiples of what the last one took: as a rule, and when the disk fills."""
_RESERVE_BYTES = 1024 * MIB
_SHARE = 20
"""The reserve of a small disk is one part in so many; the same share of its files is kept free."""
_GUILTY_PART = 10
"""Only a sandbox that holds at least so much of the reserve is ended for it: ending others would free nothing."""


class Disk:
    """The free space of a file system at one moment."""

    def __init__(self, folder: Path) -> None:
        now = os.statvfs(folder)
        self.free = now.f_bavail * now.f_frsize
        self.size = now.f_blocks * now.f_frsize
        self.free_files = now.f_favail
        # Some file systems make inodes as they need them and say 0.
        self.kept_files = now.f_files // _SHARE if now.f_files else -1

    def kept(self, min_free_mb: int | None) -> int:
        """Bytes that have to stay free."""
        return min(_RESERVE_BYTES, self.size // _SHARE) if min_free_mb is None else min_free_mb * MIB

    def scarce(self, kept: int) -> bool:
        """Whether it has too little left, of bytes or of names."""
        return self.free < kept or self.free_files < self.kept_files


class Watched:
    """One sandbox, and what the last survey found in it."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.used = Used(0, 0)
        self._surveyed = 0.0
        self._took = 0.0
        self._free = 0

    def due(self, free: int, now: float) -> bool:
        """Whether it is time for a survey, with so many bytes free on the disk."""
        since = now - self._surveyed
        if since >= max(_MIN_PAUSE_SEC, _CALM * self._took):
            return True
        room = self.box.limits.storage_bytes - self.used.bytes
        return self._free - free > room // 4 and since >= _URGENT * self._took

    async def survey(self, free: int) -> None:
        """Measure it, once."""
        start = time.monotonic()
        self.used = await self.box.survey() or Used(0, 0)
        self._surveyed, self._free = time.monotonic(), free
        self._took = self._surveyed - start


class Watch:
    """The sandboxes below one scratch folder. Runs as long as there are any."""

    def __init__(self, home: Path, min_free_mb: int | None) -> None:
        self._home = home
        self._min_free_mb = min_free_mb
        self._watched: dict[Box, Watched] = {}
        self._task: asyncio.Task[None] | None = None

    def add(self, box: Box) -> None:
        """From now on."""
        self._watched[box] = Watched(box)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def remove(self, box: Box) -> None:
        """It is being closed. Idempotent. Without any, the watch ends at its next look."""
        self._watched.pop(box, None)

    async def _run(self) -> None:
        while self._watched:
            await asyncio.sleep(_TICK_SEC)
            # The folder may be gone, with its sandboxes, and a survey be cut short by their end.
            with contextlib.suppress(OSError):
                await self._look()

    async def _look(self) -> None:
        disk, now = Disk(self._home), time.monotonic()
        kept = disk.kept(self._min_free_mb)
        scarce = disk.scarce(kept)
        due = [watched for watched in self._watched.values() if scarce or watched.due(disk.free, now)]
        await asyncio.gather(*(watched.survey(disk.free) for watched in due))
        over = [item for item in due if item.used.bytes > item.box.limits.storage_bytes]
        for watched in over:
            await self._end_over(watched)
        if scarce and not over and self._watched:
            await self._make_room(kept)

    async def _end_over(self, watched: Watched) -> None:
        limit = watched.box.limits.storage_bytes // MIB
        self._watched.pop(watched.box, None)
        await watched.box.end(
            SandboxLimitExceeded(
                f"the sandbox was ended: it held {watched.used.bytes // MIB} MiB in {watched.used.files} files on "
                f"disk, and its limit is {limit} MiB"
            )
        )

    async def _make_room(self, kept: int) -> None:
        """End the sandbox that holds most and delete its files at once: the next look then sees the room."""
        disk = Disk(self._home)
        if not disk.scarce(kept):
            return
        few_bytes = disk.free < kept
        most = max(self._watched.values(), key=lambda item: item.used.bytes if few_bytes else item.used.files)
        if few_bytes and most.used.bytes < kept // _GUILTY_PART:
            return
        self._watched.pop(most.box, None)
        await most.box.end(
            SandboxDiskFull(
                f"the sandbox was ended: the disk of {self._home} had {disk.free // MIB} MiB and {disk.free_files} "
                f"files left, {kept // MIB} MiB are kept free, and this sandbox held most of it: "
                f"{most.used.bytes // MIB} MiB in {most.used.files} files"
            )
        )
        await asyncio.to_thread(scratch.remove, most.box.folder / "up")


_watches: WeakValueDictionary[Path, Watch] = WeakValueDictionary()


def watch_of(home: Path, min_free_mb: int | None) -> Watch:
    """The watch of a scratch folder; the reserve is that of the first to ask."""
    watch = _watches.get(home)
    if watch is None:
        watch = _watches[home] = Watch(home, min_free_mb)
    return watch

"""Watches what sandboxes hold on disk, and ends those that hold too much: one watch for each scratch folder.

A survey costs as much as the tree is big, so it is made seldom: after a pause in proportion to what the last one took,
or when the disk has lost so much since then that this sandbox might have passed its limit. What slips through between
two surveys is bounded by the reserve: the free space is looked at four times a second, however long surveys take.
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
_PATIENCE_SEC = 1.0
"""So long a scarce disk waits for new surveys of all sandboxes; then the latest results decide."""


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
        self.as_of = 0.0
        """When the survey that found this began, on the monotonic clock."""
        self._survey: asyncio.Task[None] | None = None
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

    def begin(self, free: int) -> None:
        """Measure it in a task of its own, unless one is at it."""
        if self._survey is None or self._survey.done():
            self._survey = asyncio.get_running_loop().create_task(self._measure(free))

    async def _measure(self, free: int) -> None:
        start = time.monotonic()
        self.used = await self.box.survey() or self.used
        self.as_of, self._surveyed, self._free = start, time.monotonic(), free
        self._took = self._surveyed - start


class Watch:
    """The sandboxes below one scratch folder. Runs as long as there are any."""

    def __init__(self, home: Path, min_free_mb: int | None) -> None:
        self._home = home
        self._min_free_mb = min_free_mb
        self._watched: dict[Box, Watched] = {}
        self._scarce_since: float | None = None
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
            # The folder may be gone, with its sandboxes.
            with contextlib.suppress(OSError):
                await self._look()

    async def _look(self) -> None:
        disk, now = Disk(self._home), time.monotonic()
        kept = disk.kept(self._min_free_mb)
        scarce = disk.scarce(kept)
        self._scarce_since = (self._scarce_since or now) if scarce else None
        for watched in self._watched.values():
            if scarce or watched.due(disk.free, now):
                watched.begin(disk.free)
        over = [(item, reason) for item in self._watched.values() if (reason := _over(item))]
        for watched, reason in over:
            self._watched.pop(watched.box, None)
            await watched.box.end(SandboxLimitExceeded(f"the sandbox was ended: {reason}"))
        if self._scarce_since is not None and not over and self._is_known(self._scarce_since, now):
            await self._make_room(disk, kept)

    def _is_known(self, since: float, now: float) -> bool:
        """Whether the results are as new as the shortage is, or it has waited long enough for those that are not."""
        return now - since >= _PATIENCE_SEC or all(item.as_of >= since for item in self._watched.values())

    async def _make_room(self, disk: Disk, kept: int) -> None:
        """End the sandbox that holds most and delete its files at once: the next look then sees the room."""
        most = self._guiltiest(disk, kept)
        if most is None:
            return
        self._scarce_since = None
        self._watched.pop(most.box, None)
        await most.box.end(
            SandboxDiskFull(
                f"the sandbox was ended: the disk of {self._home} had {disk.free // MIB} MiB and {disk.free_files} "
                f"files left, {kept // MIB} MiB are kept free, and this sandbox held most of it: "
                f"{most.used.bytes // MIB} MiB in {most.used.files} files"
            )
        )
        await asyncio.to_thread(scratch.remove, most.box.folder / "up")

    def _guiltiest(self, disk: Disk, kept: int) -> Watched | None:
        """The sandbox that holds most of what is scarce, bytes or names; None when that is next to nothing."""
        watched = list(self._watched.values())
        if disk.free < kept:
            most = max(watched, key=lambda item: item.used.bytes, default=None)
            if most is not None and most.used.bytes >= kept // _GUILTY_PART:
                return most
        if disk.free_files < disk.kept_files:
            most = max(watched, key=lambda item: item.used.files, default=None)
            if most is not None and most.used.files >= disk.kept_files // _GUILTY_PART:
                return most
        return None


def _over(watched: Watched) -> str:
    """Why it is over its limits; empty when it is not."""
    used, limit = watched.used, watched.box.limits.storage_bytes
    if used.bytes > limit:
        return f"it held {used.bytes // MIB} MiB in {used.files} files on disk, and its limit is {limit // MIB} MiB"
    if used.too_deep:
        return f"its folders lay too deep in each other to be measured; {used.files} files were counted"
    return ""


_watches: WeakValueDictionary[Path, Watch] = WeakValueDictionary()


def watch_of(home: Path, min_free_mb: int | None) -> Watch:
    """The watch of a scratch folder; the reserve is that of the first to ask."""
    watch = _watches.get(home)
    if watch is None:
        watch = _watches[home] = Watch(home, min_free_mb)
    return watch

"""What sandboxes write is bounded: each by its own limit, all of them by the room on the disk."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from otcloud.harbor_ext.sandbox import scratch
from otcloud.harbor_ext.sandbox.box import Box
from otcloud.harbor_ext.sandbox.endings import SandboxDiskFull, SandboxError, SandboxLimitExceeded
from otcloud.harbor_ext.sandbox.spec import MIB, Limits
from otcloud.harbor_ext.sandbox.watch import watch_of
from tests.harbor_ext.conftest import Shell
from tests.harbor_ext.neighbours import ends_with

MANY_FILES = "mkdir -p /srv/d; for i in $(seq 4000); do head -c 16000 /dev/zero > /srv/d/$i; done; sleep 1000"
DELETED = 'for i in {10..15}; do eval "exec $i>/srv/x; rm /srv/x; head -c 6M /dev/zero >&$i"; done; sleep 1000'
SOME_BYTES = "for i in $(seq 10); do head -c 5M /dev/zero > /srv/$i; done; sleep 1000"
ALL_NAMES = "mkdir /srv/d; cd /srv/d; for i in $(seq 9000); do : > $i; done 2>/dev/null; sleep 1000"
DEEP = """python3 -c "
import os
os.chdir('/srv')
for _ in range(3000): os.mkdir('x' * 100); os.chdir('x' * 100)"
"""
DEEP_ENOUGH = f"{DEEP.replace('3000', '400')} sleep 1000"
HIDDEN = "mkdir /srv/h; cd /srv/h; for i in $(seq 10); do head -c 6M /dev/zero > $i; done; chmod 0 /srv/h; sleep 1000"


@pytest.mark.parametrize("script", [MANY_FILES, DELETED, HIDDEN], ids=["many", "deleted", "hidden"])
def test_a_sandbox_over_its_storage_is_ended(beside: Callable[..., None], small_disk: Path, script: str) -> None:
    """Also what no folder shows any more, and what the task made unreadable."""
    beside(ends_with(SandboxLimitExceeded, script, "files on disk, and its limit is 16 MiB"), disk=small_disk)


@pytest.mark.parametrize("script", [SOME_BYTES, ALL_NAMES], ids=["bytes", "names"])
def test_the_biggest_is_ended_when_the_disk_fills(beside: Callable[..., None], small_disk: Path, script: str) -> None:
    """Within its own limit, and still too much for the disk; its files are gone at once."""
    limits = Limits(processes=150, storage_bytes=1024 * MIB)

    async def play(shell: Shell) -> None:
        await ends_with(SandboxDiskFull, script, "held most of it")(shell)
        while os.statvfs(small_disk).f_bfree < os.statvfs(small_disk).f_blocks * 0.9:
            await asyncio.sleep(0.01)

    beside(play, limits, small_disk, min_free_mb=24)


def test_others_who_fill_the_disk_cost_no_sandbox(beside: Callable[..., None], small_disk: Path) -> None:
    async def play(shell: Shell) -> None:
        (small_disk / "foreign").write_bytes(bytes(50 * MIB))
        result = await shell.run("sleep 1; echo done")
        assert result.out == "done\n"
        (small_disk / "foreign").unlink()

    beside(play, disk=small_disk, min_free_mb=24)


@pytest.mark.parametrize(
    ("script", "kind", "storage_mb"),
    [(MANY_FILES, SandboxLimitExceeded, 16), (SOME_BYTES, SandboxDiskFull, 1024)],
    ids=["limit", "disk"],
)
def test_a_survey_that_does_not_end_blinds_nobody(
    beside: Callable[..., None], base: Path, small_disk: Path, script: str, kind: type[SandboxError], storage_mb: int
) -> None:
    """A stopped keeper stands for a tree or a disk that takes very long."""

    async def play(shell: Shell) -> None:
        slow, watch = Box(small_disk / "slow", base, sys.executable, False), watch_of(small_disk, 24)
        try:
            await slow.start()
            os.kill(slow.pid, signal.SIGSTOP)
            watch.add(slow)
            await ends_with(kind, script, "the sandbox was ended")(shell)
        finally:
            os.kill(slow.pid, signal.SIGCONT)
            watch.remove(slow)
            await slow.close()
            scratch.remove(slow.folder)

    beside(play, Limits(storage_bytes=storage_mb * MIB), small_disk, min_free_mb=24)


def test_others_who_take_all_names_cost_no_sandbox(beside: Callable[..., None], small_disk: Path) -> None:
    async def play(shell: Shell) -> None:
        foreign = small_disk / "foreign"
        foreign.mkdir()
        while os.statvfs(small_disk).f_favail > 300:
            (foreign / str(os.statvfs(small_disk).f_favail)).touch()
        result = await shell.run("sleep 3; echo done")
        assert result.out == "done\n"
        scratch.remove(foreign)

    beside(play, disk=small_disk, min_free_mb=1)


def test_folders_too_deep_to_measure_end_the_sandbox(beside: Callable[..., None], tmp_path: Path) -> None:
    """As its own limit, not as a keeper that died of having no descriptor left."""
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nulimit -n 256\nexec {sys.executable} "$@"\n')
    program.chmod(0o755)
    play = ends_with(SandboxLimitExceeded, DEEP_ENOUGH, "too deep in each other to be measured; [1-9][0-9]* files")
    beside(play, Limits(), python=str(program))


def test_folders_without_end_are_removed(beside: Callable[..., None]) -> None:
    """`beside` removes them: deeper than Python recurses and than Linux takes a path."""

    async def play(shell: Shell) -> None:
        result = await shell.run(DEEP)
        assert result.code == 0, result.err

    beside(play)

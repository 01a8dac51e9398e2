"""Sandboxes for tests: real ones, driven from the test's own interpreter, skipped with the reason where none works."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from otcloud.harbor_ext.sandbox import scratch
from otcloud.harbor_ext.sandbox.box import Box, Pipes
from otcloud.harbor_ext.sandbox.probe import probe
from otcloud.harbor_ext.sandbox.spec import DEFAULT_ENV, MIB, Command, Limits
from otcloud.harbor_ext.sandbox.streams import HeadTail
from otcloud.harbor_ext.sandbox.watch import watch_of
from tests import disks
from tests.harbor_ext.test_sandbox_death import members

FEW = Limits(processes=150, open_files=100, file_bytes=8 * MIB, storage_bytes=16 * MIB)


@dataclass(frozen=True)
class Result:
    """What a command left."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Shell:
    """A running sandbox with bash."""

    box: Box

    async def run(
        self,
        script: str,
        *,
        env: dict[str, str] | None = None,
        cwd: str = "/",
        user: str = "0",
        timeout: float | None = 60,
        keep: int = 1_000_000,
    ) -> Result:
        """Run a script; raises what Box.run raises."""
        out, err = HeadTail(keep), HeadTail(keep)
        command = Command(["/bin/bash", "-c", script], {**DEFAULT_ENV, **(env or {})}, cwd, user)
        code = await self.box.run(command, Pipes(out, err), timeout)
        return Result(code, out.text(), err.text())


type Scene[T] = Callable[[Shell], Awaitable[T]]
type Stage = Callable[..., object]
type Play = Callable[[Shell], Awaitable[None]]


@pytest.fixture(scope="session")
def working_sandbox() -> None:
    """Skip where the machine does not allow sandboxes, with the sentence that a user would read."""
    if reason := probe(sys.executable):
        pytest.skip(reason)


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory, working_sandbox: None) -> Path:
    """A curated root, the lowest layer of all: sandboxes do not write to it."""
    folder = tmp_path_factory.mktemp("sandbox") / "base"
    scratch.build_base(folder)
    return folder


@pytest.fixture
def inside(tmp_path: Path, base: Path) -> Stage:
    """Call `inside(scene)`: opens a sandbox, awaits scene(shell) in it, closes it, returns the scene's value."""

    async def play[T](scene: Scene[T], network: bool) -> T:
        box = Box(tmp_path / "box", base, sys.executable, network)
        try:
            await box.start()
            return await scene(Shell(box))
        finally:
            await box.close()

    def stage[T](scene: Scene[T], *, network: bool = False) -> T:
        return asyncio.run(play(scene, network))

    return stage


@pytest.fixture
def script(inside: Stage) -> Callable[..., Result]:
    """Call `script(text, **options)`: runs one bash script in a sandbox of its own."""

    def run(text: str, *, network: bool = False, **options: object) -> Result:
        async def scene(shell: Shell) -> Result:
            return await shell.run(text, **options)

        result = inside(scene, network=network)
        assert isinstance(result, Result)
        return result

    return run


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MB."""
    with disks.small_disk(tmp_path / "disk", "size=64m,nr_inodes=8192") as folder:
        yield folder


async def neighbour_of(box: Box, done: asyncio.Event) -> int:
    """Work in a sandbox until the other one is done, and once more; returns how often."""
    rounds = 0
    while True:
        last = done.is_set()
        result = await Shell(box).run(f"echo {rounds} >> /tmp/log && sleep 0.05 & wait; tail -1 /tmp/log")
        assert (result.code, result.out) == (0, f"{rounds}\n")
        rounds += 1
        if last:
            return rounds


@pytest.fixture
def beside(base: Path, tmp_path: Path) -> Callable[..., None]:
    """Call `beside(play, limits=..., disk=...)`: plays in one sandbox while a neighbour works; then nothing is left."""

    async def run(play: Play, limits: Limits, disk: Path, min_free_mb: int | None, python: str) -> None:
        watch = watch_of(disk, min_free_mb)
        boxes = [Box(disk / name, base, python, False, limits) for name in ("greedy", "neighbour")]
        spaces: list[int] = []
        done = asyncio.Event()
        try:
            for box in boxes:
                watch.add(box)
                await box.start()
                # Held open, because Linux gives the number of a namespace that is gone to the next one.
                spaces.append(os.open(f"/proc/{box.pid}/ns/pid_for_children", os.O_RDONLY))
            working = asyncio.create_task(neighbour_of(boxes[1], done))
            await play(Shell(boxes[0]))
            done.set()
            assert await working >= 1
        finally:
            for box in boxes:
                watch.remove(box)
                await box.close()
            left = [pid for space in spaces for pid in members("pid", os.fstat(space).st_ino)]
            for space in spaces:
                os.close(space)
            for box in boxes:
                scratch.remove(box.folder)
        assert left == []
        assert str(disk / "greedy") not in Path("/proc/self/mountinfo").read_text()

    def stage(
        play: Play,
        limits: Limits = FEW,
        disk: Path | None = None,
        min_free_mb: int | None = None,
        python: str = sys.executable,
    ) -> None:
        asyncio.run(run(play, limits, disk or tmp_path / "scratch", min_free_mb, python))

    return stage

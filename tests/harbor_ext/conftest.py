"""Sandboxes for tests: real ones, driven from the test's own interpreter, skipped with the reason where none works."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from otcloud.harbor_ext.sandbox import scratch
from otcloud.harbor_ext.sandbox.box import Box, Pipes
from otcloud.harbor_ext.sandbox.probe import probe
from otcloud.harbor_ext.sandbox.spec import DEFAULT_ENV, Command
from otcloud.harbor_ext.sandbox.streams import HeadTail


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

"""When a sandbox's owner ends, by whatever means, no process and no mount of the sandbox stays."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from otcloud.harbor_ext.sandbox import scratch

ROOT = Path(__file__).parents[2]
OWNER = """
import asyncio, sys
from pathlib import Path
from otcloud.harbor_ext.sandbox.box import Box, Pipes
from otcloud.harbor_ext.sandbox.spec import DEFAULT_ENV, Command
from otcloud.harbor_ext.sandbox.streams import HeadTail

async def main():
    box = Box(Path(sys.argv[1]), Path(sys.argv[2]), sys.executable, network=False)
    await box.start()
    script = "setsid sleep 1000 & (sleep 1000 &); touch /tmp/started; sleep 1000"
    asyncio.create_task(box.run(Command(["/bin/bash", "-c", script], DEFAULT_ENV), Pipes(HeadTail(9), HeadTail(9))))
    wait = "until test -e /tmp/started; do :; done"
    await box.run(Command(["/bin/bash", "-c", wait], DEFAULT_ENV), Pipes(HeadTail(9), HeadTail(9)))
    print(box.pid, flush=True)
    await asyncio.sleep(1000)

asyncio.run(main())
"""


@contextlib.contextmanager
def owner(folder: Path, base: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process with a busy sandbox: yields it and its keeper's process id."""
    command = [sys.executable, "-c", OWNER, str(folder), str(base)]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        try:
            assert process.stdout is not None
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def members(kind: str, number: int) -> list[int]:
    """Process ids of the host that live in a namespace."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        # Processes end while the table is read, and others' namespaces cannot be read.
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "ns" / kind).stat().st_ino == number:
                found.append(int(entry.name))
    return found


def wait_until_empty(kind: str, number: int) -> None:
    deadline = 3000
    while (left := members(kind, number)) and deadline:
        deadline -= 1
        os.sched_yield()
    assert left == []


def namespaces(keeper: int, held: contextlib.ExitStack) -> tuple[int, int]:
    """Numbers of the sandbox's pid and mount namespaces; held open, for Linux gives a number that is free to others."""
    folder = Path(f"/proc/{keeper}/ns")
    files = [held.enter_context((folder / kind).open()) for kind in ("pid_for_children", "mnt")]
    pids, mounts = (os.fstat(file.fileno()).st_ino for file in files)
    return pids, mounts


@pytest.mark.parametrize("victim", ["owner", "keeper", "pid 1"])
def test_sigkill_leaves_nothing(tmp_path: Path, base: Path, victim: str) -> None:
    folder = tmp_path / "box"
    with owner(folder, base) as (process, keeper), contextlib.ExitStack() as held:
        pids, mounts = namespaces(keeper, held)
        inside = members("pid", pids)
        assert len(inside) >= 3, "bash and its sleeps; the keeper's own processes hide from ordinary users"
        first = int(Path(f"/proc/{keeper}/task/{keeper}/children").read_text())
        target = {"owner": process.pid, "keeper": keeper, "pid 1": first}[victim]
        os.kill(target, signal.SIGKILL)
        wait_until_empty("pid", pids)
        wait_until_empty("mnt", mounts)
    assert str(folder) not in Path("/proc/self/mountinfo").read_text()
    scratch.remove(folder)
    assert not folder.exists()


def test_closing_waits_for_everything(tmp_path: Path, inside: Callable[..., object]) -> None:
    seen: list[int] = []

    async def scene(shell) -> None:
        seen.extend(namespaces(shell.box.pid, held))
        await shell.run("setsid sleep 1000 >/dev/null 2>&1 & mkdir -m 0 /locked /locked2; touch /tmp/x; chmod 500 /tmp")
        assert members("pid", seen[0])

    with contextlib.ExitStack() as held:
        inside(scene)
        assert members("pid", seen[0]) == []
        assert members("mnt", seen[1]) == []
    scratch.remove(tmp_path / "box")
    assert not (tmp_path / "box").exists()


def test_a_closed_sandbox_refuses_commands(inside: Callable[..., object]) -> None:
    async def scene(shell) -> None:
        await shell.box.close()
        with pytest.raises(RuntimeError, match="not running"):
            await shell.run("true")

    inside(scene)


def test_a_dead_sandbox_says_so(inside: Callable[..., object]) -> None:
    async def scene(shell) -> None:
        os.kill(shell.box.pid, signal.SIGKILL)
        with pytest.raises(RuntimeError, match="the sandbox is gone"):
            while True:
                assert (await shell.run("true")).code in (0, 137)

    inside(scene)

"""The real command line in a folder of a test's own, and what it leaves behind."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from otcloud import process
from otcloud.runs.layout import RunDir

COMMAND = Path(sys.executable).with_name("otcloud")
CANARY = "canary-5f1d0c9a7e3b"
PATIENCE_SEC = 120.0


@dataclass(frozen=True)
class Otcloud:
    """The command line, in a folder of the test's own."""

    folder: Path
    environ: dict[str, str]

    def __call__(self, *words: str | Path, env: dict[str, str] | None = None) -> process.Completed:
        """Run one command to its end."""
        return process.run([COMMAND, *words], env={**self.environ, **(env or {})}, cwd=self.folder, timeout_sec=300)

    def json(self, *words: str | Path) -> Any:
        """Run one command with --json, which must succeed, and parse what it prints."""
        done = self(*words, "--json")
        assert done.code == 0, done.stderr
        return json.loads(done.stdout)

    def start(self, *words: str | Path) -> process.Child:
        """Start a command in the background; its output goes to otcloud.log."""
        # As a terminal starts it: a shell's background job, which these tests may be part of, ignores Ctrl-C.
        log, sigint = self.folder / "otcloud.log", signal.SIGINT
        return process.start(
            [COMMAND, *words], name="otcloud", log=log, env=self.environ, cwd=self.folder, death_signal=sigint
        )

    def runs(self) -> list[RunDir]:
        """The run directories, oldest first."""
        return [RunDir(path.parent) for path in sorted(self.folder.glob("runs/*/run.json"))]

    def pids(self) -> list[int]:
        """Processes whose command line, working folder or environment speaks of this folder."""
        return [
            pid
            for pid in map(int, filter(str.isdigit, (path.name for path in Path("/proc").iterdir())))
            if self._is_mine(pid)
        ]

    def mounts(self) -> list[str]:
        """Mounts of this machine that speak of this folder."""
        return [line for line in Path("/proc/self/mounts").read_text().splitlines() if str(self.folder) in line]

    def _is_mine(self, pid: int) -> bool:
        mark, proc = str(self.folder).encode(), Path(f"/proc/{pid}")
        try:
            state = (proc / "stat").read_text().rsplit(")", 1)[1].split()[0]
            known = (
                (proc / "cmdline").read_bytes()
                + os.fsencode((proc / "cwd").readlink())
                + (proc / "environ").read_bytes()
            )
        except OSError:
            return False  # it has ended meanwhile
        return state != "Z" and pid != os.getpid() and mark in known


def wait_for(happened: Callable[[], Any], what: str, patience_sec: float = PATIENCE_SEC) -> Any:
    """Poll until something true comes back, and give it."""
    end = time.monotonic() + patience_sec
    while not (found := happened()):
        assert time.monotonic() < end, f"it never came about that {what}"
        time.sleep(0.05)
    return found

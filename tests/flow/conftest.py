"""Whole runs with real Harbor, real sandboxes and the real command line; each in a folder of its own."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from otcloud.harbor_ext.sandbox.probe import probe
from otcloud.programs import Harbor
from tests.flow.command import CANARY, Otcloud, wait_for


@pytest.fixture
def otcloud(tmp_path: Path, home: Path, harbor: Harbor, program_cache: Path) -> Iterator[Otcloud]:
    """The command line with programs that are ready; whatever it leaves behind fails the test."""
    reason = probe(sys.executable)
    if reason is not None:
        pytest.skip(f"no embedded sandbox here: {reason}")
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR") if name in os.environ}
    environ = {**kept, "HOME": str(home), "OTCLOUD_CACHE": str(program_cache), "MY_API_KEY": CANARY}
    environ["OTCLOUD_DATA"] = str(tmp_path / "data")
    command = Otcloud(tmp_path, environ)
    yield command
    try:
        wait_for(lambda: not command.pids(), "every process is gone")
        assert not command.mounts()
    finally:
        for pid in command.pids():
            os.kill(pid, 9)

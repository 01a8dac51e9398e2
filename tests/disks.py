"""Small file systems for tests that fill them."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from otcloud import process


@contextmanager
def small_disk(folder: Path, options: str) -> Generator[Path]:
    """A tmpfs at `folder`, which is made; `options` as mount(8) takes them (`size=24m`). Skips without root."""
    if os.getuid() != 0:
        pytest.skip("mounting a small file system needs root")
    folder.mkdir()
    done = process.run(["mount", "-t", "tmpfs", "-o", options, "none", folder])
    assert done.code == 0, done.stderr
    try:
        yield folder
    finally:
        assert process.run(["umount", "--lazy", folder]).code == 0

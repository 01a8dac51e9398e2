"""Moves files into and out of one sandbox, within bounds: a task may leave logs of any size behind.

A log file that is larger than logs may be is copied with its middle left out, so that a command that printed a gigabyte
costs the run directory little and its trial nothing.
"""

import asyncio
import shlex
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from otcloud.harbor_ext.sandbox import transfer
from otcloud.harbor_ext.sandbox.box import Box, Pipes
from otcloud.harbor_ext.sandbox.spec import DEFAULT_ENV, Command
from otcloud.harbor_ext.sandbox.streams import BoundedFile, HeadTail

_SEC = 600.0
_ERROR_BYTES = 1024**2
_NOTE_BYTES = 100


@dataclass
class Courier:
    """For one sandbox. Sizes in bytes: of a file that is copied whole, and of one copy altogether."""

    box: Box
    max_file_bytes: int
    max_bytes: int
    env: dict[str, str] = field(default_factory=lambda: dict(DEFAULT_ENV))

    async def run(self, argv: list[str], stdin: BinaryIO | None = None, stdout: BoundedFile | None = None) -> str:
        """Run a command that must succeed; its stderr. Raises TransferError, SandboxError, TimeoutError."""
        errors = HeadTail(_ERROR_BYTES)
        code = await self.box.run(Command(argv, self.env), Pipes(stdout or errors, errors, stdin), _SEC)
        if code:
            raise transfer.TransferError(f"{shlex.join(argv[-2:])} ended with code {code}: {errors.text()[-500:]}")
        return errors.text()

    async def upload_file(self, source: Path, target: str) -> None:
        """Copy a file in."""
        argv = transfer.put_file(target, source.name, source.stat().st_mode)
        with source.open("rb") as content:
            await self.run(argv, content)

    async def upload_folder(self, source: Path, target: str) -> None:
        """Copy a folder's contents in."""
        with tempfile.TemporaryFile(dir=self.box.folder) as archive:
            await asyncio.to_thread(transfer.pack, source, archive)
            archive.seek(0)
            await self.run(transfer.put_folder(target), archive)

    async def download_file(self, source: str, target: Path) -> None:
        """Copy a file out. Raises TransferError when it is larger than one copy may be."""
        with transfer.replacing(target) as content:
            await self._fetch(transfer.get_file(source, self._most(source)), content)

    async def download_folder(self, source: str, target: Path) -> list[str]:
        """Copy a folder's contents out; returns what was left out, cut or complained of. Raises TransferError when it
        is larger than one copy may be."""
        most = self._most(source)
        with tempfile.TemporaryFile(dir=self.box.folder) as archive:
            errors = await self._fetch(transfer.get_folder(source, most), archive)
            archive.seek(0)
            notes = await asyncio.to_thread(transfer.unpack, archive, target, self.max_bytes)
        large, complaints = transfer.left_behind(errors)
        room = self.max_bytes // most
        cut = [await self._fetch_large(source, name, target, most) for name in large[:room]]
        return [*notes, *complaints, *cut, *large[room:]]

    async def _fetch_large(self, source: str, name: str, target: Path, most: int) -> str:
        """Copy the file `name` of a folder without its middle; what to note about it."""
        path = transfer.place(target, name)
        if path is None:
            return name
        try:
            with transfer.replacing(path) as content:
                await self._fetch(transfer.get_file(f"{source}/{name}", most), content)
        except transfer.TransferError as error:
            # A log that was rotated away since it was listed costs itself alone, not the folder and with it the trial.
            return f"{name} ({error})"
        return f"the middle of {name}"

    def _most(self, source: str) -> int:
        """Bytes of a file below `source` that are copied whole. Artifacts are data: half of one is worth nothing."""
        path = PurePosixPath(source)
        is_log = path.is_relative_to("/logs") and not path.is_relative_to("/logs/artifacts")
        return min(self.max_file_bytes, self.max_bytes) if is_log else self.max_bytes

    async def _fetch(self, argv: list[str], file: BinaryIO) -> str:
        content = BoundedFile(file, self.max_bytes + _NOTE_BYTES)
        errors = await self.run(argv, stdout=content)
        if content.full:
            raise transfer.TransferError(f"{shlex.join(argv[4:5])} is larger than {self.max_bytes} bytes")
        return errors

"""The files of one trial, wherever they lie: Harbor's folder, or the archive that was published of it.

Only regular files are read. A link is never followed out of the trial: what a sandbox left there is not ours to trust.
"""

import os
import stat
import tarfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

UNREADABLE = (tarfile.TarError, EOFError, zlib.error, OSError, ValueError)
"""What a torn or foreign archive raises while it is read."""


class TrialFiles(Protocol):
    """Read access to a trial by names relative to its folder, such as `agent/trajectory.json`."""

    @property
    def name(self) -> str:
        """The trial's name."""
        ...

    def read(self, relative: str) -> bytes | None:
        """The file's contents; None when it is missing, no regular file, or cannot be read."""
        ...


class FolderFiles:
    """A trial in Harbor's job folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def name(self) -> str:
        """The folder's name."""
        return self._folder.name

    def read(self, relative: str) -> bytes | None:
        """The file's contents, or None."""
        try:
            path = (self._folder / relative).resolve(strict=True)
            if not path.is_relative_to(self._folder.resolve()) or not stat.S_ISREG(path.stat().st_mode):
                return None
            return path.read_bytes()
        except (OSError, ValueError):
            # Missing, unreadable, a loop of links, or a name with a NUL in it.
            return None


class ArchiveFiles:
    """A published trial: members under `<trial>/` of `<trial>.tar.gz`. Holds the archive open; close it, or use `with`.

    The archive is read forward only as far as a file is looked for; nothing is unpacked.
    """

    def __init__(self, path: Path) -> None:
        self._name = path.name.removesuffix(".tar.gz")
        self._seen: dict[str, tarfile.TarInfo] = {}
        self._complete = False
        self._tar: tarfile.TarFile | None = None
        self.damage: str | None = None
        """Why the archive, or the file last asked for, could not be read; None while all is well."""
        try:
            self._tar = tarfile.open(path, "r:gz")  # noqa: SIM115
        except UNREADABLE as error:
            # Reported through `damage`: one bad archive must not end the work on all others.
            self.damage = _say(error)

    @property
    def name(self) -> str:
        """The trial's name, from the archive's."""
        return self._name

    def read(self, relative: str) -> bytes | None:
        """The file's contents, or None; `damage` then says whether the archive is to blame."""
        if self._tar is None:
            return None
        try:
            member = self._find(self._tar, f"{self._name}/{relative}")
            if member is None or not member.isreg():
                return None
            file = self._tar.extractfile(member)
            return None if file is None else _all_of(file.read(), member.size)
        except UNREADABLE as error:
            # As above: the caller goes on with the other trials.
            self.damage = _say(error)
            return None

    def close(self) -> None:
        """Close the archive."""
        if self._tar is not None:
            self._tar.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _find(self, tar: tarfile.TarFile, member: str) -> tarfile.TarInfo | None:
        while member not in self._seen and not self._complete:
            each = tar.next()
            if each is None:
                self._complete = True
            else:
                self._seen[each.name] = each
        return self._seen.get(member)


def _all_of(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise EOFError(f"{len(data)} of {size} bytes")
    return data


def _say(error: BaseException) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"{type(error).__name__}: {reason or os.strerror(5)}"

"""Packs a trial's folder into the archive that is published, and tells a whole archive from a torn one.

Equal folders give equal bytes, so an archive that is made again is the same object. Knows nothing of Harbor's files.
"""

import gzip
import hashlib
import os
import secrets
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from otcloud.trials.files import UNREADABLE

_LEVEL = 6
_PIECE = 1 << 20


def pack(folder: Path, target: Path) -> tuple[str, int]:
    """Write `folder` to `target` as tar.gz, members under the folder's name. Returns (sha256 in hex, size in bytes).

    Atomic and durable: `target` is either absent, what it was, or complete. Links stay links, executable bits stay;
    owners and times are left out; sockets, pipes and devices are skipped. Streams. Errors: OSError, with the file that
    cannot be read.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("xb") as file:
            out = _Hashing(file)
            _write(folder, out)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(target.parent)
    return out.digest.hexdigest(), out.size


def verify(path: Path) -> bool:
    """True when the archive is there and whole: gzip's checksum holds and it has at least one member. Never raises."""
    try:
        with gzip.open(path) as file:
            with tarfile.open(fileobj=file, mode="r|") as tar:
                members = sum(1 for _ in tar)
            while file.read(_PIECE):
                pass
        return members > 0
    except UNREADABLE:
        # Missing, torn or foreign: that is the answer.
        return False


class _Hashing:
    """A file to write to that knows the digest and the size of what went through it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def _write(folder: Path, out: _Hashing) -> None:
    with (
        gzip.GzipFile(filename="", mode="wb", compresslevel=_LEVEL, fileobj=out, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in _walk(folder):
            _add(tar, path, path.relative_to(folder.parent).as_posix())


def _walk(folder: Path) -> Iterator[Path]:
    """The folder and all below it, parents first, in the order of their names; links are not entered."""
    yield folder
    for child in sorted(folder.iterdir()):
        if child.is_dir() and not child.is_symlink():
            yield from _walk(child)
        else:
            yield child


def _add(tar: tarfile.TarFile, path: Path, name: str) -> None:
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode):
        tar.addfile(_member(name, tarfile.DIRTYPE, executable=True))
    elif stat.S_ISLNK(mode):
        member = _member(name, tarfile.SYMTYPE, executable=True)
        member.linkname = str(path.readlink())
        tar.addfile(member)
    elif stat.S_ISREG(mode):
        # No following, no waiting: between the look and the opening the file may have become something else.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            member = _member(name, tarfile.REGTYPE, executable=bool(mode & stat.S_IXUSR))
            member.size = os.fstat(descriptor).st_size
            tar.addfile(member, file)


def _member(name: str, kind: bytes, *, executable: bool) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = kind
    member.mode = 0o755 if executable else 0o644
    return member


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

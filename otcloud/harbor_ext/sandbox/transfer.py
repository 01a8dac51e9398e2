"""Files between the host and a sandbox, as tar streams through pipes.

Outward nothing of the sandbox is believed: an archive from inside may hold absolute names, `..`, devices, links to the
host's files or no end. Only regular files, folders and links that stay inside their folder are written, up to a limit.
"""

import contextlib
import os
import tarfile
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

MAX_DOWNLOAD_BYTES = 2 * 1024**3
_MAX_NAMES = 20_000
_CHUNK = 1 << 20
_PUT_FILE = """
[ -d "$1" ] && set -- "$1/$2" "$2" "$3"
mkdir -p -- "$(dirname -- "$1")" && cat > "$1" && chmod "$3" -- "$1"
"""
_PUT_FOLDER = 'mkdir -p -- "$1" && exec tar -xpf - --no-same-owner --no-overwrite-dir -C "$1"'
# The middle of a file above the size is left out.
_GET_FILE = """
[ -f "$1" ] || { echo "no such file: $1" >&2; exit 1; }
size=$(stat -c %s -- "$1" 2>/dev/null || echo 0)
[ "$size" -le "$2" ] && exec cat -- "$1"
half=$(($2 / 2))
head -c "$half" -- "$1" && printf '\n[... %s bytes left out ...]\n' $((size - 2 * half)) && exec tail -c "$half" -- "$1"
"""
# Files above the size are left out and named on stderr, each with a NUL behind it; then come the complaints. What goes
# away or changes meanwhile (tar's code 1) is no failure. Without GNU find, all are taken.
_GET_FOLDER = """
cd -- "$1" || exit 1
exec 3>&1 4>&2
pack() { tar -cf - --null --no-recursion --ignore-failed-read --warning=no-file-changed -T - >&3; }
if find . -maxdepth 0 -fprint0 /dev/null 2>/dev/null; then
    look() { find . -type f -size +"$2"c -fprint0 /proc/self/fd/4 -o -print0; }
    told=$({ look "$@" | pack; echo "code $?"; } 2>&1 | tail -c 4000)
else
    told=$({ tar -cf - . >&3; echo "code $?"; } 2>&1 | tail -c 4000)
fi
printf '%s' "${told%code *}" >&2
code=${told##*code }
[ "$code" -le 1 ] || exit "$code"
"""


class TransferError(RuntimeError):
    """A file or folder could not be moved; the message names both ends."""


def put_file(target: str, name: str, mode: int) -> list[str]:
    """The command that writes its stdin to `target`, or to `name` in it when that is a folder."""
    return ["/bin/sh", "-c", _PUT_FILE, "sh", target, name, f"{mode & 0o777:o}"]


def put_folder(target: str) -> list[str]:
    """The command that unpacks an archive on its stdin into `target`."""
    return ["/bin/sh", "-c", _PUT_FOLDER, "sh", target]


def get_file(source: str, max_bytes: int) -> list[str]:
    """The command that writes a file's content to its stdout; of a file larger than that, its first and last half with
    a note between them. Links are followed inside the sandbox alone."""
    return ["/bin/sh", "-c", _GET_FILE, "sh", source, str(max_bytes)]


def get_folder(source: str, max_file_bytes: int) -> list[str]:
    """The command that writes a folder as an archive to its stdout, without the files that are larger than that."""
    return ["/bin/sh", "-c", _GET_FOLDER, "sh", source, str(max_file_bytes)]


def left_behind(errors: str) -> tuple[list[str], list[str]]:
    """What get_folder's stderr tells: the files that it left out, relative to the folder, and its complaints."""
    names, _, complaints = errors.rpartition("\0")
    return [name.removeprefix("./") for name in names.split("\0") if name.startswith("./")], complaints.splitlines()


def place(target: Path, name: str) -> Path | None:
    """Where the file `name` of a copied folder goes, its parents made; None for a name that leads out of `target`."""
    path = _inside(target, name)
    if path is None or path == target:
        return None
    _make_folder(target, path.parent)
    return path


def pack(source: Path, archive: BinaryIO, prefix: str = ".") -> None:
    """Write the folder or file `source` under the name `prefix` into `archive`, owned by root, links kept as links."""
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(source, arcname=prefix, filter=as_root)


def as_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """A tar filter that gives a member to root: the host's owners mean nothing inside."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


@contextlib.contextmanager
def replacing(target: Path) -> Generator[BinaryIO]:
    """A new file that takes the place of `target` when the block succeeds; a link there is replaced, not followed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".download-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink()
        raise


def unpack(archive: BinaryIO, target: Path, limit: int = MAX_DOWNLOAD_BYTES) -> list[str]:
    """Extract an untrusted archive into the folder `target`; returns the names that were left out.

    Raises TransferError when the archive is broken or its files exceed `limit` bytes together.
    """
    target.mkdir(parents=True, exist_ok=True)
    left_out: list[str] = []
    links: list[tuple[Path, str]] = []
    room = limit
    try:
        with tarfile.open(fileobj=archive, mode="r:") as tar:
            for number, member in enumerate(tar):
                if number == _MAX_NAMES:
                    left_out.append(f"all after the first {_MAX_NAMES} names")
                    break
                path = _inside(target, member.name)
                if path is None:
                    left_out.append(member.name)
                elif member.isdir():
                    _make_folder(target, path)
                elif member.issym() and _stays_inside(member.linkname):
                    links.append((path, member.linkname))
                elif (content := _content(tar, member)) is not None:
                    room -= _write(target, path, content, member.mode, room)
                else:
                    left_out.append(member.name)
    except tarfile.TarError as error:
        raise TransferError(f"the archive of {target} from the sandbox is broken: {error}") from error
    # Links come last: no file of this archive is ever written through one of them.
    for path, destination in links:
        if path.is_dir() and not path.is_symlink():
            left_out.append(path.name)
            continue
        _make_folder(target, path.parent)
        _clear(path)
        path.symlink_to(destination)
    return left_out


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes] | None:
    """The bytes of a regular file, or of the one that a hard link names."""
    if not (member.isreg() or member.islnk()):
        return None
    try:
        return tar.extractfile(member)
    except (KeyError, tarfile.StreamError, RecursionError):
        # A hard link to something that is not in the archive, or to itself.
        return None


def _inside(target: Path, name: str) -> Path | None:
    parts = [part for part in PurePosixPath(name).parts if part not in ("/", "//", ".")]
    if ".." in parts or "\0" in name:
        return None
    return target.joinpath(*parts)


def _stays_inside(destination: str) -> bool:
    path = PurePosixPath(destination)
    return bool(destination) and not path.is_absolute() and ".." not in path.parts


def _make_folder(target: Path, folder: Path) -> None:
    """Make `folder` below `target`; what is in the way, a link above all, gives way to a real folder."""
    for path in reversed([folder, *folder.parents]):
        if path.is_relative_to(target) and path != target and (path.is_symlink() or not path.is_dir()):
            _clear(path)
            path.mkdir()


def _clear(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError, IsADirectoryError):
        path.unlink()


def _write(target: Path, path: Path, content: IO[bytes], mode: int, room: int) -> int:
    if path == target or (path.is_dir() and not path.is_symlink()):
        return 0
    _make_folder(target, path.parent)
    _clear(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    written = 0
    with os.fdopen(os.open(path, flags, 0o600 | (mode & 0o755)), "wb") as file:
        for chunk in _chunks(content):
            written += len(chunk)
            if written > room:
                raise TransferError(f"more than the allowed bytes would come out of the sandbox: {path.name}")
            file.write(chunk)
    return written


def _chunks(content: IO[bytes]) -> Iterator[bytes]:
    while chunk := content.read(_CHUNK):
        yield chunk

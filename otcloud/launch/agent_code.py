"""The code of an agent of the user's own: its digest, and the copy of it that travels with a run.

Before a run is created, Harbor tries to import a copy that is made in the same way: what it finds is what will travel.
"""

import hashlib
import os
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

from otcloud.errors import InputInvalid
from otcloud.recipe.agent_file import kind_of, top_module
from otcloud.recipe.schema.agent import Agent

MOST_FILES = 2000
MOST_BYTES = 20 * 1024 * 1024
_CACHES = ("__pycache__", "node_modules")


def digest(agent: Agent) -> str | None:
    """SHA-256 over names and contents of the agent's files, 32 hex digits; None for an agent that is installed.

    Errors: InputInvalid for code that cannot travel (too much of it, unreadable, links that lead out).
    """
    if agent.file is None:
        return None
    whole = hashlib.sha256()
    for name, path in _files(agent):
        content = _read(path)
        whole.update(os.fsencode(name) + b"\0" + f"{len(content)}".encode() + b"\0" + content)
    return whole.hexdigest()[:32]


@contextmanager
def copied(agent: Agent) -> Generator[Path | None]:
    """A temporary folder from which Python imports the agent; None for an agent that is installed. Errors as digest."""
    if agent.file is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="otcloud-agent-") as folder:
        write(agent, Path(folder))
        yield Path(folder)


def write(agent: Agent, target: Path) -> None:
    """Write the agent's files into a folder from which Python then imports it; nothing for one that is installed."""
    if agent.file is None:
        return
    for name, path in _files(agent):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes(_read(path))


def _files(agent: Agent) -> list[tuple[PurePath, Path]]:
    """Every file by the name, relative to the folder of imports, that it travels under; in order of the names."""
    top, file = top_module(agent.import_path or ""), agent.file
    assert file is not None, "asked for the files of an agent that is installed"
    kind = kind_of(file, top)
    if kind is None:
        raise InputInvalid(f"agent.file: {file} does not hold the module {top}", do="it was moved; check agent.file")
    if kind == "module":
        found = [(PurePath(file.name), file)]
    else:
        above = PurePath(top) if kind == "package" else PurePath()
        found = sorted((above / path.relative_to(file), path) for path in _walk(file))
    _check(file, [path for _, path in found])
    return found


def _walk(folder: Path) -> Iterator[Path]:
    """The files that travel: nothing hidden, no caches, and no more than are counted."""
    count = 0
    for root, folders, names in os.walk(folder, onerror=_unreadable):
        _no_linked_folder(Path(root), folders)
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _CACHES]
        for name in names:
            path = Path(root) / name
            if name.startswith(".") or name.endswith(".pyc") or not (path.is_file() or path.is_symlink()):
                continue
            count += 1
            if count > MOST_FILES:
                raise _too_much(folder, f"more than {MOST_FILES} files")
            yield path


def _no_linked_folder(root: Path, folders: list[str]) -> None:
    for name in folders:
        if (root / name).is_symlink():
            raise InputInvalid(f"agent.file: {root / name} is a link to a folder", do="put the folder itself there")


def _check(whole: Path, paths: list[Path]) -> None:
    home = whole.resolve() if whole.is_dir() else whole.resolve().parent
    size = 0
    for path in paths:
        real = path.resolve()
        if path.is_symlink() and path != whole and not (real.is_relative_to(home) and real.is_file()):
            raise InputInvalid(
                f"agent.file: {path} is a link that leads out of the folder", do="put the file itself there"
            )
        size += real.stat().st_size
    if size > MOST_BYTES:
        raise _too_much(whole, f"{size / 2**20:.0f} MB")


def _too_much(whole: Path, how_much: str) -> InputInvalid:
    return InputInvalid(
        f"agent.file: {whole} is too much to travel with every run: {how_much}",
        why=f"{MOST_FILES} files and {MOST_BYTES // 2**20} MB are the most",
        do="put the agent alone into a file or a package folder",
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputInvalid(f"agent.file: cannot read {path}: {error.strerror}") from error


def _unreadable(error: OSError) -> None:
    raise InputInvalid(f"agent.file: cannot read {error.filename}: {error.strerror}") from error

"""Folders of Harbor tasks: what is there, what each one's content is, and their copy into a run directory."""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from otcloud.errors import InputInvalid
from otcloud.plan.compile import task_slug
from otcloud.plan.facts import TaskFact, TaskSet
from otcloud.recipe.schema.tasks import Tasks
from otcloud.runs.journal import write_json
from otcloud.runs.layout import RunDir

_MARKERS = ("task.toml", "instruction.md")
_CACHE = "__pycache__"


def find(tasks: Tasks, folder: Path) -> TaskSet:
    """The tasks in `folder` (a folder of task folders, or one task), after include, exclude and limit.

    A sub-folder counts as a task when it holds task.toml or instruction.md; whether Harbor can run it is asked later.
    Errors: InputInvalid when the folder is missing or cannot be read, or nothing is left.
    """
    if not folder.is_dir():
        raise InputInvalid(f"tasks.path: there is no folder {folder}", do="check tasks.path, or --tasks-input-path")
    try:
        return _find(tasks, folder)
    except OSError as error:
        raise InputInvalid(f"tasks.path: cannot read {error.filename}: {error.strerror}") from error


def source_folder(folder: Path) -> Path:
    """The folder that holds the task folders, when `folder` may itself be one task."""
    return folder.parent if _is_task(folder) else folder


def digest(folder: Path) -> str:
    """SHA-256 over a task folder: relative names, executable bits, link targets and contents, in order of name."""
    whole = hashlib.sha256()
    for path in sorted(_walk(folder), key=lambda path: os.fsencode(path.relative_to(folder))):
        whole.update(os.fsencode(path.relative_to(folder)) + b"\0" + _identity(path).encode() + b"\0")
    return whole.hexdigest()[:32]


def stray_link(folder: Path) -> str | None:
    """The first relative link of a task that leads out of its folder: in a copy of the task it would lead nowhere."""
    for path in _walk(folder):
        if path.is_symlink() and not path.readlink().is_absolute():
            name = path.relative_to(folder)
            if Path(os.path.normpath(name.parent / path.readlink())).parts[:1] == ("..",):
                return str(name)
    return None


def materialise(found: TaskSet, source: Path, run: RunDir) -> dict[str, Any]:
    """Copy tasks into the run directory and write tasks.lock.json beside the plan; gives that lock.

    A task's copy has no `__` in its name: Harbor splits names there. Links are copied as links.
    """
    taken: set[str] = set()
    entries: list[dict[str, str]] = []
    base = run.tasks / found.digest[:16] / found.slug
    for fact in found.tasks:
        name = _free_name(fact.name.replace("__", "-"), taken)
        if not (base / name).is_dir():
            building = base / f".{name}.building"
            shutil.rmtree(building, ignore_errors=True)
            shutil.copytree(source / fact.name, building, symlinks=True, ignore=_ignored)
            building.rename(base / name)
        path = (base / name).relative_to(run.root)
        entries.append({"name": fact.name, "digest": fact.digest, "path": path.as_posix()})
    lock = {"set": found.digest, "slug": found.slug, "tasks": entries}
    write_json(run.tasks_lock, lock)
    return lock


def only(found: TaskSet, names: Iterable[str]) -> TaskSet:
    """The same set with nothing but the named tasks."""
    kept = set(names)
    facts = tuple(fact for fact in found.tasks if fact.name in kept)
    return TaskSet(slug=found.slug, digest=_set_digest(facts), tasks=facts, left_out=found.left_out)


def _find(tasks: Tasks, folder: Path) -> TaskSet:
    source, names = (folder.parent, [folder.name]) if _is_task(folder) else (folder, _task_names(folder))
    if not names:
        raise InputInvalid(
            f"tasks.path: {folder} holds no task",
            why="a task is a folder with task.toml, instruction.md, environment/ and tests/",
            do="point tasks.path at the folder that holds the task folders",
        )
    taken = [name for name in names if _is_wanted(name, tasks)][: tasks.limit]
    if not taken:
        raise InputInvalid(
            f"tasks: none of the {len(names)} tasks in {folder} is left after include and exclude",
            why=f"for example: {', '.join(names[:5])}",
            do="check the globs in tasks.include and tasks.exclude",
        )
    if strange := [name for name in taken if not name.isprintable()]:
        raise InputInvalid(
            f"tasks.path: {len(strange)} task folders have names that cannot be written down",
            why=f"for example: {strange[0]!a}",
            do="give them names in UTF-8 without control characters",
        )
    facts = tuple(TaskFact(name=name, digest=digest(source / name)) for name in taken)
    return TaskSet(
        slug=task_slug(folder.name), digest=_set_digest(facts), tasks=facts, left_out=len(names) - len(taken)
    )


def _task_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if _is_task(path))


def _is_task(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".") and any((path / marker).is_file() for marker in _MARKERS)


def _is_wanted(name: str, tasks: Tasks) -> bool:
    included = not tasks.include or any(fnmatch(name, glob) for glob in tasks.include)
    return included and not any(fnmatch(name, glob) for glob in tasks.exclude)


def _identity(path: Path) -> str:
    if path.is_symlink():
        return "l" + hashlib.sha256(os.fsencode(path.readlink())).hexdigest()
    with path.open("rb") as file:
        # The bit itself: whether *this* user on *this* mount may execute the file is no part of the task.
        executable = os.fstat(file.fileno()).st_mode & stat.S_IXUSR
        return ("x" if executable else "f") + hashlib.file_digest(file, "sha256").hexdigest()


def _walk(folder: Path) -> Iterable[Path]:
    for root, folders, files in os.walk(folder, onerror=_fail):
        links = [name for name in folders if (Path(root) / name).is_symlink()]
        folders[:] = [name for name in folders if name not in links and name != _CACHE]
        kept = (Path(root) / name for name in [*files, *links] if name != _CACHE)
        yield from (path for path in kept if _is_kept(path))


def _fail(error: OSError) -> None:
    raise error


def _is_kept(path: Path) -> bool:
    return path.is_symlink() or path.is_file()


def _ignored(root: str, names: list[str]) -> set[str]:
    """What a digest does not see is not copied either: caches, sockets, pipes and devices."""
    return {
        name for name in names if name == _CACHE or not ((Path(root) / name).is_dir() or _is_kept(Path(root) / name))
    }


def _free_name(name: str, taken: set[str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    taken.add(free)
    return free


def _set_digest(facts: tuple[TaskFact, ...]) -> str:
    return hashlib.sha256("\n".join(f"{fact.name} {fact.digest}" for fact in facts).encode()).hexdigest()

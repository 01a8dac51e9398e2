"""Making a run directory: whole under its name, or not there at all, and locked from its first moment."""

import shutil
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from otcloud.errors import PublishFailed, UsageError
from otcloud.runs.journal import append_line, locked, write_json, write_text
from otcloud.runs.layout import RunDir
from otcloud.runs.state import client_record

_LOCK_WAIT_SEC = 2.0
"""Longer than anybody needs to ask whether a lock is held."""


@contextmanager
def created(
    run: RunDir, recipe: str, plan: dict[str, Any], record: dict[str, Any], fill: Callable[[RunDir], None]
) -> Generator[None]:
    """Create a run directory and hold its lock: recipe (YAML), plan and record are written once, `fill` adds inputs.

    Errors: UsageError when the name is taken, PublishFailed when the directory cannot be written; whatever `fill`
    raises. In each case nothing is left behind.
    """
    building = RunDir(run.root.with_name(f".{run.run_id}.creating"))
    with ExitStack() as stack:
        with writing(run):
            _sweep(run.root.parent)
            if stack.enter_context(locked(building.lock, wait_sec=_LOCK_WAIT_SEC)) is None:
                raise _taken(run)
            try:
                if run.root.exists():
                    raise _taken(run)
                write_text(building.recipe, recipe)
                write_json(building.plan, plan)
                fill(building)
                write_json(building.run, record)
                building.root.rename(run.root)
            finally:
                shutil.rmtree(building.root, ignore_errors=True)
        yield


@contextmanager
def writing(run: RunDir) -> Generator[None]:
    """Whatever keeps the client from writing a run directory, as an error that says so: PublishFailed."""
    try:
        yield
    except OSError as error:
        raise PublishFailed(
            f"cannot write the run directory {run.root}: {error.strerror or error}",
            why=str(error.filename or ""),
            do="make room or take another folder with --runs-dir, then run the same command again",
        ) from error


@contextmanager
def opened(run: RunDir) -> Generator[None]:
    """Hold the lock of a run that exists. Error: UsageError when somebody drives it."""
    with ExitStack() as stack:
        with writing(run):
            held = stack.enter_context(locked(run.lock, wait_sec=_LOCK_WAIT_SEC))
        if held is None:
            raise UsageError(f"run {run.run_id} is being driven by another otcloud", do=f"otcloud status {run.run_id}")
        yield


def note(run: RunDir, event: str, **facts: Any) -> None:
    """Write facts into the client's record, and a line into its journal."""
    write_json(run.run, {**(client_record(run) or {}), **facts})
    append_line(run.client_events, {"event": event, **facts})


def _taken(run: RunDir) -> UsageError:
    readable = client_record(run) is not None
    return UsageError(
        f"there is a run {run.run_id} already",
        why="" if readable else f"its record cannot be read any more: {run.run}",
        do=f"take another name, or: otcloud resume {run.run_id}" if readable else "take another name",
    )


def _sweep(runs_dir: Path) -> None:
    """Remove what a killed client left of directories that it was making."""
    for folder in runs_dir.glob(".*.creating"):
        with locked(RunDir(folder).lock) as held:
            if held is not None:
                shutil.rmtree(folder, ignore_errors=True)

"""All runs of this user on this machine: where they are, the newest, the one that a word means."""

import os
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path

from otcloud.errors import InputInvalid, UsageError
from otcloud.runs.journal import append_line, read_json, read_lines
from otcloud.runs.layout import RunDir
from otcloud.runs.state import RunState, read_state
from otcloud.runs.stored import stored_plan

INDEX = "runs.jsonl"


def register(data: Path, run: RunDir) -> None:
    """Note a new run in the user's index."""
    append_line(data / INDEX, {"run_id": run.run_id, "path": str(run.root)}, sync=True)


def all_runs(data: Path | None, runs_dir: Path) -> list[RunState]:
    """Every run that is still there, of the index in `data` and of `runs_dir`, newest first.

    `data` is None where a person asked for one folder alone.
    """
    states = (read_state(run) for run in _folders(data, runs_dir))
    return sorted((state for state in states if state), key=lambda state: (state.created, state.run_id), reverse=True)


def resolve(word: str | None, data: Path | None, runs_dir: Path) -> RunDir:
    """The run that a word means: a folder, an id, the start of one; no word: the newest of `runs_dir`, else of all.

    Errors: UsageError when none or several are meant.
    """
    for folder in () if word is None else (Path(word), runs_dir / word):
        if (folder / "run.json").is_file():
            return RunDir(folder.resolve())
    runs = all_runs(data, runs_dir)
    if not runs:
        where = f" in {runs_dir}" if data is None else ""
        raise UsageError(f"there are no runs{where} yet", do="start one: otcloud tracegen quickstart")
    if word is None:
        here = [state for state in runs if Path(state.path).parent == runs_dir.resolve()]
        return RunDir(Path((here or runs)[0].path))
    meant = [state for state in runs if state.run_id == word] or [s for s in runs if s.run_id.startswith(word)]
    if len(meant) == 1:
        return RunDir(Path(meant[0].path))
    if meant:
        raise UsageError(f"{word!r} is the start of several runs", why=", ".join(s.run_id for s in meant[:5]))
    near = get_close_matches(word, [state.run_id for state in runs], n=1)
    raise UsageError(
        f"there is no run {word!r}", why=f"did you mean {near[0]}?" if near else "", do="see them all: otcloud runs"
    )


def unfinished(recipe_digest: str, runs_dir: Path, say: Callable[[str], None]) -> RunDir | None:
    """The newest run of the same recipe in `runs_dir` that is neither finished nor driven by anybody.

    One that cannot go on, because a crash left its plan or its list of tasks torn, is passed over and told.
    """
    for state in all_runs(None, runs_dir):
        if state.recipe_digest == recipe_digest and not (state.is_active or state.is_finished):
            run = RunDir(Path(state.path))
            if not (torn := _torn(run)):
                return run
            say(f"run {run.run_id} is unfinished and cannot go on: {torn}")
    return None


def _torn(run: RunDir) -> str:
    try:
        stored_plan(run)
    except InputInvalid as error:
        # The answer itself: another run is looked for, or started.
        return error.what
    return "" if read_json(run.tasks_lock) else f"{run.tasks_lock} cannot be read"


def _folders(data: Path | None, runs_dir: Path) -> Iterator[RunDir]:
    known = [] if data is None else [Path(str(record.get("path"))) for record in read_lines(data / INDEX)]
    here = [path.parent for path in runs_dir.glob("*/run.json")]
    # One folder may be known by several paths (a link, `..`): it is still one run.
    yield from (RunDir(Path(path)) for path in dict.fromkeys(map(os.path.realpath, [*known, *here])))

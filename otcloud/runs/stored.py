"""What a run directory is to execute, read back: its plan, and what later starts amended.

What a newer otcloud added is passed over, and so is an amendment that cannot be read.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from otcloud.errors import InputInvalid
from otcloud.plan.amend import Amendment
from otcloud.plan.plan import Plan
from otcloud.runs.journal import read_json, write_json
from otcloud.runs.layout import RunDir
from otcloud.trials.record import mapping, text


def stored_plan(run: RunDir) -> Plan:
    """The plan in force: that of the newest amendment, else the one that the run was started with.

    Error: InputInvalid when it is missing, torn or of another format.
    """
    amendment = newest(run)
    return _first_plan(run) if amendment is None else amendment.plan


def newest(run: RunDir) -> Amendment | None:
    """The newest amendment that can be read; None for a run that nobody has amended."""
    for path in reversed(_files(run)):
        try:
            return Amendment.model_validate(read_json(path), extra="ignore")
        except ValidationError:
            continue  # torn by a copy, or by a newer otcloud: the one before it holds
    return None


def amend(run: RunDir, amendment: Amendment) -> None:
    """Put an amendment in force; the run's lock is held. Errors: OSError."""
    numbers = [int(path.stem) for path in _files(run)]
    write_json(run.amendment(max(numbers, default=0) + 1), amendment.model_dump(mode="json"))


def lift(run: RunDir, t: str) -> None:
    """Let a start that was asked for nothing in particular run all that is missing; the run's lock is held."""
    last = newest(run)
    if last is not None and last.slots is not None:
        lifted: dict[str, Any] = {"t": t, "words": "all that is missing", "changes": {}, "only": None, "slots": None}
        amend(run, last.model_copy(update=lifted))


def amended(run: RunDir) -> Iterator[tuple[str, str]]:
    """(time, what was asked for) of every amendment, the first one first."""
    for path in _files(run):
        document: dict[str, Any] = read_json(path) or {}
        if said := text(document.get("words")):
            yield text(document.get("t")), said


def sandboxes_used(run: RunDir) -> set[str]:
    """The sandbox types that the run was started with and amended to, as far as the files can be read."""
    documents = [read_json(run.plan), *(mapping(read_json(path), "plan") for path in _files(run))]
    return {text(mapping(document).get("sandbox")) for document in documents} - {""}


def _first_plan(run: RunDir) -> Plan:
    document = read_json(run.plan)
    if document is None:
        raise InputInvalid(
            f"{run.plan} cannot be read",
            why="it is missing or torn, and it is written only once",
            do="start a new run with the command that started this one (another --job-name, if it had one); "
            f"what finished stays in {run.published}",
        )
    try:
        return Plan.model_validate(document, extra="ignore")
    except ValidationError as error:
        raise InputInvalid(
            f"{run.plan} is no plan that this otcloud can execute",
            why="; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:3]),
            do="resume the run with the version of otcloud that started it, or start a new one: --new",
        ) from error


def _files(run: RunDir) -> list[Path]:
    numbered = (path for path in run.amendments.glob("*.json") if path.stem.isdecimal())
    return sorted(numbered, key=lambda path: int(path.stem))

"""Which trials are still to be run. Pure.

A slot is (task, rollout index). It is filled by a trial that says something about the agent; a trial lost to
infrastructure, or cut off, leaves its slot free.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from otcloud.errors import InputInvalid
from otcloud.trials.trial import COUNTING, Trial


@dataclass(frozen=True)
class TaskEntry:
    """One task of tasks.lock.json."""

    name: str
    digest: str
    path: str

    @property
    def folder(self) -> str:
        """Name of the task's folder, as it stands in a trial's record."""
        return self.path.rsplit("/", 1)[-1]


def entries(lock: Mapping[str, Any]) -> list[TaskEntry]:
    """The tasks of a lock, in its order. Error: InputInvalid for a document that is no lock."""
    try:
        return [TaskEntry(str(task["name"]), str(task["digest"]), str(task["path"])) for task in lock["tasks"]]
    except (LookupError, TypeError) as error:
        raise InputInvalid("tasks.lock.json is no list of tasks", why=repr(error), do="start a new run") from error


def filled(trials: Iterable[Trial]) -> Counter[str]:
    """How many slots each task folder has filled."""
    return Counter(trial.task for trial in trials if trial.outcome in COUNTING)


def missing(tasks: Sequence[TaskEntry], attempts: int, done: Mapping[str, int]) -> list[TaskEntry]:
    """The tasks to run, one entry for each free slot; the first rollout of every task before the second of any."""
    return [task for index in range(attempts) for task in tasks if done.get(task.folder, 0) <= index]


def free_rollout(taken: Iterable[int | None]) -> int:
    """The lowest rollout index that is not taken."""
    used = set(taken)
    index = 0
    while index in used:
        index += 1
    return index

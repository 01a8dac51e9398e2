"""Which trials are still to be run. Pure.

A slot is (task, rollout index). It is filled by a trial that says something about the agent; a trial lost to
infrastructure, or cut off, leaves its slot free, and so does one that an amendment has vacated.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

from otcloud.errors import InputInvalid
from otcloud.trials.trial import Trial

type Taken = Mapping[str, Sequence[int | None]]
"""Task folder -> the rollout of each trial that fills a slot of it; None where the rollout is not known."""


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


@dataclass(frozen=True)
class Scope:
    """What an amendment says of slots. `vacated`: trials that no longer fill theirs. `slots`: task folder -> the
    rollouts that this start may run; None: every free one."""

    vacated: Collection[str] = ()
    slots: Mapping[str, Collection[int]] | None = None

    def fills(self, trial: Trial) -> bool:
        """Whether a trial fills its slot."""
        return trial.counts and trial.trial not in self.vacated

    def wants(self, folder: str, rollout: int) -> bool:
        """Whether this start may run a slot."""
        return self.slots is None or rollout in self.slots.get(folder, ())


EVERYTHING = Scope()
"""The scope of a run that nobody has amended."""


def entries(lock: Mapping[str, Any]) -> list[TaskEntry]:
    """The tasks of a lock, in its order. Error: InputInvalid for a document that is no lock."""
    try:
        return [TaskEntry(str(task["name"]), str(task["digest"]), str(task["path"])) for task in lock["tasks"]]
    except (LookupError, TypeError) as error:
        raise InputInvalid("tasks.lock.json is no list of tasks", why=repr(error), do="start a new run") from error


def taken(trials: Iterable[Trial], scope: Scope = EVERYTHING) -> dict[str, list[int | None]]:
    """The rollouts that trials fill, by task folder."""
    found: dict[str, list[int | None]] = {}
    for trial in trials:
        if scope.fills(trial):
            found.setdefault(trial.task, []).append(trial.rollout)
    return found


def free_slots(attempts: int, held: Sequence[int | None]) -> list[int]:
    """The rollouts of one task that are still to be run: as many as are wanting, the lowest that nobody holds."""
    used = set(held)
    free = (index for index in count() if index not in used)
    return list(islice(free, max(0, attempts - len(held))))


def missing(tasks: Sequence[TaskEntry], attempts: int, held: Taken, scope: Scope = EVERYTHING) -> list[TaskEntry]:
    """The tasks to run, one entry for each free slot in scope; the first rollout of every task before the second."""
    todo = [
        (rollout, order, task)
        for order, task in enumerate(tasks)
        for rollout in free_slots(attempts, held.get(task.folder, ()))
        if scope.wants(task.folder, rollout)
    ]
    return [task for _, _, task in sorted(todo, key=lambda each: each[:2])]


def free_rollout(taken: Iterable[int | None], preferred: Iterable[int] = ()) -> int:
    """The lowest of the preferred rollout indices that is not taken, else the lowest of all."""
    used = set(taken)
    first = next((index for index in sorted(preferred) if index not in used), None)
    return next(index for index in count() if index not in used) if first is None else first

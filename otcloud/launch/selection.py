"""Which slots of a run a repair is for, and which of its trials no longer fill theirs. Nothing here reads or writes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase

from otcloud.errors import InputInvalid
from otcloud.node.slots import Scope, TaskEntry, free_slots, taken
from otcloud.plan.amend import Only
from otcloud.trials.summary import best_records
from otcloud.trials.trial import Outcome, Trial

type Slots = Mapping[str, Collection[int]]
"""Task folder -> rollouts."""


@dataclass(frozen=True)
class Selection:
    """`again`: trials that lose their slot now. `slots`: what the start is for; None: every free slot."""

    again: tuple[str, ...]
    slots: dict[str, tuple[int, ...]] | None

    @property
    def count(self) -> int:
        """How many slots the start is for, as far as they are named."""
        return sum(map(len, (self.slots or {}).values()))


@dataclass(frozen=True)
class Standing:
    """How a run stands: its tasks, the attempts at each that its plan asks for, its trials, those already vacated."""

    tasks: Sequence[TaskEntry]
    attempts: int
    trials: Sequence[Trial]
    vacated: Collection[str] = ()
    awaiting: Mapping[str, int] = field(default_factory=dict[str, int])
    """Task folder -> attempts that were lost to infrastructure and waited for another try when the run ended; Harbor
    has deleted them, so no trial is on record."""


def select(standing: Standing, only: Only | None, globs: Sequence[str] = ()) -> Selection:
    """What a repair selects; the globs, over names of tasks, narrow it.

    `infra`: slots that an infrastructure failure lost. `missing`: slots without any record. `failed`: slots whose
    trial failed. None with globs: the trials of these tasks lose their slots, whatever came of them.
    Error: InputInvalid for a glob that fits no task.
    """
    folders = _matching(standing.tasks, globs)
    if only is None:
        again = _counting(standing, folders) if globs else ()
        return Selection(tuple(trial.trial for trial in again), None)
    slots = {"infra": _lost, "missing": _unrecorded, "failed": _failed}[only](standing)
    chosen = {folder: tuple(sorted(slots[folder])) for folder in folders if slots.get(folder)}
    again = _counting(standing, chosen) if only == "failed" else ()
    return Selection(tuple(trial.trial for trial in again if trial.rollout in chosen[trial.task]), chosen)


def _matching(tasks: Sequence[TaskEntry], globs: Sequence[str]) -> list[str]:
    names = {task.folder: (task.name, task.folder) for task in tasks}
    for glob in globs:
        if not any(_fits(glob, each) for each in names.values()):
            known = [task.name for task in tasks]
            near = get_close_matches(glob.strip("*"), known, n=3, cutoff=0.5)
            raise InputInvalid(
                f"--retry-task {glob}: the run has no such task",
                why=f"did you mean {', '.join(near)}?" if near else f"for example: {', '.join(known[:5])}",
                do="give the name of a task of this run, or a glob over names (in quotes)",
            )
    return [folder for folder, each in names.items() if not globs or any(_fits(glob, each) for glob in globs)]


def _fits(glob: str, names: Iterable[str]) -> bool:
    return any(fnmatchcase(name, glob) for name in names)


def _counting(standing: Standing, folders: Collection[str]) -> tuple[Trial, ...]:
    """The trials that fill slots of these tasks."""
    scope, wanted = Scope(standing.vacated), set(folders)
    return tuple(trial for trial in standing.trials if scope.fills(trial) and trial.task in wanted)


def _lost(standing: Standing) -> dict[str, set[int]]:
    """Free slots with an infrastructure failure on record, that of a trial which was run again included."""
    fresh = [trial for trial in standing.trials if trial.trial not in standing.vacated]
    lost = _by_task(trial for trial in best_records(fresh).values() if trial.outcome is Outcome.INFRA)
    waited = _awaiting(standing)
    return {folder: free & lost.get(folder, set()) | waited[folder] for folder, free in _free(standing).items()}


def _unrecorded(standing: Standing) -> dict[str, set[int]]:
    waited = _awaiting(standing)
    return {folder: slots - waited[folder] for folder, slots in _blank(standing).items()}


def _awaiting(standing: Standing) -> dict[str, set[int]]:
    """Blank slots, as many as attempts waited for another try: which rollout those would have been nobody knows."""
    return {
        folder: set(sorted(slots)[: standing.awaiting.get(folder, 0)]) for folder, slots in _blank(standing).items()
    }


def _blank(standing: Standing) -> dict[str, set[int]]:
    known = _by_task(standing.trials)
    return {folder: free - known.get(folder, set()) for folder, free in _free(standing).items()}


def _failed(standing: Standing) -> dict[str, set[int]]:
    """Slots for which a failed trial speaks, one that is already being run again included."""
    return _by_task(trial for trial in best_records(standing.trials).values() if trial.outcome is Outcome.FAILED)


def _free(standing: Standing) -> dict[str, set[int]]:
    held = taken(standing.trials, Scope(standing.vacated))
    return {task.folder: set(free_slots(standing.attempts, held.get(task.folder, ()))) for task in standing.tasks}


def _by_task(trials: Iterable[Trial]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for trial in trials:
        if trial.rollout is not None:
            found.setdefault(trial.task, set()).add(trial.rollout)
    return found

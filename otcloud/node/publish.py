"""Publishing: each finished trial becomes one immutable archive and one line of the index, at once and exactly once.

The archive is whole on disk before its line is written, so the index names nothing that is not there; a kill between
the two makes the same archive again. What Harbor will still retry, or never finished, is not published. Before a folder
is packed or left, the secrets that somebody wrote into it are taken out.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from otcloud.node.slots import EVERYTHING, Scope, TaskEntry, free_rollout, missing
from otcloud.runs.journal import append_line, read_lines
from otcloud.runs.layout import RunDir
from otcloud.trials.archive import pack
from otcloud.trials.failures import failure_of
from otcloud.trials.files import FolderFiles
from otcloud.trials.published import read_index
from otcloud.trials.read import read_trial
from otcloud.trials.redaction import NOTHING_HIDDEN, RedactedFiles, Redaction
from otcloud.trials.trial import Outcome, Trial


@dataclass
class Publisher:
    """Publishes the trials of one run. `max_retries` is the job's own number: an earlier failure will be retried."""

    run: RunDir
    tasks: Sequence[TaskEntry]
    max_retries: int
    scope: Scope = EVERYTHING
    redaction: Redaction = NOTHING_HIDDEN
    trials: list[Trial] = field(default_factory=list[Trial])
    unpublished: dict[str, str] = field(default_factory=dict[str, str])
    """Finished trials whose folder could not be read, and why; `catch_up` tries again."""
    _ended: Counter[str] = field(default_factory=Counter[str])

    def __post_init__(self) -> None:
        self.trials = list(read_index(self.run.published_index))
        self._names = {trial.trial for trial in self.trials}
        self._digests = {task.folder: task.digest for task in self.tasks}
        self._held: defaultdict[str, list[int | None]] = defaultdict(list)
        self._vacated: set[tuple[str, int | None]] = set()
        self._lost: defaultdict[tuple[str, str], set[int | None]] = defaultdict(set)
        for trial in self.trials:
            self._take(trial)

    def missing(self, attempts: int, *, everything: bool = False) -> list[TaskEntry]:
        """The tasks to run, one entry for each free slot: those in scope, or really every one."""
        return missing(self.tasks, attempts, self._held, EVERYTHING if everything else self.scope)

    @property
    def again(self) -> int:
        """Slots whose trial was vacated and that no other has filled yet."""
        return len(self._vacated)

    def ended(self, job: str, trial: str, exception: str | None) -> None:
        """Harbor says that a trial ended: publish it unless it says nothing of the agent and will be tried again."""
        self._ended[trial] += 1
        folder = self.run.jobs / job / trial
        will_retry = exception is not None and failure_of(exception).retry and self._ended[trial] <= self.max_retries
        found = self._read(job, folder)
        if found is not None and (found.counts or not will_retry):
            self._publish(found, folder)

    def mend(self) -> None:
        """Pack again what the index names and the folder of archives has lost, where Harbor's folder is still there."""
        for record in read_lines(self.run.published_index):
            archive = self.run.published / str(record.get("archive"))
            folder = self.run.jobs / str(record.get("job")) / str(record.get("trial"))
            # The size tells a torn or emptied one; to read them all would take hours where there are many.
            if folder.is_dir() and _size(archive) != record.get("size"):
                self.redaction.folder(folder)
                pack(folder, archive)

    def catch_up(self) -> None:
        """Publish every finished trial that is not yet published; for when no Harbor is running."""
        for job in sorted(path for path in self.run.jobs.glob("*") if path.is_dir()):
            for folder in sorted(path for path in job.iterdir() if path.is_dir()):
                found = self._read(job.name, folder)
                if found is not None:
                    self._publish(found, folder)
                elif folder.name not in self._names:
                    self._hide(folder)
            self._hide(job, deep=False)
        self._hide(self.run.log("harbor"))

    def _hide(self, path: Path, *, deep: bool = True) -> None:
        """Take secrets out of what is left as it is: trials that were cut off, Harbor's own files, its log."""
        try:
            if path.is_dir():
                self.redaction.folder(path, deep=deep)
            else:
                self.redaction.file(path)
        except OSError as error:
            if error.filename is None:
                raise
            # Missing, or what cannot be read is in nobody's archive: the other trials go on.

    def _read(self, job: str, folder: Path) -> Trial | None:
        """The finished trial in a folder, unless it is published, was cut off, or is of no task of this run."""
        if folder.name in self._names:
            return None
        trial = read_trial(RedactedFiles(FolderFiles(folder), self.redaction), job=job)
        if trial is None or trial.outcome is Outcome.CANCELLED or trial.task not in self._digests:
            return None
        return trial

    def _publish(self, trial: Trial, folder: Path) -> None:
        update = {"task_digest": self._digests[trial.task], "rollout": self._rollout(trial)}
        trial = trial.model_copy(update=update)
        try:
            self.redaction.folder(folder)
            sha256, size = pack(folder, self.run.archive(folder.name))
        except OSError as error:
            if not Path(str(error.filename)).is_relative_to(folder):
                raise
            # Harbor still works in the folder, or left a file that cannot be read: the other trials go on.
            self.unpublished[folder.name] = f"{error.filename}: {error.strerror}"
            return
        record = trial.model_dump(mode="json") | {"archive": f"{folder.name}.tar.gz", "sha256": sha256, "size": size}
        append_line(self.run.published_index, record, sync=True)
        self.unpublished.pop(folder.name, None)
        self.trials.append(trial)
        self._names.add(trial.trial)
        self._take(trial)

    def _rollout(self, trial: Trial) -> int:
        """The slot of a new trial: one that this start is for before any other."""
        held = {*self._held[trial.task], *self._lost[trial.task, trial.job]}
        return free_rollout(held, (self.scope.slots or {}).get(trial.task, ()))

    def _take(self, trial: Trial) -> None:
        """A counting trial holds its slot until it is vacated; a lost one holds it for the part that lost it."""
        if self.scope.fills(trial):
            self._held[trial.task].append(trial.rollout)
            self._vacated.discard((trial.task, trial.rollout))
        elif trial.counts:
            self._vacated.add((trial.task, trial.rollout))
        else:
            self._lost[trial.task, trial.job].add(trial.rollout)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None  # it is not there

"""Makes the first traces dataset of a run: one row for each published trial that counts, or one for each of its turns.

Reads the published archives one at a time and nothing else of the trials; filters, other formats and uploading are not
its business.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from otcloud.datasets.atif import Conversation, read_conversation
from otcloud.datasets.table import Row, TraceFiles
from otcloud.runs.layout import RunDir
from otcloud.trials.files import ArchiveFiles
from otcloud.trials.published import read_index
from otcloud.trials.read import trajectory_parts
from otcloud.trials.record import Json, mapping, mappings, parse, text
from otcloud.trials.summary import best_records
from otcloud.trials.trial import Trial

type Episodes = Literal["last", "all"]

_VERIFIER_OUTPUT = ("verifier/test-stdout.txt", "verifier/test-stderr.txt")


@dataclass(frozen=True, slots=True)
class TracesReport:
    """What was written: the number of rows, the trials without one as (trial, reason), and the files.

    `damaged` are those of the skipped whose archive cannot be read.
    """

    rows: int
    skipped: tuple[tuple[str, str], ...]
    files: tuple[Path, ...]
    damaged: tuple[str, ...] = ()


def build(run: RunDir, *, episodes: Episodes = "last") -> TracesReport:
    """Write `traces/traces.parquet` and `traces/traces.jsonl` of a run; equal trials give equal bytes.

    One record speaks for each slot, as in the summary. Infrastructure failures and cancelled trials are left out;
    failed ones and those that timed out stay. A trial that cannot be used is skipped with its reason. Rows are sorted
    by task and rollout. Errors: OSError when the files cannot be written.
    """
    instructions = _Instructions(run)
    skipped: list[tuple[str, str]] = []
    damaged: list[str] = []
    with TraceFiles(run.traces) as files:
        for trial in sorted(best_records(read_index(run.published_index)).values(), key=_order):
            try:
                for row in _rows(run, trial, instructions, episodes):
                    files.add(row)
            except _Unfit as unfit:
                # One trial that cannot be used is no reason to lose the rows of the others.
                skipped.append((trial.trial, str(unfit)))
                damaged += [trial.trial] if isinstance(unfit, _Damaged) else []
    return TracesReport(files.rows, tuple(skipped), (files.parquet, files.jsonl), tuple(damaged))


class _Unfit(Exception):
    """A trial that gives no row; the message is the reason. Raised before the trial's first row."""


class _Damaged(_Unfit):
    """Its archive cannot be read."""


class _Instructions:
    """The tasks' own instructions, from the run directory where they are."""

    def __init__(self, run: RunDir) -> None:
        self._root = run.root
        lock = run.tasks_lock.read_bytes() if run.tasks_lock.is_file() else None
        self._folders: dict[str, str] = {}
        for task in mappings(mapping(parse(lock)).get("tasks")):
            folder = text(task.get("path"))
            for key in (text(task.get("name")), text(task.get("digest"))):
                self._folders[key] = folder

    def of(self, trial: Trial) -> str | None:
        """The text of instruction.md, found by the task's digest, else by its name; None when it is not at hand."""
        folder = self._folders.get(trial.task_digest) or self._folders.get(trial.task)
        path = self._root / (folder or "") / "instruction.md"
        return path.read_text(encoding="utf-8", errors="replace") if folder and path.is_file() else None


def _order(trial: Trial) -> tuple[str, str, int, str]:
    return trial.task, trial.task_digest, -1 if trial.rollout is None else trial.rollout, trial.trial


def _rows(run: RunDir, trial: Trial, instructions: _Instructions, episodes: Episodes) -> Iterator[Row]:
    if not trial.counts:
        raise _Unfit(str(trial.outcome) if trial.cause in (None, trial.outcome) else f"{trial.outcome} ({trial.cause})")
    with ArchiveFiles(run.archive(trial.trial)) as files:
        parts = [(read_conversation(part), part) for part in trajectory_parts(files)]
        output = _verifier_output(files)
        if files.damage:
            raise _Damaged(f"its archive cannot be read ({files.damage})")
    _check([conversation for conversation, _ in parts])
    instruction = instructions.of(trial)
    for number, turn, conversation, part in _episodes(parts, episodes):
        agent = mapping(part, "agent")
        yield {
            "conversations": conversation.up_to(turn),
            "agent": trial.agent or text(agent.get("name")),
            "model": trial.model or text(agent.get("model_name")),
            "model_provider": trial.model_provider,
            "date": trial.started_at,
            "task": trial.task,
            "episode": f"episode-{number}",
            "run_id": run.run_id,
            "trial_name": trial.trial,
            "result": trial.exception if trial.reward is None else str(trial.reward),
            "instruction": parts[0][0].first_user if instruction is None else instruction,
            "verifier_output": output,
            "tool_definitions": conversation.tools,
            "trace_source": "main",
        }


def _check(conversations: list[Conversation]) -> None:
    """Errors: _Unfit for a trajectory that nothing can be learned from."""
    if not conversations:
        raise _Unfit("it has no trajectory")
    if not any(conversation.ends for conversation in conversations):
        raise _Unfit("its trajectory has no turn of the model")
    if any(conversation.ends and conversation.messages[0]["role"] != "user" for conversation in conversations):
        raise _Unfit("its trajectory begins with a turn of the model")


def _episodes(
    parts: list[tuple[Conversation, Json]], episodes: Episodes
) -> Iterator[tuple[int, int, Conversation, Json]]:
    """(number of the episode, turn within its part, the conversation, the part); numbers run through all parts."""
    numbered = [(turn, each) for each in parts for turn in range(len(each[0].ends))]
    first = len(numbered) - 1 if episodes == "last" else 0
    for number, (turn, (conversation, part)) in enumerate(numbered[first:], start=first):
        yield number, turn, conversation, part


def _verifier_output(files: ArchiveFiles) -> str | None:
    said = [data.decode("utf-8", "replace") for name in _VERIFIER_OUTPUT if (data := files.read(name)) is not None]
    return "".join(said) if said else None

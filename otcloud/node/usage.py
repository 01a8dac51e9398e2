"""What attempts have used so far, by their trajectories: a few files a call, and none again that has not changed.

terminus-2 with linear_history goes on in another file when it sums up; the figures in each file are those of the whole
attempt up to there.
"""

from collections import deque
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

from otcloud.runs.layout import TRAJECTORY, RunDir
from otcloud.trials.files import FolderFiles
from otcloud.trials.read import next_part, trajectory_parts
from otcloud.trials.record import Json, count, mapping, number

type Attempt = tuple[str, str]
"""Harbor's job and the trial's name."""

type Usage = tuple[int | None, int | None, float | None]
"""Prompt tokens, generated tokens, and the cost in dollars as the agent reports it."""

_NOTHING: Usage = (None, None, None)
_MOST_FILES = 100
_MOST_BYTES = 2**20
"""For one call: looked at, and read (10 ms). A file that is larger is read alone."""


class Trajectories:
    """The trajectories of the attempts at work in a run."""

    def __init__(self, run: RunDir) -> None:
        self._run = run
        self._round: deque[Attempt] = deque()
        self._seen: dict[Attempt, tuple[PurePosixPath, int, int]] = {}

    @property
    def all_seen(self) -> bool:
        """Whether the last round is over."""
        return not self._round

    def forget(self, attempt: Attempt) -> None:
        """It is over, or begins anew."""
        self._seen.pop(attempt, None)

    def look(self, attempts: Collection[Attempt]) -> Iterator[tuple[Attempt, Usage]]:
        """Those that have changed among the next few of the attempts at work, in rounds."""
        if not self._round:
            self._round.extend(attempts)
        size = 0
        for _ in range(min(len(self._round), _MOST_FILES)):
            attempt = self._round.popleft()
            changed = self._changed(attempt) if attempt in attempts else None
            if changed is not None:
                self._seen[attempt] = changed
                size += changed[2]
                yield attempt, self._read(attempt, changed[0])
            if size >= _MOST_BYTES:
                return

    def _changed(self, attempt: Attempt) -> tuple[PurePosixPath, int, int] | None:
        part, *seen = self._seen.get(attempt, (TRAJECTORY, 0, 0))
        try:
            found = (_folder(self._run, attempt) / part).stat()
        except (OSError, ValueError):
            return None  # not written yet
        now = (found.st_mtime_ns, found.st_size)
        return None if now == tuple(seen) else (part, *now)

    def _read(self, attempt: Attempt, part: PurePosixPath) -> Usage:
        document = next(trajectory_parts(FolderFiles(_folder(self._run, attempt)), part), None)
        following = next_part(document or {}, part)
        if following is not None:
            self._seen[attempt] = (following, 0, 0)
        return _figures(document or {})


def so_far(run: RunDir, attempt: Attempt) -> Usage:
    """What an attempt has used by all its trajectory's files: the largest figures, for the last may be torn."""
    parts = trajectory_parts(FolderFiles(_folder(run, attempt)))
    return max(map(_figures, parts), key=lambda usage: (usage[0] or 0) + (usage[1] or 0), default=_NOTHING)


def _figures(document: Json) -> Usage:
    totals = mapping(document, "final_metrics")
    tokens = count(totals.get("total_prompt_tokens")), count(totals.get("total_completion_tokens"))
    return *tokens, number(totals.get("total_cost_usd"))


def _folder(run: RunDir, attempt: Attempt) -> Path:
    return run.jobs / attempt[0] / attempt[1]

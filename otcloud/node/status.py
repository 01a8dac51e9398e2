"""The node's state, in one file that is replaced whole: what it does, how far it is, and at the end its exit code."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from otcloud.errors import Interrupted, OtcloudError
from otcloud.runs.journal import append_line, utc_now, write_json
from otcloud.runs.layout import RunDir

_HEARTBEAT_SEC = 10.0


@dataclass
class Status:
    """Writes node/status.json when something changed, and every ten seconds as a sign of life."""

    run: RunDir
    document: dict[str, Any] = field(default_factory=dict[str, Any])
    clock: Callable[[], float] = time.monotonic
    _written_at: float = float("-inf")

    def begin(self) -> None:
        """The node has started."""
        self.document = {"state": "starting", "pid": os.getpid(), "started_at": utc_now(), "exit_code": None}
        self.write()
        self.event("node-start", pid=os.getpid())

    def update(self, **changes: Any) -> None:
        """Note changes; written at once when there are any, else as a heartbeat."""
        changed = any(self.document.get(name) != value for name, value in changes.items())
        self.document.update(changes)
        if changed or self.clock() - self._written_at > _HEARTBEAT_SEC:
            self.write()

    def end(self, error: OtcloudError | None) -> int:
        """The last word: gives the exit code."""
        code = 0 if error is None else error.exit_code
        said = None if error is None else {"what": error.what, "why": error.why, "do": error.do, "title": error.title}
        state = "finished" if error is None else "interrupted" if isinstance(error, Interrupted) else "failed"
        self.document.update(state=state, exit_code=code, error=said, ended_at=utc_now())
        self.write()
        self.event("node-end", exit_code=code, error=said)
        return code

    def event(self, name: str, **facts: Any) -> None:
        """One line of the node's journal."""
        append_line(self.run.node_events, {"event": name, "t": utc_now(), **facts})

    def write(self) -> None:
        """Replace the file."""
        self._written_at = self.clock()
        write_json(self.run.status, {**self.document, "updated_at": utc_now()})

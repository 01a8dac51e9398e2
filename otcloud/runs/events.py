"""The events of trials, as Harbor's plug-in writes them into events/harbor.jsonl, and which trials are in flight."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

type Event = Mapping[str, Any]
"""One line of events/harbor.jsonl: `event`, `trial`, `task`, `t`; an `end` also has exception, outcome, cause, message,
empty, input_tokens, output_tokens and cost_usd where they are known."""

_OVER = ("end", "cancel")


@dataclass
class InFlight:
    """The trials that have started and not ended, and those that are held back at the gate."""

    running: set[str] = field(default_factory=set[str])
    held: set[str] = field(default_factory=set[str])

    def take(self, event: Event) -> None:
        """See one event."""
        name, trial = event.get("event"), str(event.get("trial"))
        if name == "job-start":
            self.running.clear()
            self.held.clear()
        elif name == "held":
            self.held.add(trial)
        elif name == "start":
            self.held.discard(trial)
            self.running.add(trial)
        elif name in _OVER:
            self.held.discard(trial)
            self.running.discard(trial)

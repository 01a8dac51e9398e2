"""The events of trials, as Harbor's plug-in writes them into events/harbor.jsonl, and which trials are in flight."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

type Event = Mapping[str, Any]
"""One line of events/harbor.jsonl: `event`, `trial`, `task`, `t`; an `end` also has exception, outcome, cause, message,
empty, input_tokens, output_tokens and cost_usd where they are known."""

_OVER = ("end", "cancel")


def awaiting(events: Iterable[Event], published: Collection[str]) -> Counter[str]:
    """Task folder -> trials of the last job whose last attempt was lost to infrastructure and that are not among the
    published: Harbor was to try them again when it ended."""
    last: dict[str, Event] = {}
    for event in events:
        if event.get("event") == "job-start":
            last.clear()
        elif event.get("event") in ("start", *_OVER):
            last[str(event.get("trial"))] = event
    lost = (each for trial, each in last.items() if each.get("outcome") == "infra" and trial not in published)
    return Counter(str(event.get("task")) for event in lost)


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

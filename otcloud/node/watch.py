"""What looks on while Harbor works: a watch sees every event of a trial, may hold the gate, may end the run."""

from typing import Protocol

from otcloud.runs.events import Event


class Watch(Protocol):
    """Somebody who looks on and may hold the gate. Nothing here waits."""

    def take(self, event: Event) -> None:
        """See one event, in the order in which the plug-in wrote them."""
        ...

    def tick(self, running: int) -> None:
        """Called several times a second with the number of trials in flight. Errors: whatever must end the run."""
        ...

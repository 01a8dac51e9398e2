"""Following a node from this terminal: show how far it is, pass Ctrl-C on once politely and once for good."""

import time
from typing import Protocol

from otcloud.errors import Interrupted
from otcloud.launch.base import Execution
from otcloud.launch.progress import Progress, ProgressReader
from otcloud.runs.layout import RunDir

_POLL_SEC = 0.1


class View(Protocol):
    """Somebody who wants to know how far a run is."""

    def show(self, progress: Progress) -> None:
        """Called several times a second."""
        ...

    def say(self, text: str) -> None:
        """One sentence for the person who watches."""
        ...


def follow(execution: Execution, run: RunDir, view: View) -> int:
    """Watch a node to its end and give its exit code.

    The first Ctrl-C asks the node to end, the second kills it: an interruption too. Both leave everything published.
    """
    reader, begin, asked = ProgressReader(run), time.monotonic(), False
    while True:
        try:
            code = execution.poll()
            view.show(reader.read(time.monotonic() - begin))
            if code is not None:
                return Interrupted.exit_code if asked and code < 0 else code
            time.sleep(_POLL_SEC)
        except KeyboardInterrupt:
            # Ctrl-C belongs to the run: end it in order first.
            if asked:
                execution.kill()
            else:
                view.say("stopping: what finished is kept (Ctrl-C again to stop at once)")
                execution.interrupt()
            asked = True

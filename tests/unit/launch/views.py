"""A person at the terminal, for the tests of this folder: remembers what was said, and presses Ctrl-C when told to."""

from collections.abc import Callable
from dataclasses import dataclass, field

from otcloud.launch.progress import Progress


@dataclass
class Watcher:
    """A view; `ctrl_c` is asked at every look whether to interrupt now."""

    ctrl_c: Callable[[], bool] = lambda: False
    said: list[str] = field(default_factory=list[str])
    shown: list[Progress] = field(default_factory=list[Progress])

    def show(self, progress: Progress) -> None:
        """A look at the run."""
        self.shown.append(progress)
        if self.ctrl_c():
            raise KeyboardInterrupt

    def say(self, text: str) -> None:
        """A sentence."""
        self.said.append(text)

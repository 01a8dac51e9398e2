"""Showing a run as it goes: one live line on a terminal, plain lines elsewhere. With render.py the importer of rich."""

import sys
import time
from types import TracebackType
from typing import Any

from otcloud.cli.render import Output
from otcloud.launch.progress import Progress, duration
from otcloud.money import dollars

_PLAIN_EVERY_SEC = 30.0
_LIVE_EVERY_SEC = 0.25


class LiveView:
    """A view of one run; a context that puts the terminal right again. Quiet and JSON output show nothing."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._live: Any = None
        self._last: tuple[str, int, int] = ("", -1, 0)
        self._shown_at = float("-inf")

    def __enter__(self) -> "LiveView":
        if not self._out.quiet and sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), refresh_per_second=8, transient=True)
            self._live.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, text: str) -> None:
        """One sentence, above the live line."""
        if self._live is not None:
            self._live.console.print(text, highlight=False, markup=False, soft_wrap=True)
        else:
            self._out.say(text)

    def warn(self, text: str) -> None:
        """A warning, above the live line."""
        if self._live is not None:
            self._live.console.print(f"warning: {text}", highlight=False, markup=False, soft_wrap=True)
        else:
            self._out.warn(text)

    def show(self, progress: Progress) -> None:
        """The run at this moment."""
        now = time.monotonic()
        if self._live is not None:
            if now - self._shown_at >= _LIVE_EVERY_SEC:
                self._shown_at = now
                self._live.update(_panel(progress))
            return
        seen = (progress.state, progress.done, progress.infra)
        if seen == self._last and now - self._shown_at < _PLAIN_EVERY_SEC:
            return
        if seen[0] == self._last[0] and now - self._shown_at < 1.0 and progress.done < progress.planned:
            return
        self._last, self._shown_at = seen, now
        self._out.say(progress.line() if progress.planned else progress.state)


def _panel(progress: Progress) -> Any:
    from rich.console import Group
    from rich.padding import Padding
    from rich.progress_bar import ProgressBar
    from rich.text import Text

    if not progress.planned:
        return Text(f"{progress.state}   {duration(progress.elapsed_sec)}", style="dim")
    reward = "-" if progress.mean_reward is None else f"{progress.mean_reward:.2f}"
    rate = "" if progress.tokens_per_sec is None else f"   {progress.tokens_per_sec:,.0f} tokens/s"
    spent = "" if progress.spent_usd is None else f"   {dollars(progress.spent_usd)} spent"
    eta = "" if progress.eta_sec is None else f"   about {duration(progress.eta_sec)} left"
    counts = Text.assemble(
        (f"{progress.done}/{progress.planned} trials", "bold"),
        f"   {progress.running} running   ",
        (f"{progress.passed} passed", "green"),
        "   ",
        f"{progress.failed} failed",
        "   ",
        (f"{progress.infra} lost to infrastructure", "red" if progress.infra else "dim"),
    )
    words = f"{progress.state}   mean reward {reward}{rate}{spent}   {duration(progress.elapsed_sec)}{eta}"
    bar = ProgressBar(total=max(progress.planned, 1), completed=progress.done, width=60)
    return Group(Padding(bar), counts, Text(words, style="dim"))

"""The line that shows a run as it goes."""

import io
from typing import Any

import pytest
from rich.console import Console

from otcloud.cli.live import LiveView, _panel
from otcloud.cli.render import Output
from otcloud.launch.progress import Progress


def drawn(progress: Progress) -> str:
    """The live line of a terminal."""
    console = Console(file=io.StringIO(), width=100)
    console.print(_panel(progress))
    file: Any = console.file
    return file.getvalue()


def test_nothing_is_counted_before_the_plan_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    """`starting`, not `0/0 trials`."""
    with LiveView(Output()) as view:
        view.show(Progress())
        view.show(Progress(state="running", planned=2, done=1))
    first, second = capsys.readouterr().err.splitlines()
    assert first == "starting"
    assert second.startswith("running: 1/2 trials")
    assert drawn(Progress()).split() == ["starting", "0", "s"]
    assert "1/2 trials" in drawn(Progress(state="running", planned=2, done=1))

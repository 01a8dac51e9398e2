"""Following a real child: its exit code, and what one and two Ctrl-C do to it."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from otcloud import process
from otcloud.launch.base import LAUNCHERS, launcher
from otcloud.launch.follow import follow
from otcloud.launch.local import LocalExecution, LocalLauncher
from otcloud.runs.journal import read_json, write_json
from otcloud.runs.layout import RunDir
from tests.unit.launch.views import Watcher

STUBBORN = "trap 'echo asked' TERM; touch up; while :; do sleep 0.05; done"
POLITE = "trap 'echo asked; exit 130' TERM; touch up; while :; do sleep 0.05; done"


@pytest.fixture
def children() -> Iterator[list[process.Child]]:
    """Children that must not outlive the test."""
    started: list[process.Child] = []
    yield started
    for child in started:
        child.stop(sig=signal.SIGKILL)


def node(script: str, folder: Path, children: list[process.Child]) -> LocalExecution:
    """A bash script in the node's place."""
    child = process.start(["bash", "-c", script], name="node", log=folder / "log", cwd=folder)
    children.append(child)
    return LocalExecution(child)


@pytest.mark.parametrize("code", [0, 7, 130])
def test_the_nodes_exit_code_is_given(tmp_path: Path, children: list[process.Child], code: int) -> None:
    view = Watcher()
    assert follow(node(f"exit {code}", tmp_path, children), RunDir(tmp_path), view) == code
    assert view.shown
    assert view.said == []


def test_a_node_that_was_killed_is_told_by_its_signal(tmp_path: Path, children: list[process.Child]) -> None:
    assert follow(node("kill -9 $$", tmp_path, children), RunDir(tmp_path), Watcher()) == -signal.SIGKILL


def test_ctrl_c_asks_the_node_to_end(tmp_path: Path, children: list[process.Child]) -> None:
    view = Watcher(lambda: not view.said and (tmp_path / "up").exists())
    assert follow(node(POLITE, tmp_path, children), RunDir(tmp_path), view) == 130
    assert (tmp_path / "log").read_text() == "asked\n"
    assert len(view.said) == 1


def test_a_second_ctrl_c_kills_it_which_is_an_interruption_too(tmp_path: Path, children: list[process.Child]) -> None:
    presses = [0]

    def ctrl_c() -> bool:
        pressed = presses[0] < 2 and (tmp_path / "up").exists()
        presses[0] += pressed
        return pressed

    assert follow(node(STUBBORN, tmp_path, children), RunDir(tmp_path), Watcher(ctrl_c)) == 130
    assert children[0].poll() == -signal.SIGKILL


def test_the_local_launcher_starts_the_node_program(tmp_path: Path, children: list[process.Child]) -> None:
    run = RunDir(tmp_path)
    write_json(run.plan, {})
    started = launcher("local")
    assert isinstance(started, LocalLauncher)
    execution = started.start(run, {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}, {"A_KEY": "canary-a1b2c3"})
    assert follow(execution, run, Watcher()) == 3
    assert "plan.json" in (read_json(run.status) or {})["error"]["what"]
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"canary-a1b2c3" in path.read_bytes()]


@pytest.mark.parametrize("name", LAUNCHERS)
def test_every_launcher_can_be_imported(name: str) -> None:
    assert callable(launcher(name).start)

"""Programs in the background: their group, their lock, and their end when we end."""

import os
import signal
import sys
from pathlib import Path

import pytest

from otcloud import process
from otcloud.runs.journal import is_locked, locked
from tests.flow.command import wait_for

PARENT = """
import signal, sys, time
from pathlib import Path
from otcloud import process
signal.signal(signal.SIGTERM, lambda *_: None)
code = "import signal, sys, time; open(sys.argv[1] + '/up', 'w').close(); time.sleep(300)"
folder = Path(sys.argv[1])
argv = [sys.executable, "-c", code, folder]
child = process.start(argv, name="child", log=folder / "log", death_signal=int(sys.argv[2]))
(folder / "pid").write_text(f"{child.pid}\\n")
time.sleep(300)
"""
ORPHAN = """
import os, signal
from otcloud.process import die_with_parent
signal.signal(signal.SIGTERM, lambda *_: None)
die_with_parent(signal.SIGTERM, parent=os.getppid() + 1)
print("alive")
"""


def started(script: str, folder: Path) -> process.Child:
    """A bash script that has written the file `up`."""
    child = process.start(["bash", "-c", script], name="bash", log=folder / "log", cwd=folder)
    wait_for((folder / "up").exists, "the script is up")
    return child


def test_output_is_appended_and_the_child_leads_its_own_session(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "x.log"
    for _ in range(2):
        child = process.start(["bash", "-c", "echo out; echo err >&2; exit 4"], name="x", log=log)
        assert child.wait(60) == 4
    assert log.read_text() == "out\nerr\n" * 2
    child = started("touch up; sleep 300", tmp_path)
    assert os.getpgid(child.pid) == os.getsid(child.pid) == child.pid
    assert child.poll() is None
    assert child.wait(0.01) is None
    assert child.stop() == -signal.SIGTERM


def test_stop_lets_a_program_end_in_its_own_way(tmp_path: Path) -> None:
    child = started("trap 'echo bye; exit 5' TERM; touch up; while :; do sleep 0.05; done", tmp_path)
    assert child.stop() == 5
    assert (tmp_path / "log").read_text() == "bye\n"
    child.send(signal.SIGTERM)
    assert child.stop() == 5


def test_stop_kills_who_does_not_listen_and_the_rest_of_the_group(tmp_path: Path) -> None:
    child = started("trap '' TERM; sleep 300 & echo $! > pid; touch up; while :; do sleep 0.05; done", tmp_path)
    assert child.stop(grace_sec=0.2) == -signal.SIGKILL
    assert process.wait_gone(int((tmp_path / "pid").read_text()), 30)


def test_stop_kills_what_a_dead_head_left_behind(tmp_path: Path) -> None:
    child = started("sleep 300 & echo $! > pid; touch up; exit 3", tmp_path)
    assert child.wait(60) == 3
    left = int((tmp_path / "pid").read_text())
    assert process.is_alive(left)
    assert child.stop() == 3
    assert process.wait_gone(left, 30)


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGKILL])
def test_a_child_dies_with_its_parent(tmp_path: Path, sig: signal.Signals) -> None:
    parent = process.start([sys.executable, "-c", PARENT, tmp_path, str(int(sig))], name="p", log=tmp_path / "plog")
    wait_for((tmp_path / "up").exists, "the child is up")
    child = int(wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), "its pid is known"))
    assert process.is_alive(child)
    os.kill(parent.pid, signal.SIGKILL)
    assert process.wait_gone(child, 60)
    assert parent.stop() == -signal.SIGKILL


def test_who_lost_its_parent_already_dies_at_once_whatever_it_handles() -> None:
    done = process.run([sys.executable, "-c", ORPHAN])
    assert (done.code, done.stdout) == (-signal.SIGKILL, "")


def test_a_lock_is_free_only_when_the_child_that_shares_it_has_ended(tmp_path: Path) -> None:
    with locked(tmp_path / "lock") as held:
        assert held is not None
        child = process.start(["sleep", "300"], name="s", log=tmp_path / "log", hold=(held,))
    assert is_locked(tmp_path / "lock")
    with locked(tmp_path / "lock") as second:
        assert second is None
    child.stop(sig=signal.SIGKILL)
    assert not is_locked(tmp_path / "lock")
    with locked(tmp_path / "lock", wait_sec=60) as third:
        assert third is not None

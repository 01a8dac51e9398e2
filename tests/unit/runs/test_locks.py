"""Locks between real processes."""

import shutil
import signal
import sys
from pathlib import Path

from otcloud import process
from otcloud.runs.journal import is_locked, locked
from tests.flow.command import wait_for

HOLD = """
import sys, time
from pathlib import Path
from otcloud.runs.journal import locked
with locked(Path(sys.argv[1]), wait_sec=float(sys.argv[2])) as held:
    print("held" if held is not None else "refused", flush=True)
    time.sleep(300 if held is not None else 0)
"""


def holder(path: Path, log: Path, wait_sec: float = 0.0) -> process.Child:
    """A process that takes the lock and keeps it, or waits for it."""
    return process.start([sys.executable, "-c", HOLD, path, str(wait_sec)], name="holder", log=log)


def said(log: Path) -> str:
    """What a holder has said."""
    return log.read_text()


def test_one_process_holds_it_and_a_kill_frees_it(tmp_path: Path) -> None:
    path, log = tmp_path / "deep" / "lock", tmp_path / "log"
    assert not is_locked(path)
    first = holder(path, log)
    wait_for(lambda: said(log) == "held\n", "the lock is held")
    assert is_locked(path)
    with locked(path) as second:
        assert second is None
    second = holder(path, tmp_path / "second", 0.1)
    assert second.wait(60) == 0
    assert said(tmp_path / "second") == "refused\n"
    waiting = holder(path, tmp_path / "waiting", 300)
    first.stop(sig=signal.SIGKILL)
    wait_for(lambda: said(tmp_path / "waiting") == "held\n", "the next one has it")
    waiting.stop(sig=signal.SIGKILL)
    assert not is_locked(path)


def test_asking_whether_it_is_held_disturbs_nobody(tmp_path: Path) -> None:
    with locked(tmp_path / "lock") as held:
        assert held is not None
        assert all(is_locked(tmp_path / "lock") for _ in range(20))
    assert not any(is_locked(tmp_path / "lock") for _ in range(20))
    with locked(tmp_path / "lock") as again:
        assert again is not None


def test_who_waits_for_a_folder_that_is_removed_gets_the_lock_of_a_new_one(tmp_path: Path) -> None:
    """A lock on a file that nobody can find any more would protect nothing."""
    path = tmp_path / "run" / "lock"
    with locked(path) as held:
        assert held is not None
        waiting = holder(path, tmp_path / "log", 300)
        wait_for(lambda: str(path) in _open_files(waiting.pid), "the other one waits")
        shutil.rmtree(path.parent)
    wait_for(lambda: said(tmp_path / "log") == "held\n", "the other one has a lock")
    assert is_locked(path)
    waiting.stop(sig=signal.SIGKILL)


def test_a_lock_moves_with_its_folder(tmp_path: Path) -> None:
    with locked(tmp_path / "building" / "lock") as held:
        assert held is not None
        (tmp_path / "building").rename(tmp_path / "run")
        assert is_locked(tmp_path / "run" / "lock")
        with locked(tmp_path / "building" / "lock") as other:
            assert other is not None
    assert not is_locked(tmp_path / "run" / "lock")


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    def opened() -> int:
        return sum(1 for _ in Path("/proc/self/fd").iterdir())

    before = opened()
    with locked(tmp_path / "lock"), locked(tmp_path / "lock") as second:
        assert second is None
        assert is_locked(tmp_path / "lock")
    assert opened() == before


def _open_files(pid: int) -> list[str]:
    links = Path(f"/proc/{pid}/fd")
    return [str(link.readlink()) for link in links.iterdir() if link.is_symlink()]

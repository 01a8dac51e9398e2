"""Making a run directory: whole or not at all, and by one process."""

import json
import shutil
import signal
import sys
from pathlib import Path

import pytest

from otcloud import process
from otcloud.errors import PublishFailed, UsageError
from otcloud.runs.create import created, note, opened
from otcloud.runs.journal import is_locked, locked, read_json, read_lines, write_text
from otcloud.runs.layout import RunDir
from tests.flow.command import wait_for
from tests.unit.planned import nothing, record

CREATE = """
import sys, time
from pathlib import Path
from otcloud.errors import UsageError
from otcloud.runs.create import created
from otcloud.runs.layout import RunDir
def fill(run):
    (run.root / "filled").touch()
    while not Path(sys.argv[2]).exists():
        time.sleep(0.02)
try:
    with created(RunDir(Path(sys.argv[1])), "kind: tracegen\\n", {"plan": 1}, {"kind": "tracegen"}, fill):
        print("driving", flush=True)
        time.sleep(float(sys.argv[3]))
except UsageError as error:
    print(error.what, flush=True)
"""


def creator(run: RunDir, go: Path, log: Path, drive_sec: float = 0.0) -> process.Child:
    """A process that creates a run, filling it until `go` exists, and drives it for a while."""
    return process.start([sys.executable, "-c", CREATE, run.root, go, str(drive_sec)], name="creator", log=log)


def left_in(folder: Path) -> list[str]:
    """Names in a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())


def test_a_run_is_whole_and_locked_from_its_first_moment(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "runs" / "one")

    def fill(building: RunDir) -> None:
        assert not run.root.exists()
        write_text(building.tasks_lock, "{}")

    with created(run, "kind: tracegen\n", {"run_id": "one"}, record(), fill):
        assert is_locked(run.lock)
        assert left_in(run.root) == ["plan.json", "recipe.yaml", "run.json", "run.lock", "tasks.lock.json"]
        assert (run.recipe.read_text(), read_json(run.plan), read_json(run.run)) == (
            "kind: tracegen\n",
            {"run_id": "one"},
            record(),
        )
    assert not is_locked(run.lock)
    assert left_in(tmp_path / "runs") == ["one"]


def test_a_taken_name_is_refused_and_the_run_that_has_it_untouched(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "one")
    with created(run, "first", {}, record(), nothing):
        pass
    with pytest.raises(UsageError, match="there is a run one already"), created(run, "x", {}, record(), nothing):
        pass
    assert run.recipe.read_text() == "first"
    assert left_in(tmp_path) == ["one"]


def test_what_fill_raises_leaves_nothing(tmp_path: Path) -> None:
    def fill(building: RunDir) -> None:
        write_text(building.tasks_lock, "{}")
        raise LookupError("no such task")

    with pytest.raises(LookupError), created(RunDir(tmp_path / "one"), "", {}, record(), fill):
        pass
    assert left_in(tmp_path) == []


def test_what_the_body_raises_is_not_taken_for_a_failed_write(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "one")
    with pytest.raises(FileNotFoundError), created(run, "", {}, record(), nothing):
        raise FileNotFoundError("of the body")
    assert read_json(run.run) == record()
    with pytest.raises(FileNotFoundError), opened(run):
        raise FileNotFoundError("of the body")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(PublishFailed, match="cannot write the run directory") as raised,
        created(RunDir(tmp_path / "file" / "one"), "", {}, record(), nothing),
    ):
        pass
    assert "--runs-dir" in raised.value.do


def test_of_two_creators_of_one_name_one_wins_and_is_left_alone(tmp_path: Path) -> None:
    run, go = RunDir(tmp_path / "runs" / "one"), tmp_path / "go"
    first = creator(run, go, tmp_path / "first")
    wait_for(lambda: (tmp_path / "runs" / ".one.creating" / "filled").exists(), "the first one is filling")
    second = creator(run, go, tmp_path / "second")
    assert second.wait(60) == 0
    assert "there is a run one already" in (tmp_path / "second").read_text()
    go.touch()
    assert first.wait(60) == 0
    assert (tmp_path / "first").read_text() == "driving\n"
    assert left_in(tmp_path / "runs") == ["one"]
    assert left_in(run.root) == ["filled", "plan.json", "recipe.yaml", "run.json", "run.lock"]


def test_a_killed_creator_leaves_nothing_once_another_run_is_made(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    killed = creator(RunDir(runs / "one"), tmp_path / "never", tmp_path / "log")
    working = creator(RunDir(runs / "two"), tmp_path / "never", tmp_path / "log")
    for name in ("one", "two"):
        wait_for(lambda name=name: (runs / f".{name}.creating" / "filled").exists(), f"{name} is filling")
    killed.stop(sig=signal.SIGKILL)
    with created(RunDir(runs / "three"), "", {}, record(), nothing):
        assert left_in(runs) == [".two.creating", "three"]
    assert (runs / ".two.creating" / "filled").exists()
    working.stop(sig=signal.SIGKILL)
    with created(RunDir(runs / "one"), "", {}, record(), nothing):
        assert left_in(runs) == ["one", "three"]


def test_a_run_is_driven_by_one_process(tmp_path: Path) -> None:
    run, go = RunDir(tmp_path / "one"), tmp_path / "go"
    go.touch()
    driver = creator(run, go, tmp_path / "log", drive_sec=300)
    wait_for(lambda: "driving" in (tmp_path / "log").read_text(), "it drives the run")
    with pytest.raises(UsageError, match="is being driven"), opened(run):
        pass
    driver.stop(sig=signal.SIGKILL)
    with opened(run):
        assert is_locked(run.lock)


def test_a_sweeper_does_not_take_a_folder_that_is_just_being_locked(tmp_path: Path) -> None:
    """The loser of the race makes its folder again instead of holding a lock on a removed one."""
    building = tmp_path / ".one.creating" / "run.lock"
    with locked(building) as sweeper:
        assert sweeper is not None
        go = tmp_path / "go"
        go.touch()
        creating = creator(RunDir(tmp_path / "one"), go, tmp_path / "log", drive_sec=300)
        wait_for(lambda: _has_open(creating.pid, building), "it waits for the lock")
        shutil.rmtree(building.parent)
    wait_for(lambda: "driving" in (tmp_path / "log").read_text(), "it drives the run")
    assert is_locked(tmp_path / "one" / "run.lock")
    creating.stop(sig=signal.SIGKILL)


def test_notes_add_to_the_record_and_to_the_journal(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    note(run, "drive", pid=1, exit_code=None)
    note(run, "end", exit_code=0)
    assert read_json(run.run) == {"pid": 1, "exit_code": 0}
    lines = [{"event": "drive", "pid": 1, "exit_code": None}, {"event": "end", "exit_code": 0}]
    assert list(read_lines(run.client_events)) == lines
    run.run.write_text(json.dumps({"pid": 1})[:-2])
    note(run, "end", exit_code=3)
    assert read_json(run.run) == {"exit_code": 3}


def _has_open(pid: int, path: Path) -> bool:
    return any(link.readlink() == path for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink())

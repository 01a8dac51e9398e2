"""The node's program: one at a time, and an exit code that tells the truth even when nothing can be written."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from otcloud import process
from otcloud.node.harbor import next_job
from otcloud.runs.journal import locked, read_json, write_json
from otcloud.runs.layout import RunDir
from tests.flow.command import wait_for
from tests.unit.planned import plan_of, recipe_of

NODE = [sys.executable, "-m", "otcloud.node"]
IMPATIENT = "import sys, otcloud.node.__main__ as m; m._LOCK_WAIT_SEC = 0.1; sys.exit(m.main(sys.argv[1:]))"


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """A run directory with a plan and its tasks."""
    made = RunDir(tmp_path / "run")
    write_json(made.plan, plan_of(recipe_of(tmp_path / "work")).model_dump(mode="json"))
    write_json(made.tasks_lock, {"tasks": []})
    return made


def status(run: RunDir) -> dict[str, Any]:
    """What the node wrote."""
    return read_json(run.status) or {}


@pytest.mark.parametrize("words", [[], ["missing/folder"], [".", "."]])
def test_a_wrong_call_makes_nothing(tmp_path: Path, words: list[str]) -> None:
    done = process.run([*NODE, *words], cwd=tmp_path)
    assert done.code == 2
    assert "usage" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "text"), [("plan", "{"), ("plan", '{"a": 1}'), ("tasks", "{"), ("tasks", "{}")])
def test_an_input_that_cannot_be_read_is_no_bug(run: RunDir, name: str, text: str, program_cache: Path) -> None:
    path = run.plan if name == "plan" else run.tasks_lock
    path.write_text(text)
    env = {**os.environ, "OTCLOUD_CACHE": str(program_cache)}
    done = process.run([*NODE, run.root], env=env)
    assert done.code == 3, done.stderr
    assert path.name in status(run)["error"]["what"]
    assert (status(run)["exit_code"], status(run)["state"]) == (3, "failed")
    assert "Traceback" not in done.stderr


def test_a_missing_secret_is_named(run: RunDir) -> None:
    plan = read_json(run.plan) or {}
    plan["secrets"]["required"] = ["DAYTONA_API_KEY", "MY_KEY"]
    write_json(run.plan, plan)
    assert process.run([*NODE, run.root], env={"PATH": os.environ["PATH"], "MY_KEY": "x"}).code == 4
    assert status(run)["error"]["what"] == "missing: DAYTONA_API_KEY"


def test_a_second_node_gives_way_to_the_first(run: RunDir) -> None:
    with locked(run.root / "node" / "lock") as held:
        assert held is not None
        done = process.run([sys.executable, "-c", IMPATIENT, run.root])
    assert done.code == 12
    assert "another node is at work" in done.stderr
    assert not run.status.exists()


def test_a_run_without_tasks_to_do_ends_well(run: RunDir, program_cache: Path) -> None:
    env = {**os.environ, "OTCLOUD_CACHE": str(program_cache)}
    done = process.run([*NODE, run.root], env=env)
    assert done.code == 0, done.stderr
    assert (status(run)["exit_code"], status(run)["state"], status(run)["error"]) == (0, "finished", None)
    assert next_job(run) == "0000-00"


def test_on_a_full_disk_the_exit_code_still_tells(run: RunDir) -> None:
    """No file can grow, its log included."""
    (run.root / "node").mkdir()
    command = " ".join([*NODE, str(run.root)])
    done = process.run(["bash", "-c", f"ulimit -f 0; exec {command} 2>{run.root}/log"])
    assert done.code == 8
    assert (run.root / "log").read_bytes() == b""


def test_a_folder_that_cannot_hold_a_lock_is_told(run: RunDir) -> None:
    (run.root / "node").write_text("a file where a folder should be")
    done = process.run([*NODE, run.root])
    assert done.code == 8
    assert "cannot be locked" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_stop_that_comes_while_it_waits_for_the_lock_ends_it(run: RunDir, program_cache: Path) -> None:
    write_json(run.tasks_lock, {"tasks": [{"name": "a", "digest": "d", "path": "tasks/d/s/a"}]})
    env = {**os.environ, "OTCLOUD_CACHE": str(program_cache)}
    lock = run.root / "node" / "lock"
    with locked(lock):
        node = process.start([*NODE, run.root], name="node", log=run.log("node"), env=env)
        wait_for(lambda: _waits_for(node.pid, lock), "the node waits")
        node.send(signal.SIGTERM)
        assert node.wait(120) == 130
    assert not run.status.exists()
    assert not run.log("harbor").exists()


def _waits_for(pid: int, path: Path) -> bool:
    return any(link.readlink() == path for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink())

"""The main job: the quickstart recipe, from the command to the dataset."""

import json
from pathlib import Path
from typing import Any, cast

import pyarrow.parquet as parquet

from otcloud.trials.published import read_index
from tests.flow.command import CANARY, Otcloud


def test_quickstart_makes_traces(otcloud: Otcloud) -> None:
    """Five tasks, four solved; the run directory holds what the architecture says, and the dataset has a row each."""
    done = otcloud("tracegen", "quickstart", "--json")
    assert done.code == 0, done.stderr
    document = json.loads(done.stdout)
    summary = document["summary"]
    assert (summary["planned"], summary["done"], summary["passed"], summary["failed"]) == (5, 5, 4, 1)
    assert summary["infra"] == 0
    assert summary["mean_reward"] == 0.8
    [run] = otcloud.runs()
    assert document["path"] == str(run.root)
    rows: list[dict[str, Any]] = cast(Any, parquet).read_table(run.traces / "traces.parquet").to_pylist()
    assert sorted(row["task"] for row in rows) == sorted(trial.task for trial in read_index(run.published_index))
    assert {row["model"] for row in rows} == {"quickstart-recorded"}
    assert all(row["conversations"][-1]["role"] == "assistant" for row in rows)
    assert len((run.traces / "traces.jsonl").read_text().splitlines()) == 5
    assert not run.scratch.exists()


def test_modules_of_the_working_folder_are_not_imported(otcloud: Otcloud) -> None:
    """Somebody's random.py, or a folder named otcloud: neither we nor Harbor take it for a module of ours."""
    for name in ("random.py", "selectors.py", "otcloud.py"):
        (otcloud.folder / name).write_text("raise SystemExit('taken from the working folder')\n")
    done = otcloud("tracegen", "quickstart", "-q", "--limit", "1")
    assert done.code == 0, done.stderr


def test_a_second_call_starts_a_new_run_after_a_finished_one(otcloud: Otcloud) -> None:
    """Finished runs are left alone; `--job-name` of a finished run is refused."""
    assert otcloud("tracegen", "quickstart", "-q", "--limit", "1", "--job-name", "first").code == 0
    again = otcloud("tracegen", "quickstart", "-q", "--limit", "1", "--job-name", "first")
    assert again.code == 2
    assert "first" in again.stderr
    assert otcloud("tracegen", "quickstart", "-q", "--limit", "1").code == 0
    assert len(otcloud.runs()) == 2


def test_what_there_is_to_see(otcloud: Otcloud) -> None:
    """runs, status, logs and wait tell of a finished run, as JSON and as text."""
    assert otcloud("tracegen", "quickstart", "-q", "--limit", "2", "--job-name", "seen").code == 0
    [listed] = otcloud.json("runs")
    assert (listed["run_id"], listed["state"], listed["done"]) == ("seen", "done", 2)
    status = otcloud.json("status", "seen")
    assert (status["exit_code"], status["summary"]["done"]) == (0, 2)
    assert otcloud.json("wait", "se")["run_id"] == "seen"
    events = otcloud("logs", "seen", "--program", "events", "--json").stdout.splitlines()
    steps = [json.loads(json.loads(line)["line"])["event"] for line in events]
    assert steps.count("start") == steps.count("end") == 2
    assert "seen" in otcloud("status").stdout


def test_a_secret_is_nowhere(otcloud: Otcloud, home: Path) -> None:
    """A canary in the environment, asked for by name, is in no file and in no output."""
    done = otcloud("tracegen", "quickstart", "--limit", "2", "--set", "secrets=[MY_API_KEY]", "--json")
    assert done.code == 0, done.stderr
    plan = json.loads(otcloud.runs()[0].plan.read_text())
    assert plan["secrets"] == {"required": ["MY_API_KEY"], "missing": []}
    assert CANARY not in done.stdout + done.stderr
    files = [path for folder in (otcloud.folder, home) for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 20
    assert not [path for path in files if CANARY.encode() in path.read_bytes()]


def test_a_missing_secret_is_told_by_name_before_anything_starts(otcloud: Otcloud) -> None:
    """Exit code 4, the name, and no run directory."""
    done = otcloud("tracegen", "quickstart", "--set", "secrets=[NOT_THERE_KEY]")
    assert done.code == 4
    assert "NOT_THERE_KEY" in done.stderr
    assert not otcloud.runs()


def test_an_agent_that_asks_no_model_needs_no_server(otcloud: Otcloud) -> None:
    """The oracle solves all five, nothing is held back, and a run without trajectories is still a success."""
    done = otcloud("tracegen", "quickstart", "--agent", "oracle", "--json")
    assert done.code == 0, done.stderr
    assert json.loads(done.stdout)["summary"]["passed"] == 5
    assert not otcloud.runs()[0].log("server").exists()

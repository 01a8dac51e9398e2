"""What goes wrong on one machine: two runs at once, broken tasks, torn files, Ctrl-C, deadlines, a server that dies."""

import json
import os
import shutil
import signal
from pathlib import Path

from benchmarks.workload import make
from otcloud.runs.journal import locked, read_json, read_lines
from otcloud.runs.layout import RunDir
from otcloud.trials.published import read_index
from tests.flow.command import Otcloud, wait_for
from tests.lab.test_kills import find


def events(run: RunDir, name: str) -> list[str]:
    """The trials of which Harbor's plug-in has noted this event."""
    return [str(event["trial"]) for event in read_lines(run.harbor_events) if event["event"] == name]


def test_two_runs_of_one_recipe_at_once(otcloud: Otcloud) -> None:
    """The second does not take up the first, which is being driven: both finish on their own."""
    recipe = make(otcloud.folder / "work", 3, 1.0)
    first = otcloud.start("tracegen", recipe, "-q")
    wait_for(otcloud.runs, "the first run has a directory")
    second = otcloud.start("tracegen", recipe, "-q")
    assert (first.wait(120), second.wait(120)) == (0, 0)
    assert [len(list(read_index(run.published_index))) for run in otcloud.runs()] == [3, 3]
    assert [state["state"] for state in otcloud.json("runs")] == ["done", "done"]


def test_a_broken_task_among_good_ones(otcloud: Otcloud) -> None:
    """Told with the reason and left out; refused where the recipe says so, with nothing started."""
    recipe = make(otcloud.folder / "work", 3, 0.1)
    broken = recipe.parent / "tasks" / "sleep-001"
    (broken / "task.toml").write_text("schema_version = [")
    refused = otcloud("tracegen", recipe, "--set", "tasks.broken=refuse")
    assert refused.code == 3
    assert "sleep-001" in refused.stderr
    assert not otcloud.runs()
    done = otcloud("tracegen", recipe, "--json")
    assert done.code == 0, done.stderr
    assert "sleep-001" in done.stderr
    assert json.loads(done.stdout)["summary"]["planned"] == 2
    for task in ("sleep-000", "sleep-002"):
        (recipe.parent / "tasks" / task / "instruction.md").unlink()
    assert otcloud("tracegen", recipe).code == 3


def test_ctrl_c_stops_cleanly_and_the_same_command_goes_on(otcloud: Otcloud) -> None:
    """Exit code 130, how to go on is said, what finished stays, nothing else is left."""
    recipe = make(otcloud.folder / "work", 16, 0.5)
    words = ("tracegen", recipe, "--n-concurrent", "2")
    command = otcloud.start(*words)
    wait_for(lambda: otcloud.runs() and events(otcloud.runs()[0], "end"), "a trial has ended")
    command.send(signal.SIGINT)
    assert command.wait(60) == 130
    assert "otcloud resume workload-" in (otcloud.folder / "otcloud.log").read_text()
    assert not otcloud.pids()
    [run] = otcloud.runs()
    before = [trial.trial for trial in read_index(run.published_index)]
    assert before
    assert not run.scratch.exists()
    assert otcloud(*words, "-q").code == 0
    assert otcloud.runs() == [run]
    after = [trial.trial for trial in read_index(run.published_index)]
    assert after[: len(before)] == before
    assert len(after) == 16


def test_torn_files_are_no_obstacle(otcloud: Otcloud) -> None:
    """A torn index line, trial result, job result and events line, as a crash of the machine leaves them."""
    recipe = make(otcloud.folder / "work", 5, 0.5)
    command = otcloud.start("tracegen", recipe, "--n-concurrent", "2", "-q")
    wait_for(lambda: otcloud.runs() and len(events(otcloud.runs()[0], "end")) >= 2, "two trials have ended")
    command.send(signal.SIGKILL)
    command.wait(10)
    wait_for(lambda: not otcloud.pids(), "every process is gone")
    [run] = otcloud.runs()
    kept = [trial.trial for trial in read_index(run.published_index)]
    for path in (run.published_index, run.harbor_events, run.status, *run.jobs.glob("*/result.json")):
        path.write_bytes(path.read_bytes()[:-7])
    unpublished = [path for path in run.jobs.glob("*/*/result.json") if path.parent.name not in kept]
    for path in unpublished:
        path.write_bytes(path.read_bytes()[:40])
    assert otcloud("tracegen", recipe, "--n-concurrent", "2", "-q").code == 0
    trials = list(read_index(run.published_index))
    assert sorted(trial.task for trial in trials) == [f"sleep-{index:03d}" for index in range(5)]
    assert set(kept) <= {trial.trial for trial in trials}


def test_the_deadline_ends_the_run(otcloud: Otcloud) -> None:
    """Exit code 9 when the lifetime is over; what finished is kept."""
    recipe = make(otcloud.folder / "work", 4, 4.0)
    done = otcloud("tracegen", recipe, "--n-concurrent", "1", "--set", "limits.max_hours=0.0034", "--json")
    assert done.code == 9, done.stderr
    document = json.loads(done.stdout)
    assert document["error"]["exit_code"] == 9
    assert 0 < document["summary"]["done"] < 4
    assert [state["exit_code"] for state in otcloud.json("runs")] == [9]


def test_a_server_that_keeps_dying_ends_the_run(otcloud: Otcloud) -> None:
    """Exit code 6 after the restarts that the recipe allows; no trial was started without a server."""
    recipe = make(otcloud.folder / "work", 40, 0.3)
    command = otcloud.start("tracegen", recipe, "--n-concurrent", "1", "-q", "--set", "serve.max_restarts=1")
    for _ in range(2):
        wait_for(lambda: otcloud.runs() and otcloud.runs()[0].gate.exists(), "the server answers")
        pid = wait_for(lambda: find(otcloud, "server"), "the server runs")
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda pid=pid: find(otcloud, "server") != pid, "the dead server was noticed")
    assert command.wait(60) == 6
    [run] = otcloud.runs()
    assert "ended 2 times" in (read_json(run.run) or {})["error"]["what"]
    assert len(list(read_index(run.published_index))) < 40


def test_an_unknown_conversation_is_an_error_and_counts_as_told(otcloud: Otcloud) -> None:
    """A task that the recording does not know: the trial ends with a cause, and the exit code is not 0."""
    recipe = make(otcloud.folder / "work", 2, 0.1)
    (recipe.parent / "tasks" / "sleep-001" / "instruction.md").write_text("Something that nobody recorded.")
    done = otcloud("tracegen", recipe, "--json", "--retries", "0")
    assert done.code == 7, done.stderr
    summary = json.loads(done.stdout)["summary"]
    assert (summary["done"], summary["infra"]) == (1, 1)
    assert "recording" in json.dumps(summary["causes"])


def test_a_full_disk_ends_with_a_message(otcloud: Otcloud, tmp_path: Path) -> None:
    """A run directory that cannot be written: exit code 8 or a clear refusal, never a traceback."""
    recipe = make(otcloud.folder / "work", 1, 0.1)
    blocked = tmp_path / "a-file"
    blocked.write_text("")
    done = otcloud("tracegen", recipe, "--runs-dir", blocked)
    assert done.code != 0
    assert "Traceback" not in done.stderr
    assert str(blocked) in done.stderr


def test_a_finished_trial_survives_a_lost_archive(otcloud: Otcloud) -> None:
    """Packed again from Harbor's folder on resume; told with exit code 8 when that is gone too."""
    recipe = make(otcloud.folder / "work", 2, 0.1)
    assert otcloud("tracegen", recipe, "--job-name", "kept", "-q").code == 0
    run = RunDir(otcloud.folder / "runs" / "kept")
    archives = {path: path.read_bytes() for path in run.published.glob("*.tar.gz")}
    rows = (run.traces / "traces.jsonl").read_bytes()
    lost = min(archives)
    lost.unlink()
    assert otcloud("resume", "kept", "-q").code == 0
    assert lost.read_bytes() == archives[lost]
    assert (run.traces / "traces.jsonl").read_bytes() == rows
    lost.write_bytes(b"")
    shutil.rmtree(run.jobs / "0000-00" / lost.name.removesuffix(".tar.gz"))
    told = otcloud("resume", "kept")
    assert told.code == 8
    assert lost.name in told.stderr
    assert (read_json(run.run) or {})["traces"]["rows"] == 1


def test_a_killed_otcloud_takes_a_busy_node_with_it(otcloud: Otcloud) -> None:
    """Also while somebody waits for the programs of an earlier start."""
    recipe = make(otcloud.folder / "work", 1, 0.1)
    assert otcloud("tracegen", recipe, "--job-name", "held", "-q").code == 0
    run = RunDir(otcloud.folder / "runs" / "held")
    with locked(run.root / "node" / "lock"):
        command = otcloud.start("resume", "held")
        wait_for(lambda: "waiting for" in (otcloud.folder / "otcloud.log").read_text(), "it waits")
        command.send(signal.SIGKILL)
        command.wait(10)
        wait_for(lambda: not otcloud.pids(), "every process is gone", 30)

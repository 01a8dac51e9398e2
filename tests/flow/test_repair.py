"""Repairing a run with the real command line and the real Harbor: a part of it again, more of it, other settings."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any

from benchmarks.workload import make
from otcloud.runs.journal import read_json, read_lines
from otcloud.runs.layout import RunDir
from otcloud.trials.published import read_index
from tests.flow.command import Otcloud, wait_for


def trials(run: RunDir) -> list[tuple[str, int | None, str]]:
    """What is published, in order: task, rollout, outcome."""
    return [(trial.task, trial.rollout, str(trial.outcome)) for trial in read_index(run.published_index)]


def part(run: RunDir, number: int) -> tuple[list[str], dict[str, Any]]:
    """The tasks of one of Harbor's jobs, and its job file."""
    document = read_json(run.job_file(f"0000-{number:02d}")) or {}
    return [Path(task["path"]).name for task in document["tasks"]], document


def rows(run: RunDir) -> set[str]:
    """The trials that the dataset is made of."""
    return {str(row["trial_name"]) for row in read_lines(run.traces / "traces.jsonl")}


def copies(run: RunDir, name: str) -> Path:
    """A task's copy in the run directory."""
    [folder] = run.tasks.glob(f"*/*/{name}")
    return folder


def broken(otcloud: Otcloud) -> tuple[RunDir, dict[str, str]]:
    """A run of three tasks: the first passed, the second was lost, the third failed; and what would mend its tasks."""
    recipe = make(otcloud.folder / "work", 3, 0.1)
    tasks, mended = recipe.parent / "tasks", dict[str, str]()
    for name in ("sleep-001/instruction.md", "sleep-002/tests/test.sh"):
        mended[name] = (tasks / name).read_text()
    (tasks / "sleep-001" / "instruction.md").write_text("Something that nobody recorded.")
    (tasks / "sleep-002" / "tests" / "test.sh").write_text("echo 0 > /logs/verifier/reward.txt\n")
    assert otcloud("tracegen", recipe, "--job-name", "one", "--retries", "0", "-q").code == 7
    return RunDir(otcloud.folder / "runs" / "one"), mended


def test_a_part_of_a_run_is_made_again(otcloud: Otcloud) -> None:
    """What was lost, what failed, what is named: each alone, in its own slot, and nothing published is touched."""
    run, mended = broken(otcloud)
    for name, text in mended.items():
        (copies(run, name.split("/", maxsplit=1)[0]) / name.split("/", maxsplit=1)[1]).write_text(text)
    shutil.rmtree(otcloud.folder / "work")  # the run has copies of all that it needs
    first = run.published_index.read_bytes()
    assert sorted(trials(run)) == [
        *(("sleep-000", 0, "passed"), ("sleep-001", 0, "infra"), ("sleep-002", 0, "failed")),
    ]
    document = otcloud.json("resume", "one", "--only", "infra", "--n-concurrent", "3")
    assert (document["summary"]["done"], document["summary"]["passed"]) == (3, 2)
    names, job = part(run, 1)
    assert (names, job["n_concurrent_trials"]) == (["sleep-001"], 3)

    nothing = otcloud("resume", "one", "--only", "infra")
    assert nothing.code == 0, nothing.stderr
    assert "nothing to do" in nothing.stderr
    assert not run.job_file("0000-02").exists()
    assert len(list(run.amendments.iterdir())) == 1

    assert otcloud.json("resume", "one", "--only", "failed")["summary"]["passed"] == 3
    names, job = part(run, 2)
    assert (names, job["n_concurrent_trials"]) == (["sleep-002"], 3)
    assert otcloud("resume", "one", "--retry-task", "sleep-00[01]", "-q").code == 0
    assert part(run, 3)[0] == ["sleep-000", "sleep-001"]

    assert run.published_index.read_bytes().startswith(first)
    assert trials(run)[3:5] == [("sleep-001", 0, "passed"), ("sleep-002", 0, "passed")]
    assert sorted(trials(run)[5:]) == [("sleep-000", 0, "passed"), ("sleep-001", 0, "passed")]
    assert rows(run) == {trial.trial for trial in list(read_index(run.published_index))[4:]}
    shown = otcloud("status", "one").stdout
    assert "trials.concurrency 64 -> 3, 1 lost trial run again" in shown
    assert "2 trials of sleep-00[01] run again" in shown


def check_refusals(otcloud: Otcloud, run: RunDir) -> None:
    """Exit code 3 with the key and the reason, and the run stays as it was."""
    before = run.run.read_bytes()
    for words, said in (
        (("--set", "model.id=made/other", "--n-concurrent", "2"), "model.id: it decides what a trial is"),
        (("--set", "trials.concurency=2"), "did you mean `trials.concurrency`?"),
        (("--retry-task", "sleep-0000"), "did you mean sleep-000"),
    ):
        refused = otcloud("resume", run.run_id, *words, "--json")
        assert refused.code == 3
        error = json.loads(refused.stdout)["error"]
        assert said in error["what"] + error["why"]
    assert run.run.read_bytes() == before


def test_more_attempts_through_two_kills_and_a_move(otcloud: Otcloud) -> None:
    """A finished run is given more attempts; killed at once, killed in the middle, moved, it still ends whole.

    What would make another run of it is refused before.
    """
    recipe = make(otcloud.folder / "work", 2, 1.0)
    words = ("tracegen", recipe, "--n-concurrent", "1", "-q")
    assert otcloud(*words).code == 0
    [run] = otcloud.runs()
    kept = run.published_index.read_bytes()
    check_refusals(otcloud, run)
    command = otcloud.start("resume", run.run_id, "--add-attempts", "1")
    wait_for(run.amendment(1).exists, "the amendment is written")
    command.send(signal.SIGKILL)
    command.wait(10)
    wait_for(lambda: not otcloud.pids(), "every process is gone")
    [state] = otcloud.json("runs")
    assert (state["state"], state["done"] < 4) == ("interrupted", True)

    command = otcloud.start(*words)
    wait_for(lambda: len(trials(run)) == 3, "a trial of the second part is published")
    command.send(signal.SIGKILL)
    command.wait(10)
    wait_for(lambda: not otcloud.pids(), "every process is gone")
    assert otcloud.runs() == [run]

    moved = RunDir(otcloud.folder / "elsewhere" / run.run_id)
    moved.root.parent.mkdir()
    run.root.rename(moved.root)
    document = otcloud.json("resume", f"./elsewhere/{run.run_id}")
    assert (document["summary"]["planned"], document["summary"]["passed"]) == (4, 4)
    assert moved.published_index.read_bytes().startswith(kept)
    slots = [(f"sleep-{task:03d}", rollout, "passed") for task in range(2) for rollout in range(2)]
    assert sorted(trials(moved)) == slots
    assert len(rows(moved)) == 4
    assert [state["planned"] for state in otcloud.json("runs", "--runs-dir", "elsewhere")] == [4]

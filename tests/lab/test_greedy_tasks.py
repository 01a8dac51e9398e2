"""Tasks whose solution is greedy, through the whole command: each ends with its cause, and their neighbours pass."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.workload import make
from otcloud.engines.recording import Conversation, from_conversations
from otcloud.runs.layout import RunDir
from otcloud.trials.published import read_index
from tests import disks
from tests.flow.command import Otcloud

LIMITS = {"max_processes": 200, "max_file_mb": 8, "default_storage_mb": 16, "min_free_mb": 8, "max_log_file_mb": 1}
GREEDY = {
    "bomb": ":(){ :|:& };:\nsleep 1000",
    "planted": "(:(){ :|:& };:) > /dev/null 2>&1 &\nsleep 1",
    "disk": "for i in $(seq 1000); do head -c 100000 /dev/zero > /srv/$i; done; sleep 1000",
    "large": "head -c 100M /dev/zero > /srv/large",
    "loop": "trap '' TERM\nsetsid bash -c \"trap '' TERM; exec yes\" > /dev/null &\nexec yes > /dev/null",
    "output": "head -c 1G /dev/zero | tr '\\0' x",
    "log": "head -c 7M /dev/zero > /logs/agent/large.log",
    "files": "while exec {fd}</dev/null; do :; done 2>/dev/null",
}
ENDED = {"bomb": "sandbox-limit", "planted": "sandbox-limit", "disk": "sandbox-limit"}
"""Those whose sandbox does not survive; all others fail their command and go on, and here solve the task."""
GOOD = 4


@pytest.fixture
def small_scratch(otcloud: Otcloud) -> Iterator[Path]:
    """The run's scratch folder on a file system of 96 MB; its name is known before the run."""
    with disks.small_disk(otcloud.folder / "small", "size=96m") as folder:
        yield folder


def greedy(folder: Path, scratch: Path | None) -> Path:
    """The workload with a task for each greedy solution; gives the recipe."""
    recipe = make(folder, GOOD, 0.2)
    pattern = folder / "tasks" / "sleep-000"
    conversations = [conversation(pattern.with_name(f"sleep-{index:03d}"), "sleep 0.2") for index in range(GOOD)]
    for name, block in GREEDY.items():
        task = folder / "tasks" / name
        subprocess.run(["cp", "-r", pattern, task], check=True)
        for path in task.rglob("*"):
            if path.is_file():
                path.write_text(path.read_text().replace("sleep-000", name))
        conversations.append(conversation(task, block))
    from_conversations("made/workload", "made by a test", "2026-11-20", conversations).dump(folder / "recording.jsonl")
    document: dict[str, Any] = json.loads(recipe.read_text())
    document["agent"]["kwargs"] = {"command_timeout_sec": 5}
    document["sandbox"]["kwargs"] = LIMITS | ({"scratch": str(scratch)} if scratch else {})
    recipe.write_text(json.dumps(document))
    return recipe


def conversation(task: Path, block: str) -> Conversation:
    """The greedy step, then the one that solves the task."""
    steps = [f"```bash\n{block}\n```", f"```bash\necho {task.name} > /app/answer.txt\n```", "TASK_COMPLETE"]
    messages = [{"role": "user", "content": (task / "instruction.md").read_text()}]
    for step in steps:
        messages += [{"role": "assistant", "content": step}, {"role": "user", "content": "(output)"}]
    return Conversation(task.name, messages[:-1])


def test_greedy_tasks_fail_alone(otcloud: Otcloud, small_scratch: Path) -> None:
    """Exit code 0: what the agent did to its own sandbox is the agent's result, and nothing is tried again."""
    recipe = greedy(otcloud.folder / "work", small_scratch)
    done = otcloud("tracegen", recipe, "--n-concurrent", "6", "--json")
    assert done.code == 0, done.stderr
    summary = json.loads(done.stdout)["summary"]
    [run] = otcloud.runs()
    trials = {trial.task: trial for trial in read_index(run.published_index)}
    assert {name: trial.cause for name, trial in trials.items() if trial.cause} == ENDED
    passed = sorted(name for name, trial in trials.items() if trial.outcome == "passed")
    assert passed == sorted(trials.keys() - ENDED.keys())
    assert (summary["planned"], summary["passed"], summary["failed"], summary["infra"]) == (12, 9, 3, 0)
    assert list(small_scratch.iterdir()) == []
    assert sum(path.stat().st_size for path in run.root.rglob("*") if path.is_file()) < 20 * 1024**2
    check_run(run)


def check_run(run: RunDir) -> None:
    """Its files are whole, and the large log came home with its middle left out."""
    [log] = run.jobs.glob("*/log__*/agent/large.log")
    assert b"bytes left out" in log.read_bytes()
    assert log.stat().st_size < 1024**2 + 100
    assert not run.scratch.exists()


def test_a_disk_that_fills_costs_the_biggest_alone(otcloud: Otcloud, small_scratch: Path) -> None:
    """Not the agent's fault, by the limits that it has: infrastructure, tried again as often as the recipe says."""
    recipe = greedy(otcloud.folder / "work", small_scratch)
    words = ("--set", "sandbox.storage_mb=4096", "--set", "sandbox.kwargs.min_free_mb=40", "--retries", "1")
    done = otcloud("tracegen", recipe, *words, "--set", "tasks.include=[disk,sleep-*]", "--json")
    assert done.code == 7, done.stderr
    summary = json.loads(done.stdout)["summary"]
    assert (summary["passed"], summary["infra"]) == (GOOD, 1)
    assert "sandbox-disk" in json.dumps(summary["causes"])
    assert list(small_scratch.iterdir()) == []


def test_greedy_tests_fail_alone(otcloud: Otcloud) -> None:
    """Tests that run for ever end at their time limit; those that print without end keep their reward."""
    recipe = greedy(otcloud.folder / "work", None)
    tests = {"loop": "trap '' TERM; setsid yes > /dev/null & exec yes > /dev/null", "output": "yes"}
    for task, line in tests.items():
        path = recipe.parent / "tasks" / task
        test = path / "tests" / "test.sh"
        test.write_text(test.read_text() + line + "\n")
        settings = path / "task.toml"
        settings.write_text(settings.read_text().replace("timeout_sec = 60", "timeout_sec = 5"))
    done = otcloud("tracegen", recipe, "--set", "tasks.include=[loop,output,sleep-*]", "--json")
    assert done.code == 7, done.stderr
    [run] = otcloud.runs()
    trials = {trial.task: trial for trial in read_index(run.published_index)}
    assert {name: trial.cause for name, trial in trials.items() if trial.cause} == {"loop": "verifier-timeout"}
    assert trials["output"].outcome == "passed"
    [printed] = run.jobs.glob("*/output__*/verifier/test-stdout.txt")
    assert 1024**2 <= printed.stat().st_size < 1024**2 + 100


def test_wrong_limits_are_refused_before_anything_starts(otcloud: Otcloud, refused: Callable[..., str]) -> None:
    recipe = greedy(otcloud.folder / "work", None)
    assert "did you mean 'max_processes'?" in refused(recipe, "sandbox.kwargs.max_procesess=10")
    assert "sandbox.kwargs.max_processes: input should be greater" in refused(recipe, "sandbox.kwargs.max_processes=1")


@pytest.fixture
def refused(otcloud: Otcloud) -> Callable[..., str]:
    """What a run with this setting says, which must not start."""

    def run(recipe: Path, setting: str) -> str:
        done = otcloud("tracegen", recipe, "--set", setting)
        assert done.code != 0
        assert not [run for run in otcloud.runs() if run.harbor_events.exists()]
        return done.stderr

    return run

"""The sample tasks in real Harbor: the solution earns 1, doing nothing earns 0, the recording earns 4 of 5."""

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from otcloud.engines.recording import load
from otcloud.engines.replay import Replay
from otcloud.engines.server import ReplayServer
from otcloud.harbor_ext.sandbox.probe import probe
from otcloud.programs import Harbor

QUICKSTART = Path(__file__).parents[3] / "recipes" / "quickstart"
TASKS = {"count-code", "edit-config", "fix-script", "parse-log", "word-pipeline"}
SERVED = "quickstart-recorded"


def run(harbor: Harbor, folder: Path, *arguments: str, port: int = 0) -> list[Path]:
    """The trials of a job with these arguments, on copies of the tasks in local sandboxes."""
    if reason := probe(sys.executable):
        pytest.skip(reason)
    shutil.copytree(QUICKSTART / "tasks", folder / "tasks")
    env = os.environ | {
        "PYTHONPATH": str(harbor.code),
        "HARBOR_TELEMETRY": "0",
        "HOSTED_VLLM_API_BASE": f"http://127.0.0.1:{port}/v1",
        "HOSTED_VLLM_API_KEY": "k" * 20,
    }
    argv = [harbor.command, "run", "-y", "-q", "-p", "tasks", "--jobs-dir", "jobs", "--job-name", "job", "-n", "5"]
    argv += ["--env", "otcloud.harbor_ext.local_sandbox:LocalSandbox", *arguments]
    done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return sorted(path.parent for path in (folder / "jobs" / "job").glob("*/result.json"))


def rewards(trials: list[Path]) -> dict[str, set[float]]:
    """The rewards that each task earned."""
    earned: dict[str, set[float]] = {}
    for trial in trials:
        result = json.loads((trial / "result.json").read_text(encoding="utf-8"))
        assert result["exception_info"] is None
        earned.setdefault(Path(result["config"]["task"]["path"]).name, set()).add(
            result["verifier_result"]["rewards"]["reward"]
        )
    return earned


def conversation(trial: Path) -> list[Any]:
    """A trial's steps without the time."""
    steps = json.loads((trial / "agent" / "trajectory.json").read_text(encoding="utf-8"))["steps"]
    return [{name: value for name, value in step.items() if name != "timestamp"} for step in steps]


@pytest.mark.parametrize(("agent", "reward"), [("oracle", 1.0), ("nop", 0.0)])
def test_a_solution_passes_and_nothing_does_not(harbor: Harbor, tmp_path: Path, agent: str, reward: float) -> None:
    assert rewards(run(harbor, tmp_path, "-a", agent)) == {task: {reward} for task in TASKS}


def test_the_recording_passes_four_of_five_and_always_says_the_same(harbor: Harbor, tmp_path: Path) -> None:
    replay = Replay(load(QUICKSTART / "recording.jsonl"), SERVED)
    with ReplayServer(("127.0.0.1", 0), replay, api_key="k" * 20, latency_sec=0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        agent = ["--agent", "otcloud.harbor_ext.bash_agent:BashAgent", "-m", f"hosted_vllm/{SERVED}", "-k", "2"]
        trials = run(harbor, tmp_path, *agent, port=server.server_port)
        server.shutdown()
        thread.join()
    assert len(trials) == 10
    assert rewards(trials) == {task: {0.0 if task == "count-code" else 1.0} for task in TASKS}
    for first, second in zip(trials[::2], trials[1::2], strict=True):
        assert conversation(first) == conversation(second)
        assert conversation(first)[-1]["message"].endswith("TASK_COMPLETE")

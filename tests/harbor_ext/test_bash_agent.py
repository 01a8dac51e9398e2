"""The bash agent in Harbor's interpreter, with real bash, against the replay server: how conversations go and end."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from otcloud.engines.recording import Conversation, from_conversations
from otcloud.engines.replay import Replay
from otcloud.engines.server import ReplayServer
from otcloud.programs import Harbor

DRIVER = Path(__file__).with_name("drive_bash_agent.py")
VALIDATE = """
import sys
from harbor.models.trajectories import Trajectory
for path in sys.argv[1:]:
    Trajectory.model_validate_json(open(path).read())
"""

ANSWERS: dict[str, list[tuple[str, str | None]]] = {
    "work": [
        ("```bash\nmkdir -p a/b; cd a/b; x=1\necho hi; echo err >&2\n```\n```sh\npwd; exit 3\n```\n```sh\nid\n```", "hm"),
        ("```bash\necho \"${PWD##*/} [$x] $#\"; cat; no-such-command\n```", None),
        ("I think so.", None),
        ("```bash\nif true\n```\n```bash\nls", None),
        ("<think>\nTASK_COMPLETE\n</think>\n```bash\nset -e; false; echo no\n```\nTASK_COMPLETE", None),
    ],
    "turns": [("```bash\necho 1 >> n\n```", None), ("```bash\necho 2 >> n\n```", None), ("TASK_COMPLETE", None)],
    "slow": [("```bash\necho start; sleep 600\n```", None), ("```bash\necho again\n```\nALL_DONE", None)],
    "endless": [("```bash\ncd /; yes\n```", None), ("```bash\nseq 100000; cd /; cd -\n```\nTASK_COMPLETE", None)],
    "stuck": [("```bash\necho started\n```", None), ("```bash\nsleep 600\n```", None)],
    "long": [("```bash\n" + "x" * 120_000 + "\n```\nTASK_COMPLETE", None)],
    "trap": [("```bash\ntrap 'echo bye' EXIT\nexec sh -c 'echo in sh'\n```\nTASK_COMPLETE", None)],
    "plain": [("TASK_COMPLETE", "why not")],
}  # fmt: skip


def plan(
    instruction: str, *, model: str = "hosted_vllm/tiny", outer_sec: float | None = None, **kwargs: Any
) -> dict[str, Any]:
    """One conversation for the driver."""
    return {"model": model, "instruction": instruction, "kwargs": kwargs, "outer_sec": outer_sec}


PLANS = {
    "work": plan("work"),
    "turns": plan("turns", max_turns=2),
    "slow": plan("slow", command_timeout_sec=1, completion_marker="ALL_DONE", system_prompt=""),
    "endless": plan("endless", command_timeout_sec=1, max_output_chars=100),
    "limit": plan("stuck", time_limit_sec=2, system_prompt="Be quick. {completion_marker}"),
    "cancelled": plan("stuck", outer_sec=2),
    "long": plan("long"),
    "trap": plan("trap"),
    "openai": plan("plain", model="openai/tiny"),
    "unknown": plan("never recorded"),
    "no-model": plan("plain", model=""),
    "typo": plan("plain", max_turn=3),
    "key": plan("plain", llm_kwargs={"api_key": "secret"}),
    "marker": plan("plain", completion_marker="a\nb"),
}


class Ends:
    """What the driver left: each conversation's context and error, trajectory and folder."""

    def __init__(self, root: Path, results: dict[str, Any]) -> None:
        self.root = root
        self.results = results

    def trajectory(self, name: str) -> dict[str, Any]:
        return json.loads((self.root / name / "trajectory.json").read_text(encoding="utf-8"))

    def told(self, name: str) -> list[str | None]:
        """What the model was told after each of its answers."""
        steps = [step for step in self.trajectory(name)["steps"] if step["source"] == "agent"]
        return [step["observation"]["results"][0]["content"] if "observation" in step else None for step in steps]

    def stop(self, name: str) -> tuple[int, str]:
        assert self.results[name]["error"] is None
        metadata = self.results[name]["context"]["metadata"]
        assert self.trajectory(name)["extra"] == metadata
        return metadata["turns"], metadata["stop_reason"]


@pytest.fixture(scope="module")
def server() -> Iterator[ReplayServer]:
    """The answers above, on a free port."""
    talks = []
    for instruction, answers in ANSWERS.items():
        messages: list[dict[str, object]] = [{"role": "user", "content": instruction}]
        for text, thinking in answers:
            extra = {} if thinking is None else {"reasoning": thinking}
            messages.append({"role": "assistant", "content": text, **extra})
        talks.append(Conversation(instruction, messages))
    replay = Replay(from_conversations("tiny", "a test", "2026-01-01", talks), "tiny")
    with ReplayServer(("127.0.0.1", 0), replay, api_key="k" * 20, latency_sec=0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def start(harbor: Harbor, root: Path, port: int, plans: dict[str, Any]) -> "subprocess.Popen[str]":
    """The driver at work on these plans."""
    address = f"http://127.0.0.1:{port}/v1"
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | {
        "PYTHONPATH": str(harbor.code),
        "HARBOR_TELEMETRY": "0",
        "HOSTED_VLLM_API_BASE": address,
        "OPENAI_API_BASE": address,
        "HOSTED_VLLM_API_KEY": "k" * 20,
        "OPENAI_API_KEY": "k" * 20,
    }
    driver = subprocess.Popen(
        [harbor.python, DRIVER, root], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True
    )
    assert driver.stdin is not None
    driver.stdin.write(json.dumps(plans))
    driver.stdin.close()
    return driver


@pytest.fixture(scope="module")
def ends(harbor: Harbor, server: ReplayServer, tmp_path_factory: pytest.TempPathFactory) -> Ends:
    """All conversations, held side by side."""
    root = tmp_path_factory.mktemp("logs")
    with start(harbor, root, server.server_port, PLANS) as driver:
        assert driver.stdout is not None
        results = json.loads(driver.stdout.read())
    return Ends(root, results)


def test_blocks_run_in_order_and_the_model_is_told(ends: Ends) -> None:
    assert ends.stop("work") == (5, "completed")
    folder = (ends.root / "work" / "sandbox" / "a" / "b").resolve()
    told = ends.told("work")
    assert told[0] == (
        f"Block 1 of 3: exit code 0\nhi\nerr\n\nBlock 2 of 3: exit code 3\n{folder}\n\n"
        "Block 3 of 3: not run, because block 2 failed"
    )
    assert told[1] == "Block 1 of 1: exit code 127\nb [] 0\nbash: line 1: no-such-command: command not found"
    assert told[2] is not None
    assert told[2].startswith("Your answer holds no bash block")
    assert told[3] is not None
    assert told[3].startswith("Block 1 of 1: exit code 2\nbash: ")
    assert told[3].endswith("The last block of your answer is not closed: it was not run.")
    assert told[4] == "Block 1 of 1: exit code 1\n(no output)"


def test_the_trajectory_holds_the_models_own_words(ends: Ends) -> None:
    steps = ends.trajectory("work")["steps"]
    assert [step["source"] for step in steps] == ["system", "user"] + ["agent"] * 5
    assert steps[1]["message"] == "work"
    assert [step["message"] for step in steps[2:]] == [text for text, _ in ANSWERS["work"]]
    assert [step.get("reasoning_content") for step in steps[2:]] == ["hm", None, None, None, None]
    sent = [step["observation"]["results"][0].get("extra") for step in steps[2:]]
    assert sent == [None, None, None, None, {"sent_to_model": False}]


def test_tokens_reach_the_context_and_the_trajectory(ends: Ends) -> None:
    context = ends.results["work"]["context"]
    steps = [step for step in ends.trajectory("work")["steps"] if step["source"] == "agent"]
    totals = ends.trajectory("work")["final_metrics"]
    assert context["n_input_tokens"] == totals["total_prompt_tokens"] > 0
    assert context["n_input_tokens"] == sum(step["metrics"]["prompt_tokens"] for step in steps)
    assert context["n_output_tokens"] == sum(step["metrics"]["completion_tokens"] for step in steps) > 0
    assert totals["total_steps"] == 7


def test_ends_that_are_no_failures(ends: Ends) -> None:
    assert ends.stop("turns") == (2, "max_turns")
    assert (ends.root / "turns" / "sandbox" / "n").read_text() == "1\n2\n"
    assert ends.stop("limit") == (2, "time_limit")
    assert ends.told("limit") == ["Block 1 of 1: exit code 0\nstarted", None]
    assert ends.stop("openai") == (1, "completed")
    assert ends.trajectory("openai")["steps"][-1]["reasoning_content"] == "why not"


def test_the_system_prompt_is_what_the_options_say(ends: Ends) -> None:
    assert ends.trajectory("slow")["steps"][0]["source"] == "user"
    assert ends.trajectory("limit")["steps"][0]["message"] == "Be quick. TASK_COMPLETE"


def test_blocks_are_bounded(ends: Ends) -> None:
    assert ends.stop("slow") == (2, "completed")
    assert ends.told("slow") == ["Block 1 of 1: stopped after 1 seconds\nstart", "Block 1 of 1: exit code 0\nagain"]
    endless, counted = ends.told("endless")
    middle = "\n[... the middle of the output is left out ...]\n"
    assert endless == "Block 1 of 1: stopped after 1 seconds\n" + "y\n" * 25 + middle + ("y\n" * 25).rstrip()
    assert counted is not None
    # The killed block's `cd /` is not kept, a finished one's would be.
    assert counted.endswith("/endless/sandbox")
    assert ends.told("long")[0] == (
        "Block 1 of 1: not run: it is too long, or holds a NUL character. Use smaller steps.\n(no output)"
    )
    assert ends.told("trap") == ["Block 1 of 1: exit code 0\nin sh"]


def test_harbors_own_timeout_keeps_what_happened(ends: Ends) -> None:
    end = ends.results["cancelled"]
    assert end["error"]["type"] == "TimeoutError"
    assert end["context"]["metadata"] == {"turns": 2, "stop_reason": "CancelledError"}
    assert end["context"]["n_input_tokens"] > 0
    assert ends.told("cancelled") == ["Block 1 of 1: exit code 0\nstarted", None]


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("unknown", "BadRequestError", "no such answer: turn 0"),
        ("no-model", "ValueError", "needs a model name"),
        ("typo", "ValueError", "Unknown option 'max_turn'"),
        ("key", "ValueError", "api_key belongs in Harbor's environment"),
        ("marker", "ValueError", "completion_marker"),
    ],
)
def test_what_is_wrong_is_said(ends: Ends, name: str, kind: str, said: str) -> None:
    error = ends.results[name]["error"]
    assert error["type"] == kind
    assert said in error["text"]
    assert "secret" not in error["text"]


def test_harbor_reads_every_trajectory_even_of_a_killed_run(
    harbor: Harbor, server: ReplayServer, ends: Ends, tmp_path: Path
) -> None:
    killed = tmp_path / "stuck" / "trajectory.json"
    with start(harbor, tmp_path, server.server_port, {"stuck": plan("stuck")}) as driver:
        while driver.poll() is None and not (killed.is_file() and '"turns"' not in killed.read_text()):
            threading.Event().wait(0.02)
        driver.kill()
    for process in psutil.process_iter(["cwd"]):
        if process.info["cwd"] == str(tmp_path / "stuck" / "sandbox"):
            process.kill()
    paths = [str(path) for path in (killed, *sorted(ends.root.glob("*/trajectory.json")))]
    assert len(paths) == 11
    subprocess.run([harbor.python, "-c", VALIDATE, *paths], check=True, env={"PYTHONPATH": str(harbor.code)})

"""The bash agent in Harbor's interpreter, with real bash: how a conversation goes, ends and is kept."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

VALIDATE = """
import sys
from harbor.models.trajectories import Trajectory
for path in sys.argv[1:]:
    Trajectory.model_validate_json(open(path).read())
"""
THOUGHT = "<think>\nTASK_COMPLETE\n</think>\n"
ANSWERS: dict[str, list[Any]] = {
    "work": [
        ("hm", "```bash\nmkdir -p a/b; cd a/b; x=1\necho hi; echo e >&2\n```\n```sh\npwd; exit 3\n```\n```sh\nid\n```"),
        '```bash\necho "${PWD##*/} [$x] $#"; cat; no-such-command\n```',
        "I think so.",
        "```bash\nif true\n```\n```bash\nls",
        f"{THOUGHT}```bash\nset -e; false; echo no\n```\nTASK_COMPLETE",
    ],
    "turns": ["```bash\necho 1 >> n\n```", "```bash\necho 2 >> n\n```", "TASK_COMPLETE"],
    "stuck": ["```bash\necho started\n```", "```bash\nsleep 600\n```"],
    "plain": [("why not", "TASK_COMPLETE")],
}
PLANS: dict[str, Any] = {
    "work": {},
    "turns": {"kwargs": {"max_turns": 2, "system_prompt": ""}},
    "limit": {"instruction": "stuck", "kwargs": {"time_limit_sec": 2, "system_prompt": "Now! {completion_marker}"}},
    # Command 1 asks for bash, command 2 is the first block.
    "cancelled": {"instruction": "stuck", "cancel_at": 3},
    "openai": {"instruction": "plain", "model": "openai/tiny"},
    "never recorded": {},
    "no-model": {"model": ""},
    "typo": {"kwargs": {"max_turn": 3}},
    "key": {"kwargs": {"llm_kwargs": {"api_key": "secret"}}},
    "marker": {"kwargs": {"completion_marker": "a\nb"}},
}


@pytest.fixture(scope="module")
def stage(replay: Callable[..., Any], stage_on: Callable[[int], Any]) -> Iterator[Any]:
    """The model server with the answers above."""
    with replay(ANSWERS) as port:
        yield stage_on(port)


@pytest.fixture(scope="module")
def ends(stage: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """All conversations, held side by side."""
    return stage.drive(tmp_path_factory.mktemp("logs"), PLANS)


def test_blocks_run_in_order_and_the_model_is_told(ends: Any) -> None:
    assert ends.stop("work") == (5, "completed")
    folder = (ends.root / "work" / "sandbox" / "a" / "b").resolve()
    told = ends.told("work")
    assert told[0] == (
        f"Block 1 of 3: exit code 0\nhi\ne\n\nBlock 2 of 3: exit code 3\n{folder}\n\n"
        "Block 3 of 3: not run, because block 2 failed"
    )
    assert told[1] == "Block 1 of 1: exit code 127\nb [] 0\nbash: line 1: no-such-command: command not found"
    assert told[2].startswith("Your answer holds no bash block")
    assert told[3].startswith("Block 1 of 1: exit code 2\nbash: ")
    assert told[3].endswith("The last block of your answer is not closed: it was not run.")
    assert told[4] == "Block 1 of 1: exit code 1\n(no output)"


def test_the_trajectory_holds_the_models_own_words(ends: Any) -> None:
    steps = ends.trajectory("work")["steps"]
    assert [step["source"] for step in steps] == ["system", "user"] + ["agent"] * 5
    assert steps[1]["message"] == "work"
    said = [answer if isinstance(answer, str) else answer[1] for answer in ANSWERS["work"]]
    assert [step["message"] for step in steps[2:]] == said
    assert [step.get("reasoning_content") for step in steps[2:]] == ["hm", None, None, None, None]
    sent = [step["observation"]["results"][0].get("extra") for step in steps[2:]]
    assert sent == [None, None, None, None, {"sent_to_model": False}]


def test_tokens_reach_the_context_and_the_trajectory(ends: Any) -> None:
    context = ends.results["work"]["context"]
    steps = [step for step in ends.trajectory("work")["steps"] if step["source"] == "agent"]
    totals = ends.trajectory("work")["final_metrics"]
    assert context["n_input_tokens"] == totals["total_prompt_tokens"] > 0
    assert context["n_input_tokens"] == sum(step["metrics"]["prompt_tokens"] for step in steps)
    assert context["n_output_tokens"] == sum(step["metrics"]["completion_tokens"] for step in steps) > 0
    assert totals["total_steps"] == 7


def test_turns_and_time_used_up_are_no_failures(ends: Any) -> None:
    assert ends.stop("turns") == (2, "max_turns")
    assert (ends.root / "turns" / "sandbox" / "n").read_text() == "1\n2\n"
    assert ends.stop("limit")[1] == "time_limit"


def test_the_system_prompt_is_what_the_options_say(ends: Any) -> None:
    assert ends.trajectory("turns")["steps"][0]["source"] == "user"
    assert ends.trajectory("limit")["steps"][0]["message"] == "Now! TASK_COMPLETE"


def test_other_providers_work_and_thinking_is_kept(ends: Any) -> None:
    assert ends.stop("openai") == (1, "completed")
    assert ends.trajectory("openai")["steps"][-1]["reasoning_content"] == "why not"


def test_a_cancelled_trial_keeps_what_happened(ends: Any) -> None:
    end = ends.results["cancelled"]
    assert end["error"]["type"] == "CancelledError"
    assert end["context"]["metadata"] == {"turns": 2, "stop_reason": "CancelledError"}
    assert end["context"]["n_input_tokens"] > 0
    assert ends.told("cancelled") == ["Block 1 of 1: exit code 0\nstarted", ""]


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("never recorded", "BadRequestError", "no such answer: turn 0"),
        ("no-model", "ValueError", "needs a model name"),
        ("typo", "ValueError", "Unknown option 'max_turn'"),
        ("key", "ValueError", "api_key belongs in Harbor's environment"),
        ("marker", "ValueError", "completion_marker"),
    ],
)
def test_what_is_wrong_is_said(ends: Any, name: str, kind: str, said: str) -> None:
    error = ends.results[name]["error"]
    assert error["type"] == kind
    assert said in error["text"]
    assert "secret" not in error["text"]


def test_harbor_reads_every_trajectory_even_of_a_killed_run(stage: Any, ends: Any, tmp_path: Path) -> None:
    killed = tmp_path / "stuck" / "trajectory.json"
    with stage.start(stage.driver, tmp_path, stdin=json.dumps({"stuck": {}})) as driver:
        while driver.poll() is None and not (killed.is_file() and "sleep 600" in killed.read_text()):
            time.sleep(0.02)
        driver.kill()
    for process in psutil.process_iter(["cwd"]):
        if process.info["cwd"] == str(tmp_path / "stuck" / "sandbox"):
            process.kill()
    assert [step["source"] for step in json.loads(killed.read_text())["steps"]][-2:] == ["agent", "agent"]
    paths = [killed, *sorted(ends.root.glob("*/trajectory.json"))]
    assert len(paths) == 7
    subprocess.run(
        [stage.harbor.python, "-c", VALIDATE, *paths], check=True, env={"PYTHONPATH": str(stage.harbor.code)}
    )

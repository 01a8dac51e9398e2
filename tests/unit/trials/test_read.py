"""Reading a trial: what Harbor wrote becomes data, and nothing that it may have left behind raises."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otcloud.trials.archive import pack
from otcloud.trials.files import ArchiveFiles, FolderFiles
from otcloud.trials.read import read_trial
from otcloud.trials.trial import Outcome, Phases, Trial

type Result = dict[str, Any]
type Write = Callable[..., Path]

AGENT: Result = {"source": "agent", "message": "ls"}
COPIED, USER = {"source": "agent", "is_copied_context": True}, {"source": "user"}


def test_a_finished_trial(passed: Result, write_trial: Write) -> None:
    trajectory = {"steps": [USER, AGENT, AGENT]}
    assert read_trial(FolderFiles(write_trial(passed, {"agent/trajectory.json": trajectory})), job="0000-00") == Trial(
        trial="hello__CHKFeJ5",
        task="hello",
        job="0000-00",
        outcome=Outcome.PASSED,
        reward=1.0,
        rewards={"reward": 1.0},
        agent="terminus-2",
        agent_version="2.0.0",
        model="tiny",
        model_provider="hosted_vllm",
        source="set",
        turns=2,
        empty_turns=0,
        input_tokens=400,
        output_tokens=80,
        cache_tokens=10,
        cost_usd=0.25,
        started_at="2026-03-01T10:00:00.000000Z",
        finished_at="2026-03-01T10:00:50.000000Z",
        seconds=Phases(environment_setup=1.5, agent_setup=1.5, agent_execution=25.5, verifier=9.5),
        wall_sec=50.0,
    )


def test_an_exception_is_one_line_of_at_most_300_characters(passed: Result, write_trial: Write) -> None:
    long = "\n  " + "x" * 400 + "\nsecond line"
    passed["verifier_result"] = None
    passed["exception_info"] = {
        "exception_type": "RuntimeError",
        "exception_message": long,
        "occurred_at": "2026-03-01",
    }
    trial = read_trial(FolderFiles(write_trial(passed)))
    assert trial is not None
    assert (trial.outcome, trial.cause, trial.exception) == (Outcome.INFRA, "sandbox", "RuntimeError")
    assert trial.message == "x" * 300


def test_a_timeout_that_earned_a_reward_is_both(passed: Result, write_trial: Write) -> None:
    passed["exception_info"] = {
        "exception_type": "AgentTimeoutError",
        "exception_message": "Agent execution timed out after 25.0 seconds",
        "occurred_at": "2026-03-01T10:00:30.600000Z",
    }
    trial = read_trial(FolderFiles(write_trial(passed)))
    assert trial is not None
    assert (trial.outcome, trial.timed_out, trial.reward) == (Outcome.PASSED, True, 1.0)


def test_turns_run_through_continued_trajectories_without_the_copied_ones(passed: Result, write_trial: Write) -> None:
    files = {
        "agent/trajectory.json": {"steps": [USER, AGENT], "continued_trajectory_ref": "trajectory.cont-1.json"},
        "agent/trajectory.cont-1.json": {"steps": [USER, COPIED, AGENT], "continued_trajectory_ref": "trajectory.json"},
    }
    trial = read_trial(FolderFiles(write_trial(passed, files)))
    assert trial is not None and trial.turns == 2


def test_without_a_trajectory_the_agent_says_how_many_turns(passed: Result, write_trial: Write) -> None:
    trial = read_trial(FolderFiles(write_trial(passed)))
    assert trial is not None and trial.turns == 4


def test_a_task_of_several_steps_is_added_up(passed: Result, write_trial: Write) -> None:
    step = {
        "step_name": "one",
        "agent_result": {"n_input_tokens": 5, "cost_usd": 0.5},
        "agent_execution": passed["agent_execution"],
    }
    failed = {**step, "step_name": "two", "exception_info": {"exception_type": "ContextLengthExceededError"}}
    passed |= {"agent_result": None, "agent_execution": None, "verifier": None, "verifier_result": None}
    passed["step_results"] = [step, failed]
    files = {f"steps/{name}/agent/trajectory.json": {"steps": [AGENT]} for name in ("one", "two")}
    trial = read_trial(FolderFiles(write_trial(passed, files)))
    assert trial is not None
    assert (trial.input_tokens, trial.cost_usd, trial.turns, trial.seconds.agent_execution) == (10, 1.0, 2, 51.0)
    assert (trial.outcome, trial.cause) == (Outcome.FAILED, "context-length")


def test_lone_surrogates_do_not_reach_the_index(passed: Result, write_trial: Write) -> None:
    passed["exception_info"] = {"exception_type": "ValueError", "exception_message": "cut \ud83d", "occurred_at": None}
    trial = read_trial(FolderFiles(write_trial(passed)))
    assert trial is not None and trial.message == "cut \ufffd"
    assert Trial.model_validate_json(trial.model_dump_json()) == trial


@pytest.mark.parametrize("content", [b"", b"{", b"null", b"[]", b"{}", b"\xff\xfe", b"[" * 100_000, b"1" * 5000])
def test_what_is_no_finished_trial_is_none(write_trial: Write, content: bytes) -> None:
    assert read_trial(FolderFiles(write_trial(content))) is None


def test_a_torn_or_running_trial_is_none(passed: Result, write_trial: Write, tmp_path: Path) -> None:
    assert read_trial(FolderFiles(write_trial(json.dumps(passed, indent=4).encode()[:-30]))) is None
    assert read_trial(FolderFiles(write_trial({**passed, "finished_at": None}))) is None
    assert read_trial(FolderFiles(tmp_path / "nowhere")) is None


def test_folder_and_archive_say_the_same(passed: Result, write_trial: Write, tmp_path: Path) -> None:
    folder = write_trial(passed, {"agent/trajectory.json": {"steps": [AGENT]}})
    pack(folder, tmp_path / f"{folder.name}.tar.gz")
    with ArchiveFiles(tmp_path / f"{folder.name}.tar.gz") as files:
        assert read_trial(files) == read_trial(FolderFiles(folder))


class Memory:
    """A trial in memory."""

    name = "memory__0000000"

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files

    def read(self, relative: str) -> bytes | None:
        return self.files.get(relative)


WORDS = """
    finished_at started_at exception_info exception_type exception_message occurred_at verifier_result rewards reward
    config task path verifier disable agent_info model_info name agent_result n_input_tokens cost_usd metadata
    n_episodes step_results step_name agent_execution steps source message continued_trajectory_ref
"""
KEYS = st.sampled_from(WORDS.split())
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.just("2026-03-01")
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=8))


@settings(deadline=None)
@given(result=st.dictionaries(KEYS, JSON), trajectory=JSON)
def test_no_shape_of_json_raises(result: Result, trajectory: object) -> None:
    files = {"result.json": {**result, "finished_at": "2026-03-01"}, "agent/trajectory.json": trajectory}
    trial = read_trial(Memory({name: json.dumps(value).encode() for name, value in files.items()}))
    assert trial is not None
    assert Trial.model_validate_json(trial.model_dump_json()) == trial


@settings(deadline=None)
@given(st.binary(), st.binary())
def test_no_bytes_raise(result: bytes, trajectory: bytes) -> None:
    assert read_trial(Memory({"result.json": result, "agent/trajectory.json": trajectory})) is None


ANSWERS: list[tuple[Result, int]] = [
    ({"message": ""}, 1),
    ({"message": " \n"}, 1),
    ({"message": "", "reasoning_content": "I should list the files."}, 1),
    ({"message": [{"type": "text", "text": " "}]}, 1),
    ({}, 1),
    ({"message": "ls"}, 0),
    ({"message": [{"type": "text", "text": "ls"}]}, 0),
    ({"message": [{"type": "image", "source": {}}]}, 0),
    ({"message": "", "tool_calls": [{"function_name": "run", "arguments": {}}]}, 0),
]


@pytest.mark.parametrize(("answer", "empty"), ANSWERS)
def test_an_answer_without_a_word_or_a_call_is_empty(
    passed: Result, write_trial: Write, answer: Result, empty: int
) -> None:
    """Thinking alone is no answer; a tool call is one."""
    trajectory = {"steps": [USER, {"source": "agent", **answer}]}
    trial = read_trial(FolderFiles(write_trial(passed, {"agent/trajectory.json": trajectory})))
    assert trial is not None
    assert (trial.turns, trial.empty_turns, trial.is_empty) == (1, empty, bool(empty))


def test_a_trial_is_empty_from_half_of_its_answers_on(passed: Result, write_trial: Write) -> None:
    """One empty answer of three is an accident; without a trajectory nothing is known."""
    nothing = {"source": "agent", "message": ""}
    for steps, empty in (([AGENT, AGENT, nothing], False), ([AGENT, nothing], True)):
        trial = read_trial(FolderFiles(write_trial(passed, {"agent/trajectory.json": {"steps": steps}})))
        assert trial is not None
        assert trial.is_empty is empty
    assert not Trial(trial="x", task="x", outcome=Outcome.PASSED).is_empty

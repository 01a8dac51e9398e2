"""From a trajectory to a conversation: every rule of docs/guides/traces.md."""

from typing import Any

import pytest

from otcloud.datasets.atif import Conversation, content_text, read_conversation


def step(source: str, message: object, **fields: Any) -> dict[str, Any]:
    return {"source": source, "message": message, **fields}


def seen(*results: object) -> dict[str, Any]:
    return {"results": [{"content": result} for result in results]}


def conversation(*steps: dict[str, Any], **agent: Any) -> Conversation:
    return read_conversation({"schema_version": "ATIF-v1.8", "agent": agent, "steps": list(steps)})


def turns(*steps: dict[str, Any]) -> list[tuple[str, str]]:
    return [(message["role"], message["content"]) for message in conversation(*steps).messages]


def test_the_conversation_of_the_bash_agent() -> None:
    read = conversation(
        step("system", "You are in a shell."),
        step("user", "Say hi."),
        step("agent", "```bash\necho hi\n```", observation=seen("Block 1 of 1: exit code 0\nhi")),
        step("agent", "DONE", observation=seen("never sent")),
    )
    assert read.up_to(-1) == [
        {"role": "user", "content": "You are in a shell.\n\nSay hi."},
        {"role": "assistant", "content": "```bash\necho hi\n```"},
        {"role": "user", "content": "Block 1 of 1: exit code 0\nhi"},
        {"role": "assistant", "content": "DONE"},
    ]
    assert read.up_to(0) == read.up_to(-1)[:2]
    assert (read.ends, read.first_user) == ((2, 4), "Say hi.")


def test_a_system_turn_without_a_user_turn_after_it_becomes_one() -> None:
    assert turns(step("system", "a"), step("system", "b"), step("agent", "c")) == [
        ("user", "a\n\nb"),
        ("assistant", "c"),
    ]
    assert turns(step("user", "a"), step("agent", "b"), step("system", "end")) == [("user", "a"), ("assistant", "b")]


@pytest.mark.parametrize(
    ("message", "reasoning", "content"),
    [
        ("Answer.", "Why.\n", "<think>\nWhy.\n</think>\n\nAnswer."),
        ("Answer.", None, "Answer."),
        ("Answer.", " \n", "Answer."),
        ("<think>Why.</think>Answer.", "Why.", "<think>Why.</think>Answer."),
        ("Why.</think>Answer.", None, "<think>\nWhy.</think>Answer."),
        ("Why. Answer.", "Why.", "Why. Answer."),
        ("", "Why.", "<think>\nWhy.\n</think>\n\n"),
    ],
)
def test_thinking_is_kept_once(message: str, reasoning: str | None, content: str) -> None:
    assert turns(step("agent", message, reasoning_content=reasoning)) == [("assistant", content)]


def test_tool_calls_follow_the_text() -> None:
    calls: list[dict[str, Any]] = [
        {"function_name": "bash", "arguments": {"keys": "é\n"}},
        {"function_name": "done", "arguments": {}},
    ]
    first = '<tool_call>\n{"name": "bash", "arguments": {"keys": "é\\n"}}\n</tool_call>'
    second = '<tool_call>\n{"name": "done", "arguments": {}}\n</tool_call>'
    assert turns(step("agent", "Plan.", tool_calls=calls)) == [("assistant", f"Plan.\n{first}\n{second}")]
    assert turns(step("agent", "", tool_calls=calls[1:])) == [("assistant", second)]


def test_copied_context_stays_and_ends_no_episode() -> None:
    read = conversation(
        step("user", "task", is_copied_context=True),
        step("agent", "questions", is_copied_context=True),
        step("user", "answers", is_copied_context=True),
        step("agent", "on I go"),
    )
    assert read.ends == (4,)
    assert [message["content"] for message in read.up_to(0)] == ["task", "questions", "answers", "on I go"]


def test_several_results_are_one_user_turn_and_none_is_no_turn() -> None:
    assert turns(step("agent", "a", observation=seen("x", None, "y")))[1:] == [("user", "x\ny")]
    assert turns(step("agent", "a", observation=seen(None)), step("agent", "b")) == [
        ("assistant", "a"),
        ("assistant", "b"),
    ]


def test_parts_that_are_no_text_are_named() -> None:
    image = {"type": "image", "source": {"media_type": "image/png", "path": "x.png"}}
    assert content_text([{"type": "text", "text": "See"}, image, {"type": "audio"}]) == "See\n[image]\n[audio]"
    assert content_text(None) == content_text(7) == ""


def test_job_control_warnings_are_removed_from_what_the_model_read() -> None:
    warnings = "bash: cannot set terminal process group (-1): Inappropriate ioctl for device\n"
    warnings += "bash: no job control in this shell\r\n"
    said = f"{warnings}root@vm:/# ls\nthe line bash: no job control in this shell stays"
    clean = "root@vm:/# ls\nthe line bash: no job control in this shell stays"
    assert turns(step("user", said), step("agent", warnings, observation=seen(said))) == [
        ("user", clean),
        ("assistant", warnings),
        ("user", clean),
    ]
    assert turns(step("user", "bash: no job control in this shell")) == [("user", "")]


def test_lone_surrogates_are_replaced() -> None:
    assert turns(step("user", "cut \ud83d"), step("agent", "\udc00")) == [
        ("user", "cut \ufffd"),
        ("assistant", "\ufffd"),
    ]


def test_tool_definitions_are_json() -> None:
    assert conversation(tool_definitions=[{"name": "bash"}]).tools == '[{"name": "bash"}]'
    assert conversation(tool_definitions=[]).tools is None


SHAPELESS: list[dict[str, Any]] = [{}, {"steps": 3}, {"steps": [None, 1, {"source": "robot"}, {"source": []}]}]


@pytest.mark.parametrize("part", SHAPELESS)
def test_what_is_no_trajectory_has_no_turns(part: dict[str, Any]) -> None:
    assert read_conversation(part).messages == ()

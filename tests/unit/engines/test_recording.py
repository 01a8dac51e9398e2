"""The recording's format: written and read back, refused with its line, and what an answer is found by."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otcloud.engines.answer import Answer
from otcloud.engines.recording import WARM_UP, Conversation, Recording, digest, from_conversations, key, load
from otcloud.errors import InputInvalid

HEADER = {"format": "otcloud-recording/1", "model": "m", "source": "s", "created": "2026-01-01"}
LINE: dict[str, Any] = {
    "prompt_sha256": digest("hi"),
    "turn": 0,
    "message": {"role": "assistant", "content": "hello"},
    "finish_reason": "stop",
}
USAGE = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}


def write(folder: Path, *lines: object) -> Path:
    path = folder / "recording.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_what_is_dumped_is_loaded(tmp_path: Path, recording: Recording) -> None:
    usage = Answer(digest("hi"), 0, {"role": "assistant", "content": "\ud800 ok"}, "length", USAGE, "task")
    whole = Recording("m", "s", "2026-01-01", (*recording.answers, usage))
    whole.dump(tmp_path / "a.jsonl")
    whole.dump(tmp_path / "b.jsonl")
    assert load(tmp_path / "a.jsonl") == whole
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "b.jsonl"]


def test_a_key_is_the_first_user_message_and_the_turn() -> None:
    system = {"role": "system", "content": "be brief"}
    user = {"role": "user", "content": "hi there"}
    parts = {"role": "user", "content": [{"type": "text", "text": "hi "}, {"type": "text", "text": "there"}]}
    answer = {"role": "assistant", "content": "x"}
    assert key([user]) == key([system, parts]) == (digest("hi there"), 0)
    assert key([system, user, answer, {"role": "user", "content": "other"}, answer]) == (digest("hi there"), 2)


@pytest.mark.parametrize(
    "content", [7, [{"type": "image_url", "image_url": {"url": "x"}}], [{"type": "text", "text": 1}], ["text"]]
)
def test_a_key_needs_text(content: object) -> None:
    with pytest.raises(InputInvalid):
        key([{"role": "user", "content": content}])


def test_a_key_needs_a_user() -> None:
    with pytest.raises(InputInvalid, match="no user message"):
        key([{"role": "system", "content": "x"}])


def test_the_warm_up_is_answered_by_every_recording() -> None:
    answer = Recording("m", "s", "d", ()).find([{"role": "user", "content": WARM_UP}])
    assert answer is not None
    assert answer.message["content"] == "ready"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({**LINE, "turn": -1}, "turn must be"),
        ({**LINE, "turn": True}, "turn must be"),
        ({**LINE, "turn": 1.0}, "turn must be"),
        ({**LINE, "prompt_sha256": "ABC"}, "64 lower-case hex"),
        ({**LINE, "promt": 1}, "unknown field 'promt'"),
        ({**LINE, "message": {"role": "user", "content": "x"}}, "role must be assistant"),
        ({**LINE, "message": {"role": "assistant", "content": ["x"]}}, "message.content must be text"),
        ({**LINE, "message": {"role": "assistant"}}, "neither content nor tool_calls"),
        ({**LINE, "message": {"role": "assistant", "content": "x", "tool_calls": [1]}}, "list of objects"),
        ({**LINE, "usage": {**USAGE, "total_tokens": "7"}}, "total_tokens must be"),
        ({**LINE, "finish_reason": 1}, "finish_reason must be text"),
        ([LINE], "must be a JSON object"),
        (float("nan"), "is not JSON"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: object, said: str) -> None:
    with pytest.raises(InputInvalid) as caught:
        load(write(tmp_path, HEADER, LINE, line))
    assert f"{tmp_path / 'recording.jsonl'}: line 3" in caught.value.what
    assert said in caught.value.what


@pytest.mark.parametrize("header", [{**HEADER, "format": "otcloud-recording/2"}, {**HEADER, "model": None}, LINE, 1])
def test_a_bad_header_is_named(tmp_path: Path, header: object) -> None:
    with pytest.raises(InputInvalid, match="line 1"):
        load(write(tmp_path, header, LINE))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="cannot be read"):
        load(tmp_path / "none.jsonl")


def test_two_different_answers_to_one_request_are_refused(tmp_path: Path) -> None:
    other = {**LINE, "message": {"role": "assistant", "content": "good day"}}
    assert len(load(write(tmp_path, HEADER, LINE, {**LINE, "task": "again"})).answers) == 2
    with pytest.raises(InputInvalid, match="line 4: contradicts"):
        load(write(tmp_path, HEADER, LINE, {**LINE, "turn": 1}, other))
    talk = Conversation("", [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "a"}])
    clash = Conversation("", [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "b"}])
    with pytest.raises(InputInvalid, match="answer 2: contradicts"):
        from_conversations("m", "s", "d", [talk, clash])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*LINE, *HEADER, "usage", "content"]), inner),
)


@settings(max_examples=150, deadline=None)
@given(first=JSON, lines=st.lists(JSON | st.fixed_dictionaries(dict.fromkeys(LINE, JSON)), max_size=3))
def test_random_json_is_a_recording_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, first: object, lines: list[object]
) -> None:
    for header in (first, HEADER):
        path = write(tmp_path_factory.mktemp("random"), header, *lines)
        try:
            assert len(load(path).answers) == len(lines)
        except InputInvalid as error:
            assert str(path) in error.what


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=200))
def test_random_bytes_are_an_error_with_a_line(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes") / "recording.jsonl"
    path.write_bytes(json.dumps(HEADER).encode() + b"\n" + data + b"\nx\n")
    with pytest.raises(InputInvalid, match=r"line \d+"):
        load(path)


def test_deep_nesting_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "deep.jsonl"
    path.write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(InputInvalid, match="line 1 is not JSON"):
        load(path)

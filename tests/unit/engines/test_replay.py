"""A request's answer: the recorded message whole or in pieces, the counts, and every refusal in OpenAI's shape."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcloud.engines.recording import Conversation, Recording, digest, from_conversations
from otcloud.engines.replay import Refused, Replay

ASK = [{"role": "user", "content": "hi"}]


def body(**fields: object) -> bytes:
    return json.dumps({"model": "tiny", "messages": ASK, **fields}).encode()


def replay(message: dict[str, object]) -> Replay:
    talk = Conversation("t", [*ASK, {"role": "assistant", **message}])
    return Replay(from_conversations("org/tiny", "a test", "2026-01-02", [talk]), "tiny")


def put_together(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """What a client makes of the pieces."""
    message: dict[str, Any] = {}
    for chunk in chunks:
        for choice in chunk["choices"]:
            for field, value in choice["delta"].items():
                if field == "tool_calls":
                    calls = [{k: v for k, v in call.items() if k != "index"} for call in value]
                    message[field] = message.get(field, []) + calls
                else:
                    message[field] = message.get(field, "") + value
    return message


texts = st.none() | st.text(max_size=120)


@given(content=st.text(max_size=200), reasoning_content=texts, reasoning=texts)
def test_the_pieces_are_the_message(content: str, reasoning_content: str | None, reasoning: str | None) -> None:
    fields: dict[str, object] = {"content": content, "reasoning_content": reasoning_content, "reasoning": reasoning}
    served = replay({name: text for name, text in fields.items() if text is not None})
    completion = served.complete(body(stream=True, stream_options={"include_usage": True}))
    chunks: list[Any] = list(served.chunks(completion))
    whole: Any = served.response(completion)
    assert put_together(chunks) == whole["choices"][0]["message"]
    assert chunks[-1]["usage"] == whole["usage"]
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks[:-1] if chunk["choices"]][-1] == "stop"
    assert {chunk["id"] for chunk in chunks} == {whole["id"]}


def test_tool_calls_survive_streaming() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "add", "arguments": "{}"}}
    served = replay({"content": None, "tool_calls": [call, call]})
    completion = served.complete(body(stream=True))
    assert put_together(list(served.chunks(completion))) == {"role": "assistant", "tool_calls": [call, call]}
    assert all("usage" not in chunk for chunk in served.chunks(completion))


def test_tokens_are_four_characters_each_or_what_was_recorded() -> None:
    served = replay({"content": "12345678", "reasoning_content": "1"})
    messages = [{"role": "system", "content": "123456789"}, *ASK]
    counted = served.complete(body(messages=messages)).usage
    assert counted == {"prompt_tokens": 4, "completion_tokens": 3, "total_tokens": 7}


@pytest.mark.parametrize(
    ("request_body", "status", "param", "said"),
    [
        (b"{", 400, None, "not JSON"),
        (b"[" * 100_000, 400, None, "not JSON"),
        (b"\xff", 400, None, "not JSON"),
        (b"[]", 400, None, "JSON object"),
        (body(model="other"), 404, "model", "`other` does not exist"),
        (body(messages=[]), 400, "messages", "at least one"),
        (body(messages=["hi"]), 400, "messages", "list of objects"),
        (body(messages=[{"role": "system", "content": "x"}]), 400, "messages", "no user message"),
        (body(messages=[{"role": "user", "content": [{"type": "image_url"}]}]), 400, "messages", "not text"),
        (body(n=2), 400, "n", "n must be 1"),
        (body(messages=[*ASK, {"role": "assistant", "content": "hello"}]), 422, "messages", "turn 1"),
        (body(messages=[{"role": "user", "content": "unknown"}]), 422, "messages", digest("unknown")),
    ],
)
def test_refusals(request_body: bytes, status: int, param: str | None, said: str) -> None:
    with pytest.raises(Refused) as caught:
        replay({"content": "hello"}).complete(request_body)
    error: Any = caught.value.body["error"]
    assert (caught.value.status, error["code"], error["param"]) == (status, status, param)
    assert said in error["message"]
    assert set(error) == {"message", "type", "param", "code"}


def test_an_odd_date_is_no_obstacle() -> None:
    recording = Recording("m", "s", "in spring", ())
    assert Replay(recording, "tiny").models()["data"] == [
        {"id": "tiny", "object": "model", "created": 0, "owned_by": "otcloud"}
    ]

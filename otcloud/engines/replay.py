"""From a chat request to the replayed response: which recorded answer, in which shape, or which error.

Pure data to data: no socket, no clock, no state, so any number of threads get the same answer to the same request.
`server.py` puts it on the wire.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from otcloud.engines.answer import Answer
from otcloud.engines.recording import Recording, key, text_of
from otcloud.errors import InputInvalid

_PIECE = 24
"""Characters of text in one streamed piece."""


class Refused(Exception):
    """A request that gets an error in OpenAI's shape."""

    def __init__(self, status: int, kind: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"message": message, "type": kind, "param": param, "code": status}}


@dataclass(frozen=True, slots=True)
class Completion:
    """What the client asked for, and the recorded answer to it."""

    answer: Answer
    usage: Mapping[str, int]
    stream: bool
    include_usage: bool


@dataclass(frozen=True, slots=True)
class Replay:
    """A recording served under one model name."""

    recording: Recording
    served_name: str

    def models(self) -> dict[str, object]:
        """The body of GET /v1/models."""
        entry = {"id": self.served_name, "object": "model", "created": self._created(), "owned_by": "otcloud"}
        return {"object": "list", "data": [entry]}

    def complete(self, body: bytes) -> Completion:
        """The answer to a chat request. Errors: Refused."""
        request = _read_request(body)
        if request.get("model") != self.served_name:
            raise Refused(404, "NotFoundError", f"The model `{request.get('model')}` does not exist.", "model")
        messages = _read_messages(request.get("messages"))
        if request.get("n", 1) not in (1, None):
            raise Refused(400, "BadRequestError", "A recording holds one answer to a request: n must be 1.", "n")
        try:
            answer = self.recording.find(messages)
            usage = None if answer is None else answer.usage or _count_usage(messages, answer)
        except InputInvalid as error:
            raise Refused(400, "BadRequestError", str(error), "messages") from error
        if answer is None or usage is None:
            raise self._unknown(messages)
        options = request.get("stream_options")
        include_usage = isinstance(options, dict) and cast(dict[str, object], options).get("include_usage") is True
        return Completion(answer, usage, request.get("stream") is True, include_usage)

    def response(self, completion: Completion) -> dict[str, object]:
        """The body of an answer that is not streamed."""
        choice = {
            "index": 0,
            "message": dict(completion.answer.message),
            "logprobs": None,
            "finish_reason": completion.answer.finish_reason,
        }
        return {**self._head(completion, "chat.completion"), "choices": [choice], "usage": dict(completion.usage)}

    def chunks(self, completion: Completion) -> Iterator[dict[str, object]]:
        """The pieces of a streamed answer, in order; put together they are the message of `response`."""
        head = self._head(completion, "chat.completion.chunk")

        def chunk(delta: Mapping[str, object], finish: str | None = None) -> dict[str, object]:
            choice = {"index": 0, "delta": dict(delta), "logprobs": None, "finish_reason": finish}
            return {**head, "choices": [choice]}

        for delta in _deltas(completion.answer.message):
            yield chunk(delta)
        yield chunk({}, completion.answer.finish_reason)
        if completion.include_usage:
            yield {**head, "choices": [], "usage": dict(completion.usage)}

    def _head(self, completion: Completion, kind: str) -> dict[str, object]:
        answer = completion.answer
        identity = hashlib.sha256(f"{answer.prompt_sha256} {answer.turn}".encode()).hexdigest()[:32]
        return {"id": f"chatcmpl-{identity}", "object": kind, "created": self._created(), "model": self.served_name}

    def _created(self) -> int:
        try:
            return int(datetime.fromisoformat(self.recording.created).timestamp())
        except ValueError:
            return 0  # clients want a number here and use it for nothing

    def _unknown(self, messages: Sequence[Mapping[str, object]]) -> Refused:
        prompt_sha256, turn = key(messages)
        message = (
            f"The recording of {self.recording.model} has no such answer: turn {turn} of the conversation whose first "
            f"user message has the sha256 {prompt_sha256}. Replay serves recorded conversations only."
        )
        return Refused(422, "NoRecordedAnswer", message, "messages")


def _read_request(body: bytes) -> dict[str, object]:
    try:
        request: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "BadRequestError", f"The body is not JSON: {error}") from error
    if not isinstance(request, dict):
        raise Refused(400, "BadRequestError", "The body must be a JSON object.")
    return cast(dict[str, object], request)


def _read_messages(value: object) -> list[Mapping[str, object]]:
    messages = cast(list[object], value) if isinstance(value, list) else []
    if not messages or not all(isinstance(message, dict) for message in messages):
        raise Refused(400, "BadRequestError", "messages must be a list of objects, at least one.", "messages")
    return cast(list[Mapping[str, object]], messages)


def _deltas(message: Mapping[str, object]) -> Iterator[dict[str, object]]:
    yield {"role": "assistant"}
    for field in ("reasoning_content", "reasoning", "content"):
        text = message.get(field)
        if isinstance(text, str):
            # An empty text is sent too: "" and null are different answers.
            for start in range(0, max(len(text), 1), _PIECE):
                yield {field: text[start : start + _PIECE]}
    for index, call in enumerate(_tool_calls(message)):
        yield {"tool_calls": [{"index": index, **call}]}


def _tool_calls(message: Mapping[str, object]) -> list[dict[str, object]]:
    return cast(list[dict[str, object]], message.get("tool_calls") or [])


def _count_usage(messages: Sequence[Mapping[str, object]], answer: Answer) -> dict[str, int]:
    """Token counts by rule, the same everywhere: one token for every four characters begun, message by message."""
    prompt = sum(_count(text_of(message.get("content"))) for message in messages)
    texts = [answer.message.get(field) for field in ("reasoning_content", "reasoning", "content")]
    completion = sum(_count(text) for text in texts if isinstance(text, str))
    completion += sum(_count(json.dumps(call)) for call in _tool_calls(answer.message))
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _count(text: str) -> int:
    return -(-len(text) // 4)

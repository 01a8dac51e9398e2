"""What the stand-in teacher says: answers, refusals and faults as data, and their form in OpenAI's protocol.

Pure: `teacher.py` puts it on the wire.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


@dataclass(frozen=True)
class Request:
    """One chat completion as it arrived: headers (names in lower case), the parsed body, when (monotonic seconds)."""

    headers: Mapping[str, str]
    body: Mapping[str, Any]
    at: float = 0.0

    @property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        """The conversation so far."""
        return self.body.get("messages") or []

    @property
    def turn(self) -> int:
        """Answers that the conversation holds already."""
        return sum(message.get("role") == "assistant" for message in self.messages)

    @property
    def prompt(self) -> str:
        """The text of the first user message."""
        return next((text_of(each) for each in self.messages if each.get("role") == "user"), "")

    @property
    def prompt_tokens(self) -> int:
        """Four characters a token."""
        return 1 + sum(len(text_of(message)) for message in self.messages) // 4


@dataclass(frozen=True)
class Says:
    """An answer: the assistant's message (role may be left out), and (prompt, completion) tokens if not counted."""

    message: Mapping[str, Any]
    finish_reason: str = "stop"
    usage: tuple[int, int] | None = None
    delay_sec: float = 0.0


@dataclass(frozen=True)
class Refuses:
    """An HTTP error with a body in OpenAI's shape."""

    status: int
    message: str = "The server had an error."
    code: str = "server_error"
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class Fault(Enum):
    """What is no answer and no refusal."""

    HANG = "accepts, reads and never answers"
    RESET = "the connection is reset"
    CUT = "half an answer, then the end of the connection"
    GARBAGE = "200 with something that is not JSON"
    NO_CHOICES = "200 with an empty list of choices"


type Answer = str | Mapping[str, Any] | Says | Refuses | Fault
type Behaviour = Callable[[Request], Answer]


def scripted(*answers: Answer) -> Behaviour:
    """The n-th answer to the n-th turn of every conversation; the last one again and again after that."""
    return lambda request: answers[min(request.turn, len(answers) - 1)]


def in_order(*answers: Answer) -> Behaviour:
    """The n-th answer to the n-th request of all; the last one again and again after that."""
    left = list(answers)
    return lambda _request: left.pop(0) if len(left) > 1 else left[0]


def terminus(*commands: str, done: bool = False, analysis: str = "Looking.", plan: str = "Act.") -> str:
    """An answer as terminus-2's JSON parser reads it; `done` has to be said twice in a row to end the task."""
    keystrokes = [{"keystrokes": f"{command}\n", "duration": 0.1} for command in commands]
    answer = {"analysis": analysis, "plan": plan, "commands": keystrokes, "task_complete": done}
    return json.dumps(answer, indent=2)


def bash(*commands: str, done: bool = False) -> str:
    """An answer of the `bash` agent's model."""
    blocks = [f"```bash\n{command}\n```" for command in commands]
    return "\n\n".join([*blocks, *(["TASK_COMPLETE"] if done else [])])


def as_answer(answer: Answer) -> Says | Refuses | Fault:
    """A behaviour may give the bare text or message."""
    if isinstance(answer, str):
        return Says({"content": answer})
    return answer if isinstance(answer, Says | Refuses | Fault) else Says(answer)


def completion(says: Says, request: Request) -> dict[str, Any]:
    """The body of an answer that is not streamed."""
    message = {"role": "assistant", "content": None, **says.message}
    choice = {"index": 0, "message": message, "finish_reason": says.finish_reason}
    return {**_head(request, "chat.completion"), "choices": [choice], "usage": usage(says, request)}


def events(says: Says, request: Request) -> Iterator[dict[str, Any]]:
    """The chunks of a streamed answer: every text field in two pieces, thinking first."""
    head = {**_head(request, "chat.completion.chunk"), "usage": None}
    yield {**head, "choices": [_delta({"role": "assistant", "content": ""})]}
    order = sorted(says.message, key=lambda name: (name == "content", name))
    for name in (name for name in order if name != "role"):
        value = says.message[name]
        half = len(value) // 2 if isinstance(value, str) else 0
        for piece in (value[:half], value[half:]) if half else (value,):
            yield {**head, "choices": [_delta({name: piece})]}
    yield {**head, "choices": [_delta({}, says.finish_reason)]}
    if (request.body.get("stream_options") or {}).get("include_usage"):
        yield {**head, "choices": [], "usage": usage(says, request)}


def refusal(refuses: Refuses) -> dict[str, Any]:
    """The body of an HTTP error."""
    return {"error": {"message": refuses.message, "type": refuses.code, "param": None, "code": refuses.code}}


def usage(says: Says, request: Request) -> dict[str, int]:
    """What the answer cost: as scripted, else four characters a token."""
    said = sum(len(value) for value in says.message.values() if isinstance(value, str))
    prompt, completed = says.usage or (request.prompt_tokens, 1 + said // 4)
    return {"prompt_tokens": prompt, "completion_tokens": completed, "total_tokens": prompt + completed}


def text_of(message: Mapping[str, Any]) -> str:
    """A message's text; its parts joined where it has parts."""
    content: str | Sequence[Mapping[str, Any]] = message.get("content") or ""
    return content if isinstance(content, str) else "".join(str(part.get("text", "")) for part in content)


def _head(request: Request, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-teacher", "object": kind, "created": 1_700_000_000, "model": request.body.get("model")}


def _delta(delta: Mapping[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": dict(delta), "finish_reason": finish_reason}

"""One recorded answer: what a line of a recording holds, checked field by field.

Strict: a recording is an input that people write by hand too, so an unknown field is an error. Knows no file, no HTTP.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from otcloud.errors import InputInvalid

_LINE_FIELDS = frozenset({"prompt_sha256", "turn", "message", "finish_reason", "usage", "task"})
_TEXT_FIELDS = ("content", "reasoning_content", "reasoning")
_MESSAGE_FIELDS = frozenset({"role", "tool_calls", *_TEXT_FIELDS})
_USAGE_FIELDS = ("prompt_tokens", "completion_tokens", "total_tokens")


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's message, for turn `turn` of the conversation whose first user message has this sha256 in hex."""

    prompt_sha256: str
    turn: int
    message: Mapping[str, object]
    finish_reason: str = "stop"
    usage: Mapping[str, int] | None = None
    task: str = ""

    @property
    def key(self) -> tuple[str, int]:
        """What a request is matched by."""
        return self.prompt_sha256, self.turn

    def says_the_same(self, other: "Answer") -> bool:
        """Whether a client could not tell the two apart; the label does not count."""
        return (self.message, self.finish_reason, self.usage) == (other.message, other.finish_reason, other.usage)

    def to_json(self) -> dict[str, object]:
        """The object that a line of a recording holds."""
        line: dict[str, object] = {
            "prompt_sha256": self.prompt_sha256,
            "turn": self.turn,
            "message": dict(self.message),
            "finish_reason": self.finish_reason,
        }
        if self.usage is not None:
            line["usage"] = dict(self.usage)
        if self.task:
            line["task"] = self.task
        return line

    @staticmethod
    def from_json(value: object) -> "Answer":
        """The answer in one parsed line. Errors: InputInvalid naming the field."""
        line = read_object(value, "the line", _LINE_FIELDS)
        prompt_sha256 = read_text(line, "prompt_sha256")
        if len(prompt_sha256) != 64 or set(prompt_sha256) - set("0123456789abcdef"):
            raise InputInvalid("prompt_sha256 must be 64 lower-case hex digits")
        return Answer(
            prompt_sha256,
            _read_count(line, "turn"),
            _read_message(line.get("message")),
            read_text(line, "finish_reason", "stop"),
            _read_usage(line["usage"]) if line.get("usage") is not None else None,
            read_text(line, "task", ""),
        )


def read_object(value: object, name: str, fields: frozenset[str]) -> dict[str, object]:
    """`value` as a JSON object without fields other than these. Errors: InputInvalid."""
    if not isinstance(value, dict):
        raise InputInvalid(f"{name} must be a JSON object")
    read = cast(dict[str, object], value)
    if unknown := sorted(read.keys() - fields):
        raise InputInvalid(f"{name} has the unknown field {unknown[0]!r}", do=f"known are: {', '.join(sorted(fields))}")
    return read


def read_text(line: Mapping[str, object], field: str, default: str | None = None) -> str:
    """A text field; required unless there is a default. Errors: InputInvalid."""
    value = line.get(field, default)
    if not isinstance(value, str):
        raise InputInvalid(f"{field} must be text")
    return value


def _read_count(line: Mapping[str, object], field: str) -> int:
    value = line.get(field)
    # A bool is an int to Python, and `true` is no count.
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InputInvalid(f"{field} must be a whole number from 0 up")
    return value


def _read_message(value: object) -> dict[str, object]:
    message = read_object(value, "message", _MESSAGE_FIELDS)
    if message.get("role") != "assistant":
        raise InputInvalid("message.role must be assistant")
    for field in _TEXT_FIELDS:
        if not isinstance(message.get(field), str | None):
            raise InputInvalid(f"message.{field} must be text or null")
    if not _are_objects(message.get("tool_calls") or []):
        raise InputInvalid("message.tool_calls must be a list of objects")
    if message.get("content") is None and not message.get("tool_calls"):
        raise InputInvalid("message holds neither content nor tool_calls")
    return message


def _are_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in cast(list[object], value))


def _read_usage(value: object) -> dict[str, int]:
    usage = read_object(value, "usage", frozenset(_USAGE_FIELDS))
    return {field: _read_count(usage, field) for field in _USAGE_FIELDS}

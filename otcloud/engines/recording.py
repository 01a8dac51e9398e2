"""Recorded answers: the file format, and which answer belongs to which request.

A recording is JSON Lines: a header that names model and source, then one answer a line. An answer belongs to the
digest of a conversation's first user message and a turn, the number of assistant messages before it.
Nothing here knows HTTP; standard library only.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from otcloud.engines.answer import Answer, read_object, read_text
from otcloud.errors import InputInvalid

FORMAT = "otcloud-recording/1"
WARM_UP = "Reply with the word ready."
"""The one conversation that every replay server answers without a recording: a readiness probe asks it."""

_HEADER_FIELDS = frozenset({"format", "model", "source", "created"})


def digest(text: str) -> str:
    """sha256 of a message's text, in hex; a lone surrogate, which JSON can carry, counts as its three bytes."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def text_of(content: object) -> str:
    """The text of a message's content: a string, nothing, or a list of text parts. Errors: InputInvalid."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise InputInvalid("a message's content must be text or a list of parts")
    return "".join(_text_of_part(part) for part in cast(list[object], content))


def _text_of_part(part: object) -> str:
    fields = cast(dict[str, object], part) if isinstance(part, dict) else {}
    text = fields.get("text")
    if fields.get("type") != "text" or not isinstance(text, str):
        raise InputInvalid("a message has a part that is not text", why="a recording holds text conversations only")
    return text


def key(messages: Sequence[Mapping[str, object]]) -> tuple[str, int]:
    """(digest of the first user message's text, number of assistant messages). Errors: InputInvalid without one."""
    for message in messages:
        if message.get("role") == "user":
            turn = sum(1 for each in messages if each.get("role") == "assistant")
            return digest(text_of(message.get("content"))), turn
    raise InputInvalid("the conversation has no user message", why="an answer is found by the first user message")


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation to be recorded: OpenAI chat messages, and a label such as the task's name."""

    task: str
    messages: Sequence[Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Recording:
    """A model's recorded answers. `created` is a date or time in ISO 8601, as written in the file."""

    model: str
    source: str
    created: str
    answers: tuple[Answer, ...]
    _by_key: dict[tuple[str, int], Answer] = field(default_factory=dict[tuple[str, int], Answer], compare=False)

    def __post_init__(self) -> None:
        self._by_key.update(_index(self.answers, "answer", first=1))

    def find(self, messages: Sequence[Mapping[str, object]]) -> Answer | None:
        """The answer to this conversation's next turn, or None. Errors: InputInvalid for messages without a key."""
        wanted = key(messages)
        return _READY if wanted == _READY.key else self._by_key.get(wanted)

    def dump(self, path: Path) -> None:
        """Write the recording atomically; equal recordings give equal bytes."""
        header = {"format": FORMAT, "model": self.model, "source": self.source, "created": self.created}
        lines = [
            json.dumps(each, ensure_ascii=True) for each in (header, *(answer.to_json() for answer in self.answers))
        ]
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write("\n".join(lines) + "\n")
                out.flush()
                os.fsync(out.fileno())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            # Nothing is recovered: only the half-written file is taken away.
            Path(temporary).unlink(missing_ok=True)
            raise


def _index(answers: Sequence[Answer], noun: str, *, first: int) -> dict[tuple[str, int], Answer]:
    known: dict[tuple[str, int], Answer] = {}
    for number, answer in enumerate(answers, start=first):
        if not known.setdefault(answer.key, answer).says_the_same(answer):
            raise InputInvalid(
                f"{noun} {number}: contradicts an earlier answer",
                why=f"both are turn {answer.turn} of the conversation {answer.prompt_sha256}",
                do="keep one of them",
            )
    return known


_READY = Answer(digest(WARM_UP), 0, {"role": "assistant", "content": "ready"}, task="warm-up")


def from_conversations(model: str, source: str, created: str, conversations: Iterable[Conversation]) -> Recording:
    """A recording of every assistant message in the conversations. Errors: InputInvalid, as for a file."""
    answers: list[Answer] = []
    for conversation in conversations:
        for index, message in enumerate(conversation.messages):
            if message.get("role") == "assistant":
                prompt_sha256, turn = key(conversation.messages[:index])
                answers.append(Answer(prompt_sha256, turn, dict(message), task=conversation.task))
    return Recording(model, source, created, tuple(answers))


def load(path: Path) -> Recording:
    """Read a recording. Errors: InputInvalid with the file and the line."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise InputInvalid(f"{path}: the recording cannot be read", why=error.strerror or str(error)) from error
    model, source, created = _parse(path, 1, lines[0], _read_header)
    # The file ends in a newline, so the last piece is empty; any other empty line is as wrong as a broken one.
    body = lines[1:-1] if lines[-1] == b"" else lines[1:]
    answers = tuple(_parse(path, number, line, Answer.from_json) for number, line in enumerate(body, start=2))
    try:
        _index(answers, "line", first=2)
    except InputInvalid as error:
        # Not recovered: the same error with the file's name in front.
        raise InputInvalid(f"{path}: {error.what}", why=error.why, do=error.do) from error
    return Recording(model, source, created, answers)


def _read_header(value: object) -> tuple[str, str, str]:
    header = read_object(value, "the header", _HEADER_FIELDS)
    if header.get("format") != FORMAT:
        raise InputInvalid(f"not a recording that this version reads: its first line must say format {FORMAT}")
    return read_text(header, "model"), read_text(header, "source"), read_text(header, "created")


def _parse[T](path: Path, number: int, line: bytes, read: Callable[[object], T]) -> T:
    try:
        return read(json.loads(line.decode("utf-8"), parse_constant=_refuse_constant))
    except InputInvalid as error:
        # Not recovered: the same error with file and line in front.
        raise InputInvalid(f"{path}: line {number}: {error.what}", why=error.why, do=error.do) from error
    except (ValueError, RecursionError) as error:
        # Broken JSON, broken UTF-8, a number beyond Python's limit, nesting beyond its stack.
        raise InputInvalid(f"{path}: line {number} is not JSON", why=str(error)) from error


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")

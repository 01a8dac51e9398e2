"""Turns a trajectory (ATIF, the format of Harbor's agents) into a conversation to train on. Pure.

Written against ATIF 1.0 to 1.8 as Harbor 0.24 writes it; what has the wrong shape is left out. docs/guides/traces.md
tells the rules to users.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypedDict

from otcloud.trials.read import is_turn
from otcloud.trials.record import Json, mapping, mappings, text
from otcloud.trials.text import whole

_JOB_CONTROL = re.compile(
    r"^[\w./-]*sh: (?:cannot set terminal process group \(-?\d+\): [^\n]*|no job control in this shell)\r?(?:\n|\Z)",
    re.MULTILINE,
)
"""What bash says when it is started without a terminal: it tells a model nothing."""


class Message(TypedDict):
    """One turn."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """One part of a trajectory. `ends`: the number of messages up to each of the model's own turns, that included."""

    messages: tuple[Message, ...]
    ends: tuple[int, ...]
    first_user: str | None
    tools: str | None

    def up_to(self, turn: int) -> list[Message]:
        """The conversation that ends with this turn, so never with an observation. Turns count from 0, or from -1."""
        return list(self.messages[: self.ends[turn]])


def read_conversation(part: Json) -> Conversation:
    """The conversation of one trajectory file.

    A system turn becomes the beginning of the user turn after it. Context copied from an earlier part stays, because
    the turns after it answer it, but it ends no episode. An observation is the user turn after the step that has it.
    """
    messages: list[Message] = []
    ends: list[int] = []
    pending: list[str] = []
    first_user: str | None = None
    for step in mappings(part.get("steps")):
        said = content_text(step.get("message"))
        match step.get("source"):
            case "system":
                pending.append(said)
            case "user":
                first_user = said if first_user is None else first_user
                messages.append(_user([*pending, said]))
                pending = []
            case "agent":
                messages += [_user(pending)] if pending else []
                pending = []
                messages.append({"role": "assistant", "content": _answer(step, said)})
                ends += [len(messages)] if is_turn(step) else []
                messages += _observation(step)
            case _:
                pass
    return Conversation(tuple(messages), tuple(ends), first_user, _tools(part))


def content_text(content: object) -> str:
    """The text of a message: a string, or the parts of a list, with `[image]` and the like for what is no text."""
    if isinstance(content, list):
        return "\n".join(_part(part) for part in mappings(content))  # pyright: ignore[reportUnknownArgumentType]
    return text(content)


def _part(part: Json) -> str:
    kind = text(part.get("type"))
    return text(part.get("text")) if kind in ("text", "") else f"[{kind}]"


def _user(parts: Iterable[str]) -> Message:
    return {"role": "user", "content": _JOB_CONTROL.sub("", "\n\n".join(parts))}


def _answer(step: Json, said: str) -> str:
    """The model's text, its thinking before it and its tool calls after it.

    The tags are those of Qwen3's template. A text that holds its thinking already is left alone, but for an opening
    tag that the server's template, and not the model, had written. Line breaks between the two are the template's:
    litellm and vLLM's parsers leave them at the ends of both.
    """
    reasoning = text(step.get("reasoning_content")).strip("\n")
    if "</think>" in said:
        said = said if "<think>" in said else f"<think>\n{said.lstrip()}"
    elif reasoning.strip() and not said.lstrip().startswith(reasoning):
        answer = said.lstrip("\n")
        said = f"<think>\n{reasoning}\n</think>\n\n{answer}"
    calls = [_call(call) for call in mappings(step.get("tool_calls"))]
    return "\n".join([said, *calls] if said else calls)


def _call(call: Json) -> str:
    body = {"name": text(call.get("function_name")), "arguments": mapping(call, "arguments")}
    return f"<tool_call>\n{whole(json.dumps(body, ensure_ascii=False))}\n</tool_call>"


def _observation(step: Json) -> list[Message]:
    results = mappings(mapping(step, "observation").get("results"))
    said = [content_text(result.get("content")) for result in results if result.get("content") is not None]
    return [{"role": "user", "content": _JOB_CONTROL.sub("", "\n".join(said))}] if said else []


def _tools(part: Json) -> str | None:
    tools = mapping(part, "agent").get("tool_definitions")
    return whole(json.dumps(tools, ensure_ascii=False)) if isinstance(tools, list) and tools else None

"""The message as the server sent it, where litellm changes it.

litellm moves a `<think>` section at the start of the text into `reasoning_content`, after which a model's own text and
thinking that the server told apart cannot be distinguished. Its `logger_fn` is shown the response before that.
"""

import json
from collections.abc import Mapping
from typing import Any, cast

_TAGS = ("<think>", "<thinking>", "<budget:thinking>")


class WireMessage:
    """Keeps one response's first message. Used for one request, then thrown away."""

    def __init__(self) -> None:
        self._message: dict[str, Any] = {}

    def keep(self, event: Mapping[str, Any]) -> None:
        """litellm's `logger_fn`: called before and after the call, once or more."""
        self._message = _first_message(event.get("original_response")) or self._message

    def read(self, parsed: Any) -> tuple[str, str | None]:
        """(text, thinking told apart by the server) of litellm's message, the text as it was sent if that was seen."""
        text: str = parsed.content or ""
        reasoning: str | None = getattr(parsed, "reasoning_content", None) or getattr(parsed, "reasoning", None)
        sent = self._message.get("content")
        if isinstance(sent, str) and sent.startswith(_TAGS) and text != sent and sent.endswith(text):
            return sent, None
        return text, reasoning


def _first_message(response: object) -> dict[str, Any]:
    """The message of an OpenAI response in JSON; nothing for what has another shape (a coroutine, another protocol)."""
    if not isinstance(response, str) or not response.startswith("{"):
        return {}
    try:
        message = json.loads(response)["choices"][0]["message"]
    except (ValueError, LookupError, TypeError):
        return {}  # an error's body, or another provider's shape: litellm's own reading stands
    return cast(dict[str, Any], message) if isinstance(message, dict) else {}

"""Asks the model through litellm, as Harbor's own agents do: one call an answer, patience with what passes.

The address and the key come from the environment (HOSTED_VLLM_API_BASE, OPENAI_API_KEY and so on); litellm reads them.
Errors that a repetition cannot mend become Harbor's own types, by whose names it decides what to retry.
"""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harbor.agents.installed.base import AgentAuthenticationError, ModelNotFoundError
from harbor.llms.base import ContextLengthExceededError

from otcloud.harbor_ext.bash.wire import WireMessage

type Message = dict[str, str]

_TRANSIENT = frozenset({408, 429})
_CONTEXT_PHRASES = (
    "context length",
    "context_length",
    "context window",
    "maximum model length",  # vLLM
    "prompt is too long",  # Anthropic
    "input is too long",  # Bedrock
)
_MAX_WAIT_SEC = 30.0
_MAX_RETRY_AFTER_SEC = 300.0


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: the model's text as it is, thinking that the server told apart, and what it counted."""

    text: str
    reasoning: str | None
    finish_reason: str | None
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    cost_usd: float | None


class ModelClient:
    """One model. `parameters` go into every request; only what is in them is sent."""

    def __init__(
        self,
        model_name: str,
        parameters: Mapping[str, Any],
        *,
        retries: int,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._litellm = load_litellm()
        self._request = {"num_retries": 0, "max_retries": 0, **parameters, "model": model_name}
        self._retries = retries
        self._sleep = sleep
        self._jitter = jitter

    async def ask(self, messages: Sequence[Message]) -> Reply:
        """The next answer. Errors: the last one when patience ends; ContextLengthExceededError and others at once."""
        for attempt in range(self._retries + 1):
            try:
                return await self._ask_once(messages)
            except Exception as error:
                # Recovers errors that pass: connections, time-outs, 408, 429 and 5xx.
                if not _is_transient(error):
                    raise _translate(error) from error
                if attempt == self._retries:
                    raise
                await self._sleep(self._wait(error, attempt))
        raise AssertionError("the last attempt returns or raises")

    def _wait(self, error: Exception, attempt: int) -> float:
        """Seconds: what the server asks for, else 1, 2, 4 up to 30, of which half is left to chance."""
        asked = _retry_after(error)
        if asked is not None:
            return min(asked, _MAX_RETRY_AFTER_SEC) + self._jitter()
        return min(2.0**attempt, _MAX_WAIT_SEC) * (0.5 + self._jitter() / 2)

    async def _ask_once(self, messages: Sequence[Message]) -> Reply:
        wire = WireMessage()
        request = {**self._request, "messages": [dict(each) for each in messages], "logger_fn": wire.keep}
        response = await self._litellm.acompletion(**request)
        choice = response.choices[0]
        text, reasoning = wire.read(choice.message)
        usage = getattr(response, "usage", None)
        details = getattr(usage, "prompt_tokens_details", None)
        hidden: dict[str, Any] = getattr(response, "_hidden_params", None) or {}
        return Reply(
            text=_encodable(text),
            reasoning=_encodable(reasoning) if reasoning else None,
            finish_reason=choice.finish_reason,
            prompt_tokens=getattr(usage, "prompt_tokens", None),
            completion_tokens=getattr(usage, "completion_tokens", None),
            cached_tokens=getattr(details, "cached_tokens", None),
            cost_usd=hidden.get("response_cost"),
        )


def load_litellm() -> Any:
    """litellm without its talk: no cost map from the network at import, no advice on stdout. Takes seconds at first."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm

    litellm.suppress_debug_info = True
    return litellm


def _encodable(text: str) -> str:
    """JSON can carry half a character (a lone surrogate), which no file and no request can."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _is_transient(error: Exception) -> bool:
    status = getattr(error, "status_code", None)
    return isinstance(status, int) and (status in _TRANSIENT or status >= 500) and not _is_about_context(error)


def _is_about_context(error: Exception) -> bool:
    text = str(error).lower()
    return any(phrase in text for phrase in _CONTEXT_PHRASES)


def _translate(error: Exception) -> Exception:
    status = getattr(error, "status_code", None)
    if status in (400, 413, 422, 500) and _is_about_context(error):
        return ContextLengthExceededError(str(error))
    if status in (401, 403):
        return AgentAuthenticationError(f"the model server refused the key: {error}")
    if status == 404:
        return ModelNotFoundError(str(error))
    return error


def _retry_after(error: Exception) -> float | None:
    response = getattr(error, "response", None)
    headers: Any = getattr(error, "litellm_response_headers", None) or getattr(response, "headers", None)
    value = str(headers.get("retry-after", "")) if headers else ""
    # Seconds; a date, which the standard allows too, no model server sends.
    return float(value) if value.replace(".", "", 1).isdecimal() else None

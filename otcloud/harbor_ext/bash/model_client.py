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

from harbor.agents.installed.base import AgentAuthenticationError, ApiUsageLimitError, ModelNotFoundError
from harbor.llms.base import ContextLengthExceededError

from otcloud.harbor_ext.bash.wire import WireMessage

type Message = dict[str, str]

REQUEST_SEC = 600.0
"""The longest request, where the recipe does not say it (model.request_timeout_sec)."""
_TRANSIENT = frozenset({408, 429})
_TIMEOUTS = 2
"""Requests that may run out of time, one after the other: a server that hung for two of them hangs."""
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


class NoChoiceError(Exception):
    """The server answered with success and without a choice."""


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
        self._request = {"num_retries": 0, "max_retries": 0, "timeout": REQUEST_SEC, **parameters, "model": model_name}
        self._retries = retries
        self._sleep = sleep
        self._jitter = jitter

    async def ask(self, messages: Sequence[Message]) -> Reply:
        """The next answer. Errors: the last one when patience ends; ContextLengthExceededError and others at once."""
        timeouts = 0
        for attempt in range(self._retries + 1):
            try:
                return await self._ask_once(messages)
            except Exception as error:
                # Recovers errors that pass: connections, time-outs, 408, 429, 5xx and answers without a choice.
                if not _is_transient(error):
                    raise _translate(error) from error
                timeouts += isinstance(error, self._litellm.Timeout)
                if attempt == self._retries or timeouts == _TIMEOUTS:
                    raise
                await self._sleep(wait_sec(error, attempt, self._jitter))
        raise AssertionError("the last attempt returns or raises")

    async def _ask_once(self, messages: Sequence[Message]) -> Reply:
        wire = WireMessage()
        request = {**self._request, "messages": [dict(each) for each in messages], "logger_fn": wire.keep}
        response = await self._litellm.acompletion(**request)
        if not response.choices:
            raise NoChoiceError("the model's server answered without a choice")
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


def wait_sec(error: Exception, attempt: int, jitter: Callable[[], float] = random.random) -> float:
    """Seconds: what the server asks for, else 1, 2, 4 up to 30, of which half is left to chance."""
    asked = retry_after(error)
    if asked is not None:
        return min(asked, _MAX_RETRY_AFTER_SEC) + jitter()
    return min(2.0**attempt, _MAX_WAIT_SEC) * (0.5 + jitter() / 2)


def is_quota(error: Exception) -> bool:
    """Whether a 429 speaks of an account that is empty, which no wait mends."""
    return "insufficient_quota" in f"{error} {getattr(error, 'code', '')} {getattr(error, 'body', '')}"


def _is_transient(error: Exception) -> bool:
    if isinstance(error, NoChoiceError):
        return True
    status = getattr(error, "status_code", None)
    if status == 429 and is_quota(error):
        return False
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
    if status == 429:
        return ApiUsageLimitError(str(error))
    return error


def retry_after(error: Exception) -> float | None:
    """The seconds that a server asks to be left alone; None when it does not say."""
    response = getattr(error, "response", None)
    headers: Any = getattr(error, "litellm_response_headers", None) or getattr(response, "headers", None)
    value = str(headers.get("retry-after", "")) if headers else ""
    # Seconds; a date, which the standard allows too, no model server sends.
    return float(value) if value.replace(".", "", 1).isdecimal() else None

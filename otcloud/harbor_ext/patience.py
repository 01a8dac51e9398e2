"""Patience for agents that ask the model through litellm in Harbor's own process (terminus-2).

Harbor tries such a request nine times within a minute or two, whatever the provider asks for, and each try may wait ten
minutes for a server that hangs. Here a 429 waits as long as its Retry-After says, a hanging server is tried twice, and
an answer without a choice is an error with a name. `install` replaces `litellm.acompletion`; a caller that says
`num_retries` itself (the bash agent, which has patience of its own) is left alone.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from otcloud.harbor_ext.bash.model_client import (
    REQUEST_SEC,
    NoChoiceError,
    is_quota,
    load_litellm,
    retry_after,
    wait_sec,
)

RATE_LIMIT_TRIES = 20
"""Tries against a rate limit that says how long to wait. The waits take place in the agent's own time."""
_BLIND_TRIES = 6
"""Tries against one that does not say: about a minute."""
_HARBOR_TRIES = 9
"""Tries of one request by Harbor 0.24.0: three in harbor.llms.lite_llm, each within three in terminus-2."""
_REAL_TIMEOUTS = 2
_MARK = "_otcloud_patience"
_timed_out: ContextVar[int] = ContextVar("timed_out", default=0)
"""Time-outs in a row of one conversation: a trial is a task, and so a context, of its own."""


def install(sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Put it in place, once."""
    litellm = load_litellm()
    inner = litellm.acompletion
    if hasattr(inner, _MARK):
        return

    @functools.wraps(inner)
    async def acompletion(*args: Any, **kwargs: Any) -> Any:
        if "num_retries" in kwargs:
            return await inner(*args, **kwargs)
        request = {"timeout": REQUEST_SEC, **kwargs, "num_retries": 0, "max_retries": 0}
        _refuse_after_timeouts(litellm.Timeout, str(kwargs.get("model")))
        for attempt in range(RATE_LIMIT_TRIES):
            try:
                answer = _checked(await inner(*args, **request))
            except litellm.Timeout:
                _timed_out.set(_timed_out.get() + 1)
                raise
            except litellm.RateLimitError as error:
                # Recovers what passes by itself; an empty account says 429 as well, and does not pass.
                tries = _BLIND_TRIES if retry_after(error) is None else RATE_LIMIT_TRIES
                if attempt + 1 >= tries or is_quota(error):
                    raise
                await sleep(wait_sec(error, attempt))
            else:
                _timed_out.set(0)
                return answer
        raise AssertionError("the last attempt returns or raises")

    setattr(acompletion, _MARK, True)
    litellm.acompletion = acompletion


def _refuse_after_timeouts(timeout: Callable[..., Exception], model: str) -> None:
    """Let the rest of Harbor's tries fail at once: a server that hung for two of them hangs.

    Error: litellm's Timeout. After the last of Harbor's tries the count begins anew, for the trial's next attempt.
    """
    count = _timed_out.get()
    if count < _REAL_TIMEOUTS:
        return
    _timed_out.set(0 if count + 1 >= _HARBOR_TRIES else count + 1)
    raise timeout(message="the model did not answer in time, twice in a row", model=model, llm_provider="")


def _checked(response: Any) -> Any:
    """Error: NoChoiceError. A stream has no choices to look at."""
    choices = getattr(response, "choices", None)
    if choices is not None and not choices:
        raise NoChoiceError("the model's server answered without a choice")
    return response

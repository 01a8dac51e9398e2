"""Whether a run is worth its money: judges the attempts that ended lately. Pure.

The first attempts are a smoke test: when none of them was more than an infrastructure failure, nothing here works.
After that a sliding window counts. Attempts that Harbor will retry count as well: they cost a sandbox each.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from otcloud.errors import join_problems
from otcloud.recipe.schema.trials import EarlyStop
from otcloud.trials.failures import explain, failure_of, worth_another_try
from otcloud.trials.trial import Outcome

EMPTY = "empty-answers"
_EXAMPLE_LIMIT = 300


@dataclass(frozen=True)
class Attempt:
    """One attempt that ended: `cause` is why it was lost, EMPTY when the model said nothing, "" when it was sound."""

    trial: str
    cause: str
    example: str = ""

    @property
    def lost(self) -> bool:
        """Lost to infrastructure."""
        return self.cause not in ("", EMPTY)

    @property
    def empty(self) -> bool:
        """The model's answers were empty."""
        return self.cause == EMPTY


@dataclass(frozen=True)
class Trouble:
    """Why a run should not go on as it does. `never_worked`: no attempt so far was sound."""

    what: str
    attempts: tuple[Attempt, ...]
    never_worked: bool

    @property
    def hopeless(self) -> bool:
        """True when most of the bad attempts failed in a way that another try cannot mend (a refused key, say)."""
        bad = [attempt for attempt in self.attempts if attempt.cause]
        lasting = [attempt for attempt in bad if attempt.lost and not worth_another_try(attempt.cause)]
        return 2 * len(lasting) > len(bad)

    def diagnosis(self) -> str:
        """The causes, counted, the most frequent first, each with one example and what helps."""
        counts = Counter(attempt.cause for attempt in self.attempts if attempt.cause)
        return join_problems([_told(cause, count, self.attempts) for cause, count in counts.most_common()])


def attempt_of(event: Mapping[str, Any]) -> Attempt | None:
    """What an `end` event of the plug-in says; None for an attempt that was cut off."""
    trial, exception, outcome = str(event.get("trial")), str(event.get("exception") or ""), event.get("outcome")
    if outcome == Outcome.CANCELLED:
        return None
    if outcome is None and exception:
        # The plug-in could not read the folder: the exception's type is all that is known.
        outcome = Outcome.FAILED if failure_of(exception).counts else Outcome.INFRA
    if outcome == Outcome.INFRA:
        cause = str(event.get("cause") or failure_of(exception).cause)
        said = ": ".join(filter(None, (exception, str(event.get("message") or ""))))
        return Attempt(trial, cause, said[:_EXAMPLE_LIMIT])
    return Attempt(trial, EMPTY if event.get("empty") else "")


def trouble(attempts: Sequence[Attempt], rules: EarlyStop, *, worked: bool) -> Trouble | None:
    """What is wrong with the latest attempts, the oldest first; None when the run may go on.

    `worked`: an attempt before these was sound. The window is judged from half its size on.
    """
    window = tuple(attempts[-rules.window :])
    never = not worked and not any(attempt.cause == "" for attempt in attempts)
    lost, empty = (sum(each) for each in ([a.lost for a in window], [a.empty for a in window]))
    if never and len(attempts) >= rules.smoke_trials and lost + empty == len(window):
        return Trouble(f"none of the first {len(attempts)} attempts came through", window, never_worked=True)
    if 2 * len(window) < rules.window:
        return None
    if lost > rules.max_infra_rate * len(window):
        return Trouble(f"{lost} of the last {len(window)} attempts were lost to infrastructure", window, never)
    if empty > rules.max_empty_rate * len(window):
        return Trouble(f"the model gave empty answers in {empty} of the last {len(window)} trials", window, never)
    return None


def _told(cause: str, count: int, attempts: Sequence[Attempt]) -> str:
    example = next((attempt.example for attempt in attempts if attempt.cause == cause and attempt.example), "")
    advice = _EMPTY_ADVICE if cause == EMPTY else explain(cause)
    return f"{count} x {cause}" + (f" ({example})" if example else "") + (f": {advice}" if advice else "")


_EMPTY_ADVICE = (
    "The model's answers hold no text and no tool call: look at one with `otcloud view`; a wrong chat template, parser "
    "or stop token, or a max_output_tokens that thinking uses up, does this."
)

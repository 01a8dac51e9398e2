"""A repair in one line, for the run's journal and for whoever asks for its status. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from otcloud.launch.selection import Selection
from otcloud.plan.amend import Only

_LONGEST = 40
_KINDS: Mapping[Only, tuple[str, str]] = {
    "infra": ("lost trial", "run again"),
    "failed": ("failed trial", "run again"),
    "missing": ("missing trial", "run"),
}


def told(
    changes: Mapping[str, tuple[Any, Any]], added: int, only: Only | None, globs: Sequence[str], selection: Selection
) -> str:
    """`trials.concurrency 16 -> 4, 3 failed trials run again`."""
    return ", ".join(_parts(changes, added, only, globs, selection)) or "all that is missing"


def _parts(
    changes: Mapping[str, tuple[Any, Any]], added: int, only: Only | None, globs: Sequence[str], selection: Selection
) -> Iterator[str]:
    for key, (old, new) in changes.items():
        if key != "trials.attempts":
            yield f"{key} {_shown(old)} -> {_shown(new)}"
    if added:
        yield f"{_many(added, 'more attempt')} at each task"
    of = f" of {', '.join(globs)}" if globs else ""
    if only is not None:
        noun, verb = _KINDS[only]
        yield f"{_many(selection.count, noun)}{of} {verb}"
    elif globs:
        yield f"{_many(len(selection.again), 'trial')}{of} run again"


def _shown(value: object) -> str:
    text = "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

"""A problem of a recipe, and how all of them are told at once. A problem never quotes a secret or a long text."""

from collections.abc import Sequence
from dataclasses import dataclass

from otcloud.errors import InputInvalid, join_problems
from otcloud.recipe.leaks import looks_secret

_LONGEST = 60
_MOST = 50


@dataclass(frozen=True, order=True)
class Problem:
    """`where` is `file:line` or the flag; `key` the key path; `missing` marks what is wrong by its absence.

    `do` is what helps, where `what` and `suggestion` do not say it already: none is better than a wrong one.
    """

    where: str
    key: str
    what: str
    suggestion: str = ""
    missing: bool = False
    do: str = ""

    def __str__(self) -> str:
        place = ": ".join(part for part in (self.where, self.key) if part)
        text = f"{place}: {self.what}" if place else self.what
        return f"{text}; did you mean {self.suggestion}?" if self.suggestion else text


def shown(value: object, *, longest: int = _LONGEST) -> str:
    """A value as a message may quote it: on one line, cut after `longest` characters, never a secret."""
    text = value if isinstance(value, str) else repr(value)
    if looks_secret(text):
        return "(not shown)"
    visible = "".join(character if character.isprintable() else "?" for character in text)
    return f"`{visible}`" if len(visible) <= longest else f"`{visible[:longest]}...`"


def shown_key(key: str) -> str:
    """A key path as a message may quote it."""
    return shown(key).strip("`")


class RecipeInvalid(InputInvalid):
    """A recipe with problems; `problems` has them one by one."""

    def __init__(self, what: str, problems: Sequence[Problem], *, do: str) -> None:
        super().__init__(what, do=do)
        self.problems = tuple(dict.fromkeys(problems))


def refuse(subject: str, problems: Sequence[Problem]) -> RecipeInvalid:
    """The one error that tells every problem, in the order in which they were found, each once."""
    lines = list(dict.fromkeys(str(problem) for problem in problems))
    more = len(lines) - _MOST
    told = [*lines[:_MOST], f"... and {more} more"] if more > 0 else lines
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    return RecipeInvalid(
        f"{subject}: {count}\n{join_problems(told)}",
        problems,
        do="; ".join(dict.fromkeys(problem.do for problem in problems if problem.do)),
    )

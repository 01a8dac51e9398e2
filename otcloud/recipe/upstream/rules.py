"""What becomes of one field of an upstream file, as data: the tables are made of these, and so is the guide's."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from otcloud.recipe.upstream.reading import Reading
    from otcloud.recipe.written import Written

type Read = "Callable[[Reading, Written, str], None]"
"""Reads one field: where it goes, the value as written, and the field's own key path."""


@dataclass(frozen=True)
class Rule:
    """`to` is the recipe's key path; `why` says why there is none, or what is corrected on the way.

    With `quiet` the field has no effect worth a line of its own. `read` does what a plain move cannot.
    """

    to: str = ""
    why: str = ""
    quiet: bool = False
    read: Read | None = None
    inside: "Mapping[str, Rule] | None" = None


type Rules = Mapping[str, Rule]


def to(path: str) -> Rule:
    """The value moves to a key path of the recipe as it stands."""
    return Rule(to=path)


def dropped(why: str) -> Rule:
    """It has no place in a recipe, and its reader should know."""
    return Rule(why=why)


def idle(why: str) -> Rule:
    """It has no place in a recipe, and nothing is lost by that."""
    return Rule(why=why, quiet=True)


def inside(rules: Rules) -> Rule:
    """A mapping with fields of its own."""
    return Rule(inside=rules)


def read(function: Read, path: str, why: str = "") -> Rule:
    """A function reads it; `path` is where it goes, for the guide."""
    return Rule(to=path, why=why, read=function)


def listed(rules: Rules, above: str = "") -> Iterator[tuple[str, Rule]]:
    """Every field of a table by its key path, for the guide and its test."""
    for name, rule in rules.items():
        path = f"{above}.{name}" if above else name
        if rule.inside is None:
            yield path, rule
        else:
            yield from listed(rule.inside, path)

"""The table of flags -> the parameters of a command. No option of a recipe is typed by hand."""

import inspect
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import typer

from otcloud.recipe.flag import Flag
from otcloud.recipe.flags import flags_of


def with_recipe_flags[**P, R](kind: str | None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Give a command function every flag of `tracegen`, of `eval` or (None) of both, in panels, for its `**flags`.

    The function receives each flag under its parameter name, None where it was not given.
    """
    return with_flags(flags_of(kind))


def with_flags[**P, R](flags: Sequence[Flag]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Give a command function these flags, as with_recipe_flags does."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        own = inspect.signature(function)
        kept = [each for each in own.parameters.values() if each.kind is not inspect.Parameter.VAR_KEYWORD]
        added = [_parameter(flag) for flag in flags]
        vars(function)["__signature__"] = own.replace(parameters=[*kept, *added])
        return function

    return decorate


def _parameter(flag: Flag) -> inspect.Parameter:
    names = [f"{flag.name}/{flag.negative}" if flag.negative else flag.name, *flag.aliases]
    option = typer.Option(
        *names,
        help=flag.help,
        rich_help_panel=flag.panel,
        metavar=flag.metavar or None,
        show_default=False,
    )
    return inspect.Parameter(
        flag.parameter,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[_annotation(flag), option],
    )


def _annotation(flag: Flag) -> Any:
    value: Any = Literal[*flag.choices] if flag.choices else flag.takes
    return list[value] | None if flag.repeat else value | None

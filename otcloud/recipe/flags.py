"""The one table of flags: each is a name for a key path of the recipe. The command line is made from it.

What is no value of a recipe (`--dry-run`, `--json`, `--set`...) is not here: it belongs to the command.
"""

from otcloud.recipe import flags_machine, flags_upstream, flags_work
from otcloud.recipe.flag import Flag

FLAGS: tuple[Flag, ...] = (*flags_work.FLAGS, *flags_machine.FLAGS, *flags_upstream.FLAGS)
"""In the order in which help shows them."""


def flags_of(kind: str | None) -> list[Flag]:
    """The flags of a command, `tracegen` or `eval`; all of them for None."""
    return [flag for flag in FLAGS if kind is None or kind in flag.kinds]

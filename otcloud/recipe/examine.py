"""One recipe looked at by itself, for `otcloud recipe validate`: its problems as data instead of an error."""

from dataclasses import dataclass
from pathlib import Path

from otcloud.recipe.load import load
from otcloud.recipe.problems import RecipeInvalid


@dataclass(frozen=True)
class Examined:
    """A recipe's name and what was found; `error` is None when it is valid."""

    name: str
    error: RecipeInvalid | None = None
    warnings: tuple[str, ...] = ()

    def document(self) -> dict[str, object]:
        """The finding as data."""
        problems = self.error.problems if self.error else ()
        listed = [{"where": p.where, "key": p.key, "what": p.what, "suggestion": p.suggestion} for p in problems]
        return {"recipe": self.name, "valid": self.error is None, "problems": listed}


def examine(name: str, cwd: Path) -> Examined:
    """Load one recipe without preset, settings or flags."""
    try:
        loaded = load([name], cwd=cwd)
    except RecipeInvalid as error:
        # The finding itself: the other recipes are still to be looked at.
        return Examined(name, error)
    return Examined(name, warnings=loaded.warnings)

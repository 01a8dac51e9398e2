"""Files of OpenThoughts-Agent -> the text of a native recipe that means the same, each value with its origin."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from otcloud.errors import InputInvalid
from otcloud.recipe.load import Loaded, load
from otcloud.recipe.settle import BY_NAME
from otcloud.recipe.show import to_yaml

_NOT_SAID = ("default of ", BY_NAME)
"""Origins of what follows from other values, and from other ones on another command line."""


@dataclass(frozen=True)
class Adopted:
    """A recipe's text, what it was made of, and what its reader should know."""

    text: str
    loaded: Loaded


def adopt(files: Sequence[str], cwd: Path) -> Adopted:
    """The recipe of the files. What only a command says (its kind, and the kind's defaults) is not in it.

    Error: InputInvalid with every problem of the files.
    """
    loaded = load(cwd=cwd, upstream=files, partial=True)
    origins = {key: origin for key, origin in loaded.origins.items() if not origin.startswith(_NOT_SAID)}
    loaded = replace(loaded, origins=origins)
    names = ", ".join(Path(name).name for name in files)
    shown = "".join(each if each.isprintable() else "?" for each in names)
    heading = f"# Made of {shown}. What is missing (tasks, a model) is given on the command line or written here.\n"
    return Adopted(f"{heading}\n{to_yaml(loaded)}", loaded)


def write_recipe(path: Path, text: str) -> None:
    """Write a recipe's text to a file that is not there yet. Error: InputInvalid."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        # An existing file is somebody's work.
        raise InputInvalid(f"{path} exists already", do="name another file, or remove it first") from None
    except OSError as error:
        # A folder that cannot be written is told like any other wrong input.
        raise InputInvalid(f"cannot write {path}: {error.strerror}") from None

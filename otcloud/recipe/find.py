"""The file that a user means by a recipe's name: a path, or a bundled recipe."""

from dataclasses import dataclass
from pathlib import Path

from otcloud.recipe.presets import PRESETS, presets, recipes
from otcloud.recipe.problems import Problem, shown, shown_key
from otcloud.recipe.suggest import nearest


@dataclass(frozen=True)
class Found:
    """A file to read, and how messages and origins name it."""

    path: Path
    label: str


def find_recipe(name: str, cwd: Path) -> Found | Problem:
    """A file by its path; else a bundled recipe as `quickstart`, `quickstart.yaml` or `recipes/quickstart.yaml`."""
    if not name or "\0" in name:
        return Problem(shown_key(name), "", "is not the name of a recipe")
    path = _expanded(cwd, name)
    present = path is not None and exists(path)
    if path is not None and present and path.is_file():
        return Found(path, name)
    for each in recipes():
        if name in (each.name, f"{each.name}.yaml", each.label):
            return Found(each.path, each.label)
    if path is None or not present:
        told = "no such file, and no recipe of that name ships"
        near = _near_recipe(path, name) if path else ""
        return Problem(shown_key(name), "", told, near, do="check the path; `otcloud recipe list` shows what ships")
    # A pipe, such as the shell makes of `<(...)`, is read like a file.
    return Problem(name, "", "is a folder; name a file in it") if path.is_dir() else Found(path, name)


def _expanded(cwd: Path, name: str) -> Path | None:
    try:
        return cwd / Path(name).expanduser()
    except RuntimeError:
        # `~somebody` without a home names no file.
        return None


def find_preset(name: str, where: str, folder: Path = PRESETS) -> Found | Problem:
    """A preset by its name."""
    known = {each.name: each for each in presets(folder)}
    if name in known:
        return Found(known[name].path, known[name].label)
    near = nearest(name, known, cutoff=0.5)
    do = "`otcloud recipe list` shows the presets"
    return Problem(where, "preset", f"there is no preset {shown(name)}", near, do=do)


def near_file(path: Path) -> str:
    """A file or folder beside a missing one whose name is much like it."""
    near = _near_file(path)
    return f"`{path.parent / near.strip('`')}`" if near else ""


def _near_recipe(path: Path, name: str) -> str:
    near = _near_file(path)
    if near:
        return f"`{Path(name).parent / near.strip('`')}`"
    return nearest(Path(name).stem, [each.name for each in recipes()], cutoff=0.6)


def _near_file(path: Path) -> str:
    try:
        names = [each.name for each in path.parent.iterdir()][:2000]
    except OSError:
        # No folder to look into means no suggestion; the missing file itself is told by the caller.
        return ""
    stems = {Path(name).stem: name for name in names if name.endswith((".yaml", ".yml"))}
    if path.name in stems:
        return f"`{stems[path.name]}`"
    return nearest(path.name, names, cutoff=0.6)


def exists(path: Path) -> bool:
    """Whether there is a file or folder; not one that cannot be reached, whatever the reason."""
    try:
        return path.exists()
    except OSError:
        # Too long a name, or a folder that may not be entered: for a run that is the same as missing.
        return False

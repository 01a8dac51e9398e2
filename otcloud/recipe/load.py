"""Files, presets, `--set` and flags -> one Recipe, or one error that tells every problem.

Precedence, low to high: defaults < the kind's own defaults < preset < Harbor's job file < datagen file < files from
left to right < `--set` < flags.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from otcloud.recipe import agent_file
from otcloud.recipe.check import check, check_files
from otcloud.recipe.document import read_file
from otcloud.recipe.fields import dotted
from otcloud.recipe.find import Found, find_recipe
from otcloud.recipe.inherit import lineage
from otcloud.recipe.layer import Layer, Source, Stated, read_layer
from otcloud.recipe.merge import apply_kind_defaults, merge
from otcloud.recipe.problems import Problem, refuse, shown, shown_key
from otcloud.recipe.schema import Recipe
from otcloud.recipe.settle import settle_model, settle_sizes
from otcloud.recipe.statements import flag_layer, set_layer
from otcloud.recipe.upstream.files import Given, Upstream, agent_named, read_upstream
from otcloud.recipe.upstream.notes import notes
from otcloud.recipe.validate import validate

_LONGEST_COMMAND = 250
_START = "start from a recipe: `otcloud recipe list` shows what ships, `otcloud recipe init` writes one"


@dataclass(frozen=True)
class Loaded:
    """A recipe and, for every value that something stated, where that was: `recipes/quickstart.yaml:12`, `--model`."""

    recipe: Recipe
    origins: Mapping[str, str]
    warnings: tuple[str, ...] = ()


@dataclass
class _Reading:
    """The layers read so far, the weakest first, the folder that each one's paths are relative to, all problems."""

    layers: list[Layer] = field(default_factory=list[Layer])
    folders: list[Path] = field(default_factory=list[Path])
    problems: list[Problem] = field(default_factory=list[Problem])

    def add(self, read: tuple[Layer, list[Problem]], folder: Path, *, lowest: bool = False) -> None:
        place = 0 if lowest else len(self.layers)
        self.layers.insert(place, read[0])
        self.folders.insert(place, folder)
        self.problems += read[1]

    def add_file(self, found: Found | Problem, *, lowest: bool = False) -> None:
        folder = Path("/") if isinstance(found, Problem) else found.path.absolute().parent
        self.add(_file(found), folder, lowest=lowest)


def load(
    files: Sequence[str | Path] = (),
    *,
    preset: str | None = None,
    sets: Sequence[str] = (),
    flags: Mapping[str, object] | None = None,
    cwd: Path,
    kind: str | None = None,
    upstream: Sequence[str] = (),
    partial: bool = False,
) -> Loaded:
    """The recipe that files, preset, `--set` texts and flags make together.

    `flags` holds a command's arguments by parameter name (`n_concurrent`), None where not given. `kind` is what the
    command makes: a recipe that states the other kind is refused. Relative paths in a file are taken from its folder,
    others from `cwd`. `upstream` are files of OpenThoughts-Agent beside those that flags name. With `partial` parts and
    files may be missing. Error: InputInvalid with every problem.
    """
    cwd = cwd.absolute()
    reading = _Reading()
    for name in files:
        reading.add_file(find_recipe(str(name), cwd))
    for text in sets:
        reading.add(set_layer(text, cwd), cwd)
    flagged = flag_layer(flags or {}, cwd)
    reading.add((flagged.layer, flagged.problems), cwd)
    foreign = _add_upstream([*flagged.files, *map(Given, upstream)], reading, cwd)
    _add_preset(preset, reading, cwd)
    merged = merge(reading.layers)
    agent_file.settle(merged.stated, list(zip(reading.layers, reading.folders, strict=True)))
    _settle_kind(merged.stated, kind, files, reading.problems)
    sizes = _settle(merged.stated, files or foreign.labels, foreign.context)
    recipe = _recipe(merged.stated, reading.problems, str(files[-1]) if files else "", partial=partial)
    if recipe is None or reading.problems:
        subject = ", ".join(shown_key(str(name)) for name in (*files, *foreign.labels)) or "the recipe made of flags"
        raise refuse(f"{subject} cannot be used", reading.problems)
    origins = {dotted(key): stated.origin for key, stated in merged.stated.items()}
    warnings = (*flagged.warnings, *foreign.warnings, *merged.warnings, *sizes, *notes(merged.stated, foreign))
    return Loaded(recipe, origins, warnings)


def _file(found: Found | Problem) -> tuple[Layer, list[Problem]]:
    if isinstance(found, Problem):
        return {}, [found]
    written, problems = read_file(found.path, found.label)
    if written is None:
        return {}, problems

    def where(line: int) -> str:
        return f"{found.label}:{line}"

    layer, more = read_layer(written, Source(where, found.path.absolute().parent))
    return layer, [*problems, *more]


def _add_upstream(given: Sequence[Given], reading: _Reading, cwd: Path) -> Upstream:
    """Put OpenThoughts-Agent's files below everything that was read so far."""
    foreign = read_upstream(given, cwd, agent_named(reading.layers))
    for layer in reversed(foreign.layers):
        reading.add((layer, []), cwd, lowest=True)
    reading.problems += foreign.problems
    return foreign


def _add_preset(preset: str | None, reading: _Reading, cwd: Path) -> None:
    """Put the preset, named by `--preset` or else by the strongest layer that names one, below everything."""
    key = ("preset",)
    if preset is not None:
        reading.add(({key: Stated(preset, "--preset")}, []), cwd)
    named = next((layer[key] for layer in reversed(reading.layers) if key in layer), None)
    for found in lineage(str(named.value), named.origin) if named is not None and named.value is not None else ():
        reading.add_file(found, lowest=True)


def _settle(stated: Layer, names: Sequence[str | Path], context: int | None) -> list[str]:
    """What nothing stated, and what follows from what was; warnings."""
    settle_model(stated)
    apply_kind_defaults(stated)
    _settle_name(stated, names)
    return settle_sizes(stated, context)


def _settle_kind(stated: Layer, kind: str | None, files: Sequence[str | Path], problems: list[Problem]) -> None:
    """Give the recipe the kind that the command makes, or tell that it states the other."""
    key = ("kind",)
    own = stated.get(key)
    if kind is None:
        return
    if own is None or own.value is None:
        stated[key] = Stated(kind, f"otcloud {kind}")
    elif own.value != kind and own.value in ("tracegen", "eval"):
        told = f"the recipe is for `otcloud {own.value}`, not `otcloud {kind}`"
        command = shlex.join(["otcloud", str(own.value), *(str(name) for name in files)])
        problems.append(Problem(own.origin, "kind", told, do=shown(command, longest=_LONGEST_COMMAND)))


def _settle_name(stated: Layer, files: Sequence[str | Path]) -> None:
    key = ("name",)
    if key in stated and stated[key].value is not None:
        return
    kind = stated.get(("kind",))
    fallback = str(kind.value) if kind and kind.value in ("tracegen", "eval") else "tracegen"
    if files:
        words = re.sub(r"[^a-z0-9]+", "-", Path(files[-1]).stem.lower()).strip("-")
        stated[key] = Stated(words[:40].strip("-") or fallback, "the file's name")
    else:
        stated[key] = Stated(fallback, "the recipe's kind")


def _recipe(stated: Layer, problems: list[Problem], subject: str, *, partial: bool) -> Recipe | None:
    """Validate, then check what only several fields or the disk can tell. Adds to the problems."""
    recipe, found = validate(stated)
    problems += found
    if recipe is None:
        return None
    missing = () if partial else check_files(recipe)
    for problem in [each for each in (*check(recipe), *missing) if not (partial and each.missing)]:
        origin = _origin(stated, problem)
        if not (problem.missing and any(_may_be(problem, other) for other in problems)):
            do = _START if problem.missing and not subject else problem.do
            problems.append(replace(problem, where=origin or subject, do=do))
    return recipe


def _origin(stated: Layer, problem: Problem) -> str:
    """Where the value at fault was stated; of a mapping, where the first value inside it was."""
    inside = (problem.key, f"{problem.key}.")
    found = {dotted(key): value.origin for key, value in stated.items() if dotted(key).startswith(inside)}
    own = found.get(problem.key, "")
    return own if own or problem.missing else next((found[key] for key in found if key.startswith(inside[1])), "")


def _may_be(missing: Problem, other: Problem) -> bool:
    """Whether what is missing may be what another problem is about: a misspelt key, a file that cannot be read."""
    section = other.key.split(".", maxsplit=1)[0]
    return not other.missing and (not section or section == other.key or section == missing.key.split(".")[0])

"""The layers that come from the command line: `--set key=value` texts and flags."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from otcloud.recipe.document import read_text
from otcloud.recipe.fields import Key
from otcloud.recipe.flag import Flag
from otcloud.recipe.flags import FLAGS
from otcloud.recipe.flags_upstream import DATAGEN_CONFIG, HARBOR_CONFIG
from otcloud.recipe.harbor_words import harbor_words
from otcloud.recipe.layer import Layer, Source, Stated, read_layer
from otcloud.recipe.merge import overlay
from otcloud.recipe.problems import Problem, shown, shown_key
from otcloud.recipe.undecoded import DO, WHAT, undecoded
from otcloud.recipe.upstream.files import Given
from otcloud.recipe.written import Scalar, Written, nested, write

_ATTEMPTS, _DELAY_SEC = 100, 30
"""What the local runners took where a flag was not given."""


def set_layer(text: str, cwd: Path) -> tuple[Layer, list[Problem]]:
    """What one `--set a.b=c` states. The value is YAML; nothing after `=` takes a field back to its default."""
    name, equals, value = text.partition("=")
    key = name.strip().split(".")
    if not equals or not all(key):
        do = "write it like `--set trials.concurrency=4`"
        return {}, [Problem("--set", "", f"takes key.path=value, not {shown(text)}", do=do)]
    where = f"--set {shown_key(name.strip())}"
    if undecoded(value):
        return {}, [Problem(where, shown_key(name.strip()), WHAT, do=DO)]
    written, problems = read_text(value, where, numbered=False)
    if written is None:
        written = Written(Scalar("", True))
    layer, more = read_layer(nested(key, written), Source(lambda line: where, cwd))
    return layer, [*problems, *more]


@dataclass
class Flagged:
    """What the flags state, the problems, the warnings, and the upstream files that they name."""

    layer: Layer = field(default_factory=dict[Key, Stated])
    problems: list[Problem] = field(default_factory=list[Problem])
    warnings: list[str] = field(default_factory=list[str])
    files: list[Given] = field(default_factory=list[Given])


def flag_layer(values: Mapping[str, object], cwd: Path) -> Flagged:
    """What the flags state, from the command function's arguments by parameter name; None and () are not given.

    Words for Harbor are the weakest: a flag of our own says it more plainly.
    """
    given = {name: value for name, value in values.items() if value is not None and value not in ([], ())}
    unknown = set(given) - {flag.parameter for flag in FLAGS}
    if unknown:
        raise LookupError(f"no such flag: {', '.join(sorted(unknown))}")
    given, flagged = _together(given)
    for flag in sorted(FLAGS, key=lambda each: each.read is not harbor_words):
        if flag.parameter in given:
            _add(flagged, flag, given[flag.parameter], cwd)
    return flagged


def _together(given: Mapping[str, object]) -> tuple[dict[str, object], Flagged]:
    """Flags that only say something with another one."""
    rest, flagged = dict(given), Flagged()
    attempts, delay = rest.pop("health_max_attempts", None), rest.pop("health_retry_delay", None)
    if attempts is not None or delay is not None:
        name = "--health-max-attempts" if attempts is not None else "--health-retry-delay"
        minutes = float(str(attempts or _ATTEMPTS)) * float(str(delay or _DELAY_SEC)) / 60
        _state(flagged, "serve.ready_timeout_min", minutes, name, Path())
    gpus = rest.pop("gpus", None)
    if gpus is not None:
        rest["accelerator"] = _counted(str(rest.get("accelerator", "")), str(gpus), flagged)
    return {name: value for name, value in rest.items() if value != ""}, flagged


def _counted(accelerators: str, gpus: str, flagged: Flagged) -> str:
    """`--gpus` for the accelerators without a count; a count beside the name wins."""
    names = [name.strip() for name in accelerators.split(",") if name.strip()]
    if not names:
        flagged.warnings.append(f"--gpus {gpus} says nothing by itself: give --accelerator NAME:{gpus}")
    other = [name for name in names if ":" in name and name.partition(":")[2] != gpus]
    if other:
        flagged.warnings.append(f"--gpus {gpus} is not taken: --accelerator {', '.join(other)} says how many")
    return ",".join(name if ":" in name else f"{name}:{gpus}" for name in names)


def _add(flagged: Flagged, flag: Flag, value: object, cwd: Path) -> None:
    if flag.refused and value:
        flagged.problems.append(Problem(flag.name, "", flag.refused))
    elif flag.instead:
        flagged.warnings.append(f"{flag.name} is without effect: {flag.instead}")
    elif flag.name in (HARBOR_CONFIG, DATAGEN_CONFIG):
        flagged.files += [Given(str(name), flag.name) for name in cast("list[str]", value)]
    elif flag.read is None:
        _state(flagged, flag.path, value, flag.name, cwd)
    else:
        try:
            read = flag.read(value, cwd)
        except (ValueError, OSError) as error:
            # The reader's plain words, or a text that is no possible path, become a problem of the input.
            what = str(error) if isinstance(error, ValueError) else "is no possible path"
            flagged.problems.append(Problem(flag.name, "", what))
            return
        for path, each in read.items():
            _state(flagged, path, each, flag.name, cwd)


def _state(flagged: Flagged, path: str, value: object, name: str, cwd: Path) -> None:
    layer, problems = read_layer(nested(path.split("."), write(value)), Source(lambda line: name, cwd))
    overlay(flagged.layer, layer)
    flagged.problems += problems

"""The layers that come from the command line: `--set key=value` texts and flags."""

from collections.abc import Mapping
from pathlib import Path

from otcloud.recipe.document import read_text
from otcloud.recipe.flags import FLAGS, Flag
from otcloud.recipe.layer import Layer, Source, read_layer
from otcloud.recipe.problems import Problem, shown, shown_key
from otcloud.recipe.undecoded import DO, WHAT, undecoded
from otcloud.recipe.written import Scalar, Written, nested, write


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


def flag_layer(values: Mapping[str, object], cwd: Path) -> tuple[Layer, list[Problem]]:
    """What the flags state, from the command function's arguments by parameter name; None and () are not given."""
    layer: Layer = {}
    problems: list[Problem] = []
    known = {flag.parameter: flag for flag in FLAGS}
    for name, value in values.items():
        if value is None or value in ([], ()):
            continue
        stated, more = _one(known[name], value, cwd)
        layer.update(stated)
        problems += more
    return layer, problems


def _one(flag: Flag, value: object, cwd: Path) -> tuple[Layer, list[Problem]]:
    try:
        read = flag.read(value, cwd) if flag.read else {flag.path: value}
    except (ValueError, OSError) as error:
        # The reader's plain words, or a text that is no possible path, become a problem of the input.
        return {}, [Problem(flag.name, "", str(error) if isinstance(error, ValueError) else "is no possible path")]
    layer: Layer = {}
    problems: list[Problem] = []
    for path, each in read.items():
        stated, more = read_layer(nested(path.split("."), write(each)), Source(lambda line: flag.name, cwd))
        layer.update(stated)
        problems += more
    return layer, problems

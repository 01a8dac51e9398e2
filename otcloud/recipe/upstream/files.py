"""Upstream files by name -> what they state. Tells the kinds apart by their top-level keys; reads nothing else."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from otcloud.recipe.document import read_file
from otcloud.recipe.fields import children
from otcloud.recipe.find import exists, near_file
from otcloud.recipe.layer import Layer
from otcloud.recipe.problems import Problem, shown
from otcloud.recipe.upstream import benchmark, datagen, harbor
from otcloud.recipe.upstream.agent import DEFAULT_AGENT
from otcloud.recipe.upstream.reading import Reading
from otcloud.recipe.written import Scalar, Written

_MARKS: Mapping[str, Sequence[str]] = {
    "benchmark": benchmark.MARKS,
    "datagen": datagen.MARKS,
    "harbor": harbor.MARKS,
}
_FLAGS: Mapping[str, str] = {
    "harbor": "--harbor-config",
    "datagen": "--datagen-config",
    "benchmark": "--datagen-config",
}

NAMES: Mapping[str, str] = {
    "harbor": "a Harbor job file",
    "datagen": "a datagen file",
    "benchmark": "a config.yaml of the benchmark guides",
}

_LONGEST_NAME = 250


@dataclass(frozen=True)
class Given:
    """A file that the user named, and the flag by which; no flag where the contents decide."""

    name: str
    flag: str = ""


@dataclass
class Upstream:
    """What all upstream files state, the weakest first, with problems and warnings; `context` is named by a file."""

    layers: list[Layer] = field(default_factory=list[Layer])
    problems: list[Problem] = field(default_factory=list[Problem])
    warnings: list[str] = field(default_factory=list[str])
    labels: list[str] = field(default_factory=list[str])
    context: int | None = None


@dataclass(frozen=True)
class _Document:
    label: str
    kind: str
    content: Mapping[str, Written]


def read_upstream(given: Sequence[Given], cwd: Path, agent: str | None = None) -> Upstream:
    """Read the files: Harbor's first, so that the server's stand above them. `agent` is as of `agent_named`.

    No error: what is wrong is among the problems.
    """
    found = Upstream()
    documents = [document for each in given if (document := _document(each, cwd, found)) is not None]
    for document in sorted(documents, key=lambda each: each.kind != "harbor"):
        reading = Reading(document.label, cwd)
        _READERS[document.kind](reading, document.content, _whose(agent, found))
        found.labels.append(document.label)
        found.layers.append(reading.layer)
        found.problems += reading.problems
        found.warnings += reading.told()
        if document.kind == "harbor":
            found.context = harbor.named_context(document.label) or found.context
    return found


_READERS: Mapping[str, Callable[[Reading, Mapping[str, Written], str], None]] = {
    "harbor": lambda reading, content, agent: harbor.read_harbor(reading, content),
    "datagen": datagen.read_datagen,
    "benchmark": lambda reading, content, agent: benchmark.read_benchmark(reading, content),
}


def agent_named(layers: Sequence[Layer]) -> str | None:
    """The agent that the strongest of the layers names; empty for a class of the user's own, None when none does."""
    for layer in reversed(layers):
        for key in (("agent", "name"), ("agent", "import_path")):
            if key in layer and layer[key].value is not None:
                return str(layer[key].value) if key[1] == "name" else ""
    return None


def _whose(agent: str | None, found: Upstream) -> str:
    """Whose arguments a datagen file has: the agent of the recipe or the flags, else the Harbor file's."""
    named = agent if agent is not None else agent_named(found.layers)
    return DEFAULT_AGENT if named is None else named


def _document(given: Given, cwd: Path, found: Upstream) -> _Document | None:
    """A file's top-level mapping; None, and a problem, for what is none of the kinds."""
    label = shown(given.name, longest=_LONGEST_NAME).strip("`")
    written = _written(given, label, cwd, found)
    if written is None:
        return None
    if not isinstance(written.content, Mapping):
        told = "is empty" if written.empty else f"is {written.noun}, not a mapping of keys to values"
        found.problems.append(Problem(label, "", told))
        return None
    kind = _kind(written.content)
    problem = _unfit(given, label, kind, written.content)
    if problem is not None:
        found.problems.append(problem)
        return None
    return _Document(label, kind or "", written.content)


def _written(given: Given, label: str, cwd: Path, found: Upstream) -> Written | None:
    if not given.name or "\0" in given.name:
        found.problems.append(Problem(given.flag or label, "", "is not the name of a file"))
        return None
    try:
        path = cwd / Path(given.name).expanduser()
    except RuntimeError:
        # `~somebody` without a home names no file.
        path = cwd / given.name
    if not exists(path):
        do = "check the path: it is taken from the folder you are in"
        found.problems.append(Problem(label, "", "no such file", near_file(path), do=do))
        return None
    written, problems = read_file(path, label)
    found.problems += problems
    return written if written is not None or problems else Written(Scalar("", True))


def _kind(content: Mapping[str, Written]) -> str | None:
    """The kind whose marks a file has most of."""
    counts = {kind: sum(mark in content for mark in marks) for kind, marks in _MARKS.items()}
    best = max(counts, key=lambda kind: counts[kind])
    return best if counts[best] else None


def _unfit(given: Given, label: str, kind: str | None, content: Mapping[str, Written]) -> Problem | None:
    if kind is None:
        native = sum(name in content for name in children(()))
        told = "is a recipe, or near to one" if native else f"is none of these: {', '.join(NAMES.values())}"
        do = "give a recipe without the flag: `otcloud tracegen FILE`" if native else "check the path"
        return Problem(label, "", told, do=do)
    if given.flag and _FLAGS[kind] != given.flag:
        return Problem(label, "", f"is {NAMES[kind]}", do=f"give it as {_FLAGS[kind]} {label}")
    return None

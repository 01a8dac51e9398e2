"""YAML text -> written values with their lines. Every problem is collected; no input ends in another exception.

Allowed: anchors, aliases and `<<`. Refused: custom tags, duplicate keys, keys that are no text, endless aliases, and
texts too large or too deep to be a recipe.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from otcloud.recipe.problems import Problem, shown, shown_key
from otcloud.recipe.written import Scalar, Written

if TYPE_CHECKING:
    from yaml import MappingNode, MarkedYAMLError, Node

LARGEST = 1_000_000
"""Most bytes of a recipe."""

_DEEPEST = 40
_NOTHING = Scalar("", True)
_MOST_VALUES = 50_000
_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map", "int", "float", "bool", "null", "merge")
)


def read_file(path: Path, label: str) -> tuple[Written | None, list[Problem]]:
    """The document of a file; None when it is empty or cannot be read at all. `label` names it in messages."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        # Becomes a problem of the input like any other: all files are looked at before anything is told.
        return None, [Problem(label, "", f"cannot be read: {error.strerror or type(error).__name__}")]
    if len(data) > LARGEST:
        return None, [Problem(label, "", f"is larger than {LARGEST // 1000} kB, so it is hardly a recipe")]
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return None, [Problem(label, "", "is UTF-16; save it as UTF-8")]
    if b"\0" in data:
        return None, [Problem(label, "", "is a binary file, not a recipe")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # As above; the line is where the first bad byte stands.
        line = data.count(b"\n", 0, error.start) + 1
        return None, [Problem(f"{label}:{line}", "", "is not UTF-8 text")]
    return read_text(text, label)


def read_text(text: str, label: str, *, numbered: bool = True) -> tuple[Written | None, list[Problem]]:
    """The document of a text, and its problems. With `numbered` a place is `label:line`, else the label alone."""
    import yaml

    def where(line: int) -> str:
        return f"{label}:{line}" if numbered else label

    try:
        node = cast("Node | None", yaml.compose(text, Loader=yaml.BaseLoader))
    except yaml.MarkedYAMLError as error:
        # Syntax ends the reading of this one document; the others are still read.
        mark = error.problem_mark or error.context_mark
        return None, [Problem(where(mark.line + 1 if mark else 1), "", _syntax(error))]
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position if isinstance(error.position, int) else 0) + 1
        return None, [Problem(where(line), "", "holds a character that YAML does not allow")]
    except (RecursionError, ValueError, OverflowError):
        # The parser recurses with the nesting, and PyYAML lets some malformed escapes (`"\UFFFFFFFF"`) escape as these.
        return None, [Problem(where(1), "", "is nested too deeply, or holds an escape that stands for no character")]
    if node is None:
        return None, []
    reading = _Reading(where)
    return reading.value(node, "", ()), reading.problems


def _syntax(error: "MarkedYAMLError") -> str:
    problem = error.problem or "cannot be read"
    if "'\\t'" in problem:
        return "is not YAML: a tab stands where only spaces may"
    if error.context and "expected a single document" in error.context:
        return "holds more than one document; a recipe is one"
    told = ", ".join(part for part in (error.context, problem) if part)
    return f"is not YAML: {shown(told, longest=160).strip('`')}"


class _Reading:
    """One walk over the nodes of a document."""

    def __init__(self, where: Callable[[int], str]) -> None:
        self.problems: list[Problem] = []
        self._where = where
        self._values = 0

    def _add(self, line: int, key: str, what: str) -> None:
        self.problems.append(Problem(self._where(line), shown_key(key), what))

    def value(self, node: "Node", key: str, above: Sequence["Node"]) -> Written:
        """What a node holds; nothing, and a problem, where it is refused."""
        from yaml import MappingNode, ScalarNode, SequenceNode

        line = node.start_mark.line + 1
        self._values += 1
        refusal = self._refusal(node, above)
        if refusal:
            if self._values <= _MOST_VALUES + 1:
                self._add(line, key, refusal)
            return Written(_NOTHING, line)
        if isinstance(node, MappingNode):
            return Written(self._mapping(node, key, (*above, node)), line)
        if isinstance(node, SequenceNode):
            children = cast("list[Node]", node.value)
            items = [self.value(child, f"{key}[{index}]", (*above, node)) for index, child in enumerate(children)]
            return Written(items, line)
        return Written(Scalar(cast(ScalarNode, node).value, cast(ScalarNode, node).style is None), line)

    def _refusal(self, node: "Node", above: Sequence["Node"]) -> str:
        if any(node is each for each in above):
            return "an alias that contains itself"
        if len(above) > _DEEPEST:
            return f"is nested more than {_DEEPEST} levels deep"
        if self._values > _MOST_VALUES:
            return f"the document has more than {_MOST_VALUES} values, aliases counted"
        if node.tag not in _TAGS:
            return f"the tag {shown(node.tag)} is not allowed; a recipe is plain data"
        return ""

    def _mapping(self, node: "MappingNode", key: str, above: Sequence["Node"]) -> dict[str, Written]:
        from yaml import ScalarNode

        found: dict[str, Written] = {}
        merged: dict[str, Written] = {}
        for name_node, child in cast("list[tuple[Node, Node]]", node.value):
            line = name_node.start_mark.line + 1
            if not isinstance(name_node, ScalarNode):
                self._add(line, key, "has a key that is not a text")
                continue
            name = cast(str, name_node.value)
            path = f"{key}.{name}" if key else name
            if name == "<<" and name_node.style is None:
                merged = {**self._merged(child, path, above), **merged}
            elif name in found:
                first = found[name].line
                self._add(line, path, f"stands twice, first in line {first}")
            else:
                found[name] = replace(self.value(child, path, above), line=line)
        return {**merged, **found}

    def _merged(self, node: "Node", key: str, above: Sequence["Node"]) -> dict[str, Written]:
        """What `<<` brings in: a mapping, or a list of mappings of which an earlier one wins."""
        written = self.value(node, key, above)
        sources = [written] if isinstance(written.content, Mapping) else written.content
        if isinstance(sources, Scalar) or not all(isinstance(each.content, Mapping) for each in sources):
            self._add(written.line, key, "merges something that is no mapping")
            return {}
        result: dict[str, Written] = {}
        for source in reversed(sources):
            result.update(cast("Mapping[str, Written]", source.content))
        return result

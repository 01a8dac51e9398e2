"""What a model's answer asks for: its bash blocks in order, and whether it says that the task is done.

Pure text to data. Fences follow CommonMark (a block closes with a fence at least as long as the one that opened it),
except that any indentation is accepted, because models put blocks into lists.
"""

import re
from dataclasses import dataclass

_LANGUAGES = frozenset({"bash", "sh", "shell"})
_FENCE = re.compile(r"^([ \t]*)(`{3,}|~{3,})[ \t]*([^`]*)$")


@dataclass(frozen=True, slots=True)
class Answer:
    """`blocks`: bash blocks as written; `done`: the marker was given; `unclosed`: the last block never ended."""

    blocks: tuple[str, ...]
    done: bool
    unclosed: bool


def read_answer(text: str, marker: str) -> Answer:
    """Read an answer. The marker counts on a line by itself and outside every code block; thinking counts nowhere."""
    blocks: list[str] = []
    done = False
    fence: re.Match[str] | None = None
    lines: list[str] = []
    for line in _without_thinking(text.replace("\r\n", "\n")).split("\n"):
        match = _FENCE.match(line)
        if fence is None:
            fence, lines = match, []
            done = done or (match is None and line.strip() == marker)
        elif match is not None and _closes(fence, match):
            blocks += _runnable(fence, lines)
            fence = None
        else:
            lines.append(_outdent(line, fence[1]))
    return Answer(tuple(blocks), done, unclosed=fence is not None)


def _without_thinking(text: str) -> str:
    """The part after `</think>`, for models whose thinking is left in the text; their template may write `<think>`."""
    thinking, end, rest = text.partition("</think>")
    if end and ("<think>" not in thinking or thinking.lstrip().startswith("<think>")):
        return rest
    return "" if not end and text.lstrip().startswith("<think>") else text


def _closes(opening: re.Match[str], line: re.Match[str]) -> bool:
    same = line[2][0] == opening[2][0]
    return same and len(line[2]) >= len(opening[2]) and not line[3].strip()


def _runnable(fence: re.Match[str], lines: list[str]) -> list[str]:
    language, _, _ = fence[3].strip().partition(" ")
    block = "\n".join(lines)
    return [block] if language.lower() in _LANGUAGES and block.strip() else []


def _outdent(line: str, indent: str) -> str:
    return line.removeprefix(indent) if line.startswith(indent) else line.lstrip(" \t")

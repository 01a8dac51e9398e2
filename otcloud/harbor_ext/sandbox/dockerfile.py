"""Reading a Dockerfile: its instructions, variables in them, and which of them a sandbox without images can honour.

Syntax: https://docs.docker.com/reference/dockerfile/. Pure functions over text; nothing is run or copied here.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

PLAIN_BASE = re.compile(r"^(?:docker\.io/)?(?:library/)?(?:debian|ubuntu)(?::[\w.-]+)?$")
HONOURED = ("FROM", "ARG", "ENV", "WORKDIR", "COPY", "ADD", "RUN", "USER", "SHELL")
IGNORED = ("CMD", "ENTRYPOINT", "LABEL", "EXPOSE", "MAINTAINER", "STOPSIGNAL", "HEALTHCHECK", "VOLUME")
_PACKAGE_TOOLS = re.compile(
    r"\b(apt-get|apt|aptitude|dpkg|apk|dnf|yum|microdnf|zypper|pacman)\s+(?:-\S+\s+)*(?:install|add|update|upgrade|-S|-i)"
)
_ARCHIVE = re.compile(r"\.(tar|tgz|tbz2?|txz|tar\.\w+)$")
_REMOTE = re.compile(r"^(https?://|git@|git://|ssh://)")
_VARIABLE = re.compile(r"\\\$|\$(?:(\w+)|\{(\w+)(?:(:?[-+])([^}]*))?\})")
_WORD = re.compile(r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+""")
_FLAG = re.compile(r"^--([\w-]+)(?:=(\S*))?\s*")


@dataclass(frozen=True)
class Instruction:
    """One instruction with its continuation lines joined; flags are taken off the value."""

    name: str
    value: str
    line: int
    flags: Mapping[str, str]

    @property
    def listed(self) -> list[str] | None:
        """The value as a JSON list (the exec form), or None when it is in shell form."""
        if not self.value.startswith("["):
            return None
        try:
            value = json.loads(self.value)
        except ValueError:
            # Docker falls back to the shell form too.
            return None
        return cast("list[str]", value) if isinstance(value, list) else None

    @property
    def words(self) -> list[str]:
        """The value's words, from either form, without quotes."""
        return self.listed if self.listed is not None else [unquote(word) for word in _WORD.findall(self.value)]


def parse(text: str) -> list[Instruction]:
    """All instructions in order. Comments and empty lines are skipped, also between continuation lines."""
    instructions: list[Instruction] = []
    pending, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        start = start if pending else number
        if stripped.endswith("\\"):
            pending += stripped[:-1] + " "
            continue
        instructions.append(_instruction(pending + stripped, start))
        pending = ""
    if pending.strip():
        instructions.append(_instruction(pending, start))
    return instructions


def _instruction(text: str, line: int) -> Instruction:
    name, _, value = text.strip().partition(" ")
    value = value.strip()
    flags: dict[str, str] = {}
    if name.upper() in ("FROM", "COPY", "ADD", "RUN"):
        while match := _FLAG.match(value):
            flags[match[1]] = match[2] or ""
            value = value[match.end() :]
    return Instruction(name.upper(), value, line, flags)


def unquote(word: str) -> str:
    """A word without its quotes and backslashes."""
    parts = re.findall(r""""(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^"'\\]+""", word)
    return "".join(_plain(part) for part in parts)


def _plain(part: str) -> str:
    if part.startswith("'"):
        return part[1:-1]
    inner = part[1:-1] if part.startswith('"') else part
    return re.sub(r"\\(.)", r"\1", inner)


def expand(text: str, values: Mapping[str, str]) -> str:
    """Replace $NAME, ${NAME}, ${NAME:-default} and ${NAME:+other}; `\\$` stays a dollar sign."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "\\$":
            return "$"
        known = values.get(match[1] or match[2], "")
        if match[3] and match[3].endswith("-"):
            return known or match[4]
        if match[3]:
            return match[4] if known else ""
        return known

    return _VARIABLE.sub(value, text)


def pairs(instruction: Instruction) -> dict[str, str]:
    """The assignments of an ENV or ARG: `A=1 B="2 3"`, or the old `ENV A the rest`. An ARG without value is empty."""
    words = _WORD.findall(instruction.value)
    if instruction.name == "ENV" and words and "=" not in words[0]:
        name, _, rest = instruction.value.partition(" ")
        return {name: unquote(rest.strip())}
    split = [word.partition("=") for word in words]
    return {name: unquote(value) for name, _, value in split}


def refusals(text: str) -> list[str]:
    """Why this Dockerfile cannot be honoured here: one sentence each, with the line. Empty when it can."""
    instructions = parse(text)
    reasons = [f"line {item.line}: {reason}" for item in instructions if (reason := _refusal(item, instructions))]
    if sum(item.name == "FROM" for item in instructions) > 1:
        reasons.append("it has more than one FROM (a multi-stage build)")
    return reasons


def base_image(instructions: list[Instruction]) -> str:
    """The image of the first FROM, variables of the ARGs before it replaced; empty without a FROM."""
    values: dict[str, str] = {}
    for item in instructions:
        if item.name == "ARG":
            values |= pairs(item)
        elif item.name == "FROM":
            return expand(item.value, values).split()[0] if item.value else ""
    return ""


def _refusal(item: Instruction, instructions: list[Instruction]) -> str | None:
    if item.name not in HONOURED:
        return None if item.name in IGNORED else f"{item.name} is not an instruction that is known here"
    if item.name in ("RUN", "COPY", "ADD") and "<<" in item.value and re.search(r"<<-?[\"']?\w+", item.value):
        return f"{item.name} with a here-document"
    match item.name:
        case "FROM":
            return image_refusal(base_image(instructions)) or _flags(item, ())
        case "RUN":
            tool = _PACKAGE_TOOLS.search(item.value)
            reason = f"RUN installs system packages ({tool[1]}): the host's own are what there is" if tool else None
            return reason or _flags(item, ())
        case "COPY" | "ADD":
            return _copy_refusal(item)
        case _:
            return None


def image_refusal(image: str) -> str | None:
    """Why an image cannot be stood in for, or None for plain debian and ubuntu ones."""
    if PLAIN_BASE.match(image):
        return None
    return f"the contents of image {image!r} do not exist here (only plain debian and ubuntu images are stood in for)"


def _copy_refusal(item: Instruction) -> str | None:
    sources = item.words[:-1]
    if not sources:
        return f"{item.name} without a source and a destination"
    if item.name == "ADD" and any(_REMOTE.match(source) for source in sources):
        return "ADD from a network address"
    if item.name == "ADD" and any(_ARCHIVE.search(source) for source in sources):
        return "ADD of an archive"
    return _flags(item, ("chown", "chmod"))


def _flags(item: Instruction, known: tuple[str, ...]) -> str | None:
    unknown = [f"--{flag}" for flag in item.flags if flag not in known]
    return f"{item.name} with {', '.join(unknown)}" if unknown else None

"""Options of `vllm serve` as upstream files give them: text, list or mapping -> fields of `serve`, the rest by name.

Options that the pinned vLLM does not have, and those that are otcloud's own affair, are left out with the reason.
"""

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from otcloud.recipe.suggest import nearest
from otcloud.recipe.upstream.reading import Reading
from otcloud.recipe.vllm_options import DEFAULT_VLLM, FIELDS, GONE, OWNED, known, missing, options
from otcloud.recipe.vllm_values import fallen, settled
from otcloud.recipe.written import Scalar, Written, write

_SERVED = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_FOLLOWS = ("enable_auto_tool_choice", "enable_lora")
"""Options of otcloud's own that say what other options say already."""


@dataclass(frozen=True)
class Given:
    """One option as given: its name as written, and its value."""

    name: str
    value: Written


def read_extra(reading: Reading, written: Written, key: str) -> None:
    """`extra_args`: one text of shell words, a list of words, or a mapping of names to values."""
    for given in _options(reading, written, key):
        state_option(reading, given.name, given.value, f"{key}.{_name(given.name)}")


def option(name: str) -> Callable[[Reading, Written, str], None]:
    """Reads a field that is an option of vLLM's under this name."""

    def read_one(reading: Reading, written: Written, key: str) -> None:
        state_option(reading, name, written, key)

    return read_one


def state_option(reading: Reading, name: str, value: Written, key: str) -> None:
    """State one option of vLLM's, or say why not."""
    name, value = _positive(name, value)
    found = known(name)
    if found is None:
        return _unknown(reading, name, value, key)
    if found.name in OWNED:
        return reading.drop(value, key, OWNED[found.name], quiet=found.name in _FOLLOWS)
    said = settled(found, value.value)
    fell = fallen(found, said, DEFAULT_VLLM)
    if fell:
        return reading.drop(value, key, fell)
    if found.name == "lora_modules":
        return _adapters(reading, said, value, key)
    if found.name == "served_model_name":
        return served_name(reading, value, key)
    as_data = isinstance(said, list | dict) and not isinstance(value.value, list | dict)
    value = write(cast("object", said), value.line) if as_data else value
    if found.name in FIELDS:
        return state_once(reading, FIELDS[found.name], value, key)
    return reading.state_key(("serve", "vllm", found.name), value)


def served_name(reading: Reading, value: Written, key: str) -> None:
    """The name that requests use, the first of several, where Harbor can ask by it."""
    names = value.content if isinstance(value.content, list) else [value]
    first = names[0] if names else value
    if _SERVED.match(reading.text(first, key)):
        state_once(reading, "model.served_name", first, key)
    else:
        reading.drop(value, key, "Harbor takes up to 64 letters, digits, `.`, `_` and `-`; the id gives a name")


def _unknown(reading: Reading, name: str, value: Written, key: str) -> None:
    """An option that the pinned vLLM does not have, or one part of a mapping (`--compilation-config.level 3`)."""
    above, dot, below = name.partition(".")
    whole = known(above) if dot and below else None
    if whole is not None and whole.name not in OWNED:
        start = FIELDS.get(whole.name, f"serve.vllm.{whole.name}").split(".")
        return reading.state_key((*start, *below.split(".")), value)
    plain = name.strip().lstrip("-").replace("-", "_")
    near = "" if plain in GONE else nearest(plain, options())
    return reading.drop(value, key, f"{missing(name)}{f'; did you mean {near}?' if near else ''}")


def _adapters(reading: Reading, said: object, value: Written, key: str) -> None:
    """LoRA adapters: a mapping, `name=path` words, or JSON with name and path."""
    for each in cast("list[object]", said) if isinstance(said, list) else [said]:
        item = _json(each) if isinstance(each, str) else each
        entries: dict[str, object] = {}
        if isinstance(item, str):
            name, _, path = item.partition("=")
            entries = {name: path} if name and path else {}
        elif isinstance(item, Mapping):
            stated = cast("Mapping[str, object]", item)
            entries = {str(stated["name"]): stated["path"]} if {"name", "path"} <= set(stated) else dict(stated)
        if not entries:
            reading.refuse(value, key, "must name adapters as name=path")
        for name, path in entries.items():
            reading.state_key(("serve", "lora", name), write(path, value.line))


def state_once(reading: Reading, path: str, value: Written, key: str) -> None:
    """State a field that a file may state in several places; the later one holds, and a contradiction is told."""
    before = reading.stated(path)
    reading.state(path, value)
    after = reading.stated(path)
    if before is not None and after is not None and str(before.value) != str(after.value):
        line = before.origin.rsplit(":", 1)[-1]
        reading.warn(value, key, f"disagrees with line {line} about {path}; this one is taken")


def _positive(name: str, value: Written) -> tuple[str, Written]:
    """`--no-x` as `x: false`."""
    plain = name.strip().lstrip("-").replace("_", "-")
    positive = plain.removeprefix("no-")
    if positive != plain and value.value is True and known(name) is None and known(positive) is not None:
        return positive, write(False, value.line)
    return name, value


def _options(reading: Reading, written: Written, key: str) -> Iterator[Given]:
    if isinstance(written.content, Mapping):
        for name, value in written.content.items():
            if value.empty:
                reading.drop(value, f"{key}.{name}", "it has no value; `true` switches an option on")
            elif _name(name):
                yield Given(name, value)
    else:
        words = list(_words(reading, written, key))
        yield from _paired(reading, words, key)


def _words(reading: Reading, written: Written, key: str) -> Iterator[Written]:
    """The shell words of a text, or of each item of a list that holds several."""
    if isinstance(written.content, Scalar):
        try:
            yield from (Written(Scalar(word, True), written.line) for word in shlex.split(written.content.text))
        except ValueError:
            # An open quote: a problem of the file, told with its line.
            reading.refuse(written, key, "holds a quote that is not closed")
        return
    for index, item in enumerate(reading.items(written, key)):
        if isinstance(item.content, Scalar):
            text = item.content.text
            several = text.startswith("--") and (" " in text or "\t" in text)
            yield from _words(reading, item, f"{key}[{index}]") if several else [item]
        elif isinstance(item.content, Mapping):
            for name, value in item.content.items():
                yield Written(Scalar(f"--{name.lstrip(chr(45))}", True), item.line)
                yield value
        else:
            reading.refuse(item, f"{key}[{index}]", "must be a word of the command line, not a list")


def _paired(reading: Reading, words: list[Written], key: str) -> Iterator[Given]:
    """Options with the words that follow them; one without is switched on, one with several has a list."""
    place = 0
    while place < len(words):
        word = words[place]
        place += 1
        if not _is_option(word):
            reading.drop(word, key, "a word that belongs to no option")
            continue
        text = word.content.text if isinstance(word.content, Scalar) else ""
        name, equals, inline = text.partition("=")
        values: list[Written] = [Written(Scalar(inline, True), word.line)] if equals else []
        while not equals and place < len(words) and not _is_option(words[place]):
            values.append(words[place])
            place += 1
        if values:
            single = values[0] if len(values) == 1 else Written(values, word.line)
            yield Given(name, single)
        else:
            yield Given(name, write(True, word.line))


def _is_option(word: Written) -> bool:
    text = word.content.text if isinstance(word.content, Scalar) else ""
    return len(text) > 1 and text[0] == "-" and text.strip("-") != "" and not _is_number(text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        # A word that is no number, as most are not.
        return False
    return True


def _name(text: str) -> str:
    """An option's name in a key path."""
    return text.lstrip("-").replace("-", "_").strip()


def _json(text: str) -> object:
    if text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        # A text that only begins like JSON.
        return text

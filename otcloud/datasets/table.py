"""The traces dataset on disk: its columns, and the two files that hold the same rows, Parquet and JSON Lines.

Rows stream: what is held in memory is one row group. Both files are complete or absent, and never of two builds.
"""

import fcntl
import importlib
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypedDict

from otcloud.datasets.atif import Message

_ROW_GROUP_CHARS = 16 << 20
_PLAIN = ("instruction", "verifier_output", "tool_definitions")
"""Long and seldom repeated: a dictionary of them would only cost memory."""


class Row(TypedDict):
    """One row, in the order of the columns."""

    conversations: list[Message]
    agent: str
    model: str
    model_provider: str
    date: str
    task: str
    episode: str
    run_id: str
    trial_name: str
    result: str | None
    instruction: str | None
    verifier_output: str | None
    tool_definitions: str | None
    trace_source: str


def schema() -> Any:
    """The `pyarrow.Schema`: text throughout, `conversations` a list of (role, content)."""
    pa = _pyarrow("pyarrow")
    message = pa.struct([("role", pa.string()), ("content", pa.string())])
    names = [name for name in Row.__annotations__ if name != "conversations"]
    return pa.schema([("conversations", pa.list_(message)), *((name, pa.string()) for name in names)])


class TraceFiles:
    """`traces.parquet` and `traces.jsonl` in one folder, being written. Use `with`: an exception leaves what was there.

    Two builds of one folder wait for each other; what a killed one left is taken over.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.parquet, self.jsonl = folder / "traces.parquet", folder / "traces.jsonl"
        self.rows = 0
        self._half_jsonl, self._half_parquet = folder / ".traces.jsonl.tmp", folder / ".traces.parquet.tmp"
        self._group: list[Row] = []
        self._group_chars = 0
        self._published = False

    def __enter__(self) -> Self:
        self._lines = _claim(self._half_jsonl)
        columns = schema()
        plain = ("conversations", *_PLAIN)
        self._writer = _pyarrow("pyarrow.parquet").ParquetWriter(
            self._half_parquet,
            columns,
            compression="zstd",
            use_dictionary=[name for name in columns.names if name not in plain],
        )
        return self

    def add(self, row: Row) -> None:
        """Append one row to both files."""
        line = json.dumps(row, ensure_ascii=False) + "\n"
        self._lines.write(line.encode())
        self._group.append(row)
        self._group_chars += len(line)
        self.rows += 1
        if self._group_chars >= _ROW_GROUP_CHARS:
            self._flush()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if error is None:
                self._flush()
            self._writer.close()
            if error is None:
                self._publish()
        finally:
            # Once the lines have their final name, the names of the halves belong to the next build.
            if not self._published:
                self._half_parquet.unlink(missing_ok=True)
                self._half_jsonl.unlink(missing_ok=True)
            # Closed last: it is the lock that keeps other builds out.
            self._lines.close()

    def _flush(self) -> None:
        if self._group:
            group = _pyarrow("pyarrow").Table.from_pylist(self._group, schema=schema())
            self._writer.write_table(group, row_group_size=len(self._group))
        self._group, self._group_chars = [], 0

    def _publish(self) -> None:
        self._lines.flush()
        os.fsync(self._lines.fileno())
        _sync(self._half_parquet)
        # The old lines go first, so that a kill in between leaves one file and not two that disagree.
        self.jsonl.unlink(missing_ok=True)
        self._half_parquet.replace(self.parquet)
        self._half_jsonl.replace(self.jsonl)
        self._published = True
        _sync(self.parquet.parent)


def _pyarrow(module: str) -> Any:
    """The module, imported when it is needed: most commands do without it, and it ships no types."""
    return importlib.import_module(module)


def _claim(path: Path) -> BinaryIO:
    """The file, empty, open for writing and locked; waits for the process that has it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if path.exists() and path.stat().st_ino == os.fstat(descriptor).st_ino:
            os.ftruncate(descriptor, 0)
            return os.fdopen(descriptor, "wb")
        # While we waited, the other build gave the file its final name: that one must not be touched.
        os.close(descriptor)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""Files of record under whatever a killed writer or a foreign hand can do to them."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcloud import process
from otcloud.runs.journal import Tail, append_line, read_json, read_lines, write_json, write_text

documents = st.dictionaries(
    st.text(max_size=5), st.none() | st.integers() | st.text() | st.lists(st.text(max_size=3), max_size=3), max_size=4
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples; each starts from a file of its own making."""
    return tmp_path_factory.mktemp("journal")


def journal(folder: Path, records: list[dict[str, Any]]) -> Path:
    """A journal that holds these records."""
    path = folder / "events" / "x.jsonl"
    path.unlink(missing_ok=True)
    for record in records:
        append_line(path, record)
    return path


@given(documents)
def test_a_document_reads_back_as_it_was(folder: Path, document: dict[str, Any]) -> None:
    write_json(folder / "deep" / "x.json", document)
    assert read_json(folder / "deep" / "x.json") == document
    assert [path.name for path in (folder / "deep").iterdir()] == ["x.json"]


@given(st.lists(documents, max_size=6), st.integers(min_value=0), documents)
def test_a_journal_torn_anywhere_keeps_its_whole_lines(
    folder: Path, records: list[dict[str, Any]], cut: int, after: dict[str, Any]
) -> None:
    path = journal(folder, records)
    if records:
        data = path.read_bytes()[: cut % (path.stat().st_size + 1)]
        path.write_bytes(data)
        records = records[: data.count(b"\n")]
    assert list(read_lines(path)) == records
    append_line(path, after, sync=True)
    assert list(read_lines(path)) == [*records, after]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_error(folder: Path, data: bytes) -> None:
    path = folder / "any"
    path.write_bytes(data)
    read_json(path)
    before = list(read_lines(path))
    append_line(path, {"new": 1})
    assert list(read_lines(path)) == [*before, {"new": 1}]


@given(st.lists(st.lists(documents, max_size=3), max_size=4), st.binary(max_size=5))
def test_a_tail_gives_every_line_once(folder: Path, rounds: list[list[dict[str, Any]]], torn: bytes) -> None:
    path = journal(folder, [])
    tail, seen, whole = Tail(path), list[dict[str, Any]](), list[dict[str, Any]]()
    for records in rounds:
        for record in records:
            append_line(path, record)
        seen += tail.read()
        whole += records
    assert seen == whole == list(read_lines(path))
    path.parent.mkdir(exist_ok=True)
    with path.open("ab") as out:
        out.write(torn.replace(b"\n", b""))
    assert tail.read() == []


def test_a_line_that_is_being_written_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    tail = Tail(path)
    assert tail.read() == []
    path.write_bytes(b'{"a":1}\n{"b":')
    assert tail.read() == [{"a": 1}]
    path.write_bytes(b'{"a":1}\n{"b":2}\n{"c":3}')
    assert tail.read() == [{"b": 2}]
    assert tail.read() == []


def test_a_line_torn_before_its_end_alone_stays_unread(tmp_path: Path) -> None:
    """Whoever found it torn has acted on that: it must not come back to life when the next line is appended."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"trial":"a"}')
    assert list(read_lines(path)) == []
    append_line(path, {"trial": "a", "again": True})
    assert list(read_lines(path)) == [{"trial": "a", "again": True}]


def test_a_shorter_file_is_read_from_its_start(tmp_path: Path) -> None:
    path = journal(tmp_path, [{"n": 1}, {"n": 2}])
    tail = Tail(path)
    tail.skip()
    assert tail.read() == []
    path.unlink()
    assert tail.read() == []
    append_line(path, {"n": 3})
    assert tail.read() == [{"n": 3}]


def test_skip_passes_over_whole_lines_alone(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    tail = Tail(path)
    tail.skip()
    path.write_bytes(b'{"n":1}\nnonsense\n{"n":')
    tail.skip()
    path.write_bytes(b'{"n":1}\nnonsense\n{"n":2}\n')
    assert tail.read() == [{"n": 2}]


@pytest.mark.parametrize("line", ["[" * 200_000, '{"a":' * 200_000, "[1]", "1" * 5000, '"\\ud800', "\0", "null"])
def test_what_is_no_object_is_passed_over(tmp_path: Path, line: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(f'{line}\n{{"a":1}}\n')
    assert list(read_lines(path)) == [{"a": 1}]
    path.write_text(line)
    assert read_json(path) is None


def test_names_that_are_no_text_are_written_and_read_back(tmp_path: Path) -> None:
    odd = b"caf\xe9".decode(errors="surrogateescape")
    append_line(tmp_path / "x.jsonl", {"name": odd})
    write_json(tmp_path / "x.json", {"name": odd})
    assert list(read_lines(tmp_path / "x.jsonl")) == [{"name": odd}] == [read_json(tmp_path / "x.json")]
    append_line(tmp_path / "y.jsonl", {"path": tmp_path, "name": "café"})
    assert "café" in (tmp_path / "y.jsonl").read_text(encoding="utf-8")
    assert next(iter(read_lines(tmp_path / "y.jsonl")))["path"] == str(tmp_path)


def test_a_missing_or_foreign_file_has_nothing(tmp_path: Path) -> None:
    assert list(read_lines(tmp_path / "missing")) == []
    assert list(read_lines(tmp_path)) == []
    assert read_json(tmp_path) is None


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write_text(tmp_path / "x", "old")
    with pytest.raises(TypeError):
        write_json(tmp_path / "x", {"not": object()})
    done = process.run(["bash", "-c", f"ulimit -f 0; trap '' XFSZ; exec {_writer(tmp_path / 'x')}"])
    assert "File too large" in done.stderr
    assert (tmp_path / "x").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def _writer(path: Path) -> str:
    code = (
        f"from pathlib import Path; from otcloud.runs.journal import write_text; write_text(Path({str(path)!r}), 'n')"
    )
    return f"{sys.executable} -B -c {json.dumps(code)}"

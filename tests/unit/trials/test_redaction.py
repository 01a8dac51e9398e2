"""Secrets are taken out of a trial's files: out of every kind of file, across pieces, and out of nothing else."""

import json
import os
from pathlib import Path

import pytest

from otcloud.trials import redaction
from otcloud.trials.files import FolderFiles
from otcloud.trials.read import read_trial
from otcloud.trials.redaction import RedactedFiles, Redaction
from tests.flow.command import CANARY

HIDING = Redaction({"MY_KEY": CANARY, "SHORT": "abcde", "LONGER": f"{CANARY}-more", "LINE": 'two"\nlines\n'})


def test_each_value_becomes_its_name_the_longest_first_and_short_ones_stay() -> None:
    assert HIDING.text(f"{CANARY}, {CANARY}-more, abcde, ü") == "[MY_KEY], [LONGER], abcde, ü"
    escaped = json.dumps({"said": 'no: two"\nlines'})
    assert json.loads(HIDING.data(escaped.encode())) == {"said": "no: [LINE]"}
    assert Redaction({}).text("") == ""


def test_files_that_hold_a_value_are_replaced_and_others_not_touched(tmp_path: Path) -> None:
    binary, plain, log = tmp_path / "a.bin", tmp_path / "deep" / "b.txt", tmp_path / "c.log"
    plain.parent.mkdir()
    binary.write_bytes(b"\0\xff" + CANARY.encode() + b"\xfe")
    plain.write_text("abcde")
    log.write_text(f"refused: {CANARY}\n")
    log.chmod(0o750)
    (tmp_path / "link").symlink_to(log)
    os.mkfifo(tmp_path / "pipe")
    before = plain.stat()
    HIDING.folder(tmp_path)
    assert binary.read_bytes() == b"\0\xff[MY_KEY]\xfe"
    assert (log.read_text(), log.stat().st_mode & 0o777) == ("refused: [MY_KEY]\n", 0o750)
    assert (plain.stat().st_ino, plain.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert (tmp_path / "link").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bin", "c.log", "deep", "link", "pipe"]


@pytest.mark.parametrize("before", range(40))
def test_a_value_across_two_pieces_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: int) -> None:
    monkeypatch.setattr(redaction, "_PIECE", 32)
    path, words = tmp_path / "file", "." * before
    path.write_text(f"{words}{CANARY}-more{words}{CANARY}{words}{CANARY}-mor")
    HIDING.file(path)
    assert path.read_text() == f"{words}[LONGER]{words}[MY_KEY]{words}[MY_KEY]-mor"


def test_a_bad_file_does_not_keep_a_value_in_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        (tmp_path / name).write_text(CANARY)
    real = os.open

    def refusing(path: Path, flags: int) -> int:
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, flags)

    monkeypatch.setattr(os, "open", refusing)
    with pytest.raises(PermissionError):
        HIDING.folder(tmp_path)
    monkeypatch.undo()
    assert [(tmp_path / name).read_text() for name in "abc"] == ["[MY_KEY]", CANARY, "[MY_KEY]"]


def test_a_message_is_cut_only_after_the_value_is_out_of_it(tmp_path: Path) -> None:
    raised = {"exception_type": "AuthError", "exception_message": "x" * 290 + CANARY, "occurred_at": "2026-03-01"}
    result = {"finished_at": "2026-03-01T10:00:00Z", "exception_info": raised, "trial_name": "t"}
    (tmp_path / "result.json").write_text(json.dumps(result))
    trial = read_trial(RedactedFiles(FolderFiles(tmp_path), HIDING))
    assert trial is not None
    assert trial.message == "x" * 290 + "[MY_KEY]"

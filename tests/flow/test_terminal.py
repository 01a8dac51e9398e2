"""What a terminal, a shell and a pipe do to a command: closed, full and abandoned output, a removed folder, a width."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from otcloud import process
from otcloud.runs.journal import write_json
from tests.flow.command import COMMAND, Otcloud

LONG = "a-recipe-with-a-long-name-20260101-101010-abcd"


def shell(otcloud: Otcloud, script: str) -> process.Completed:
    """Run a line of shell in which `"$0"` is otcloud."""
    words = ["bash", "-c", script, COMMAND]
    return process.run(words, env=otcloud.environ, cwd=otcloud.folder, timeout_sec=60)


def unread(otcloud: Otcloud, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command whose stdout is a pipe that nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        return subprocess.run(
            [COMMAND, *words],
            env=otcloud.environ,
            cwd=otcloud.folder,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writer)


def finished(otcloud: Otcloud, name: str, **record: object) -> Path:
    """A run that has ended, as far as its record says."""
    run = otcloud.folder / "runs" / name
    write_json(run / "run.json", {"run_id": name, "kind": "tracegen", "created": "2026-01-01T10:10:10", **record})
    return run


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_dev_null(otcloud: Otcloud, closed: str) -> None:
    """The command does its work, and no file that it opens takes the closed one's number."""
    done = shell(otcloud, f'"$0" recipe init {closed}')
    assert done.code == 0
    assert "Traceback" not in done.stderr
    assert json.loads((otcloud.folder / "otcloud.schema.json").read_text())
    assert "wrote" not in (otcloud.folder / "recipe.yaml").read_text()
    assert shell(otcloud, f'"$0" plan quickstart {closed}').code == 0


@pytest.mark.parametrize("words", ["runs", "plan quickstart", "plan quickstart --json", "recipe schema", "--help"])
def test_a_full_disk_is_exit_code_8(otcloud: Otcloud, words: str) -> None:
    """Whether it is noticed at the write or at the last flush: one line, and no traceback."""
    done = shell(otcloud, f'"$0" {words} > /dev/full')
    assert done.code == 8
    errors = [line for line in done.stderr.splitlines() if not line.startswith("warning:")]
    assert errors == ["error: the output cannot be written: No space left on device"]


def test_a_failure_keeps_its_exit_code_on_a_full_disk(otcloud: Otcloud) -> None:
    """What went wrong first weighs more."""
    finished(otcloud, "broken", exit_code=6, error={"what": "the server never answered"})
    for words in ("wait broken", "wait broken --json"):
        done = shell(otcloud, f'"$0" {words} > /dev/full')
        assert done.code == 6
        assert "the server never answered" in done.stderr
        assert "Traceback" not in done.stderr
    assert shell(otcloud, '"$0" wait --no-such-flag --json > /dev/full').code == 2


@pytest.mark.parametrize("words", ["runs", "plan quickstart", "plan quickstart --json", "recipe schema", "--help"])
def test_a_reader_that_has_gone_is_no_failure(otcloud: Otcloud, words: str) -> None:
    """`otcloud runs | head`: exit code 0, and not a word of it."""
    done = unread(otcloud, *words.split())
    assert done.returncode == 0
    assert not [line for line in done.stderr.splitlines() if not line.startswith("warning:")]


def test_a_failure_keeps_its_exit_code_without_a_reader(otcloud: Otcloud) -> None:
    """`otcloud wait | tee` whose tee has died."""
    finished(otcloud, "broken", exit_code=6, error={"what": "the server never answered"})
    assert unread(otcloud, "wait", "broken", "--json").returncode == 6


def test_a_removed_working_folder_is_told(otcloud: Otcloud) -> None:
    """Exit code 2 and the way out, not a report of a bug."""
    done = shell(otcloud, 'mkdir gone; cd gone; rmdir ../gone; "$0" runs')
    assert done.code == 2
    assert done.stderr.splitlines()[0] == "error: this folder no longer exists"
    assert "cd to one that does" in done.stderr


def on_terminal(otcloud: Otcloud, columns: int, *words: str) -> str:
    """Run a command whose stdout is a terminal of this width; what it shows."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    try:
        child = subprocess.Popen([COMMAND, *words], env=otcloud.environ, cwd=otcloud.folder, stdout=theirs)
    finally:
        os.close(theirs)
    shown = b""
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        try:
            while data := terminal.read(4096):
                shown += data
        except OSError:
            pass  # how Linux says that the other end has closed
    assert child.wait() == 0
    return shown.decode()


def test_the_table_of_runs_fits_the_terminal(otcloud: Otcloud) -> None:
    """The folder goes first; a pipe and `--json` get everything."""
    run = finished(otcloud, LONG, exit_code=0)
    narrow = on_terminal(otcloud, 80, "runs")
    assert LONG in narrow
    assert max(map(len, narrow.splitlines())) <= 80
    assert str(run) not in narrow
    assert str(run) in on_terminal(otcloud, 400, "runs")
    assert str(run) in otcloud("runs").stdout
    assert otcloud.json("runs")[0]["path"] == str(run)

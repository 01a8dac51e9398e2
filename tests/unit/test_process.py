"""Programs that run to their end: what they said, and that nothing of them is left."""

import os
import signal
import sys
from pathlib import Path

import pytest

from otcloud import process
from tests.flow.command import wait_for

PYTHON = [sys.executable, "-c"]


def descriptors() -> set[Path]:
    """The open descriptors of this process."""
    return set(Path("/proc/self/fd").iterdir())


def test_run_gives_code_and_both_outputs() -> None:
    done = process.run([*PYTHON, "import sys; print(sys.stdin.read()); print('no', file=sys.stderr); sys.exit(7)"])
    assert (done.code, done.stdout, done.stderr) == (7, "\n", "no\n")
    assert process.run([*PYTHON, "print(input())"], stdin="söme").stdout == "söme\n"


def test_run_survives_output_that_is_no_text() -> None:
    done = process.run([*PYTHON, "import os; os.write(1, b'\\xff\\xfe'); os.kill(os.getpid(), 9)"])
    assert (done.code, done.stdout) == (-9, "��")


def test_run_with_input_that_nobody_reads_does_not_fail() -> None:
    assert process.run(["true"], stdin="x" * 2**20).code == 0


def test_run_does_not_hide_that_a_program_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        process.run([tmp_path / "missing"])
    (tmp_path / "plain").write_text("")
    with pytest.raises(PermissionError):
        process.run([tmp_path / "plain"])


def test_a_time_out_ends_the_whole_group(tmp_path: Path) -> None:
    script = f"sleep 300 & echo $! > {tmp_path}/pid; wait"
    assert process.run(["bash", "-c", script], timeout_sec=1).code == -signal.SIGKILL
    assert process.wait_gone(int((tmp_path / "pid").read_text()), 30)


def test_an_environment_is_given_whole() -> None:
    done = process.run(["/usr/bin/env"], env={"ONLY": "this"})
    assert done.stdout == "ONLY=this\n"


def test_no_descriptor_is_left_behind(tmp_path: Path) -> None:
    process.run(["true"])
    before = descriptors()
    for _ in range(5):
        process.run(["true"], stdin="x")
        process.start(["true"], name="true", log=tmp_path / "log").wait(60)
    assert descriptors() == before


def test_no_descriptor_of_ours_reaches_a_child(tmp_path: Path) -> None:
    with (tmp_path / "secret").open("w") as ours:
        os.set_inheritable(ours.fileno(), True)
        done = process.run(["ls", "-l", "/proc/self/fd"])
    assert "secret" not in done.stdout


def test_a_zombie_counts_as_gone(tmp_path: Path) -> None:
    child = process.start(["true"], name="true", log=tmp_path / "log")
    assert process.wait_gone(child.pid, 30)
    assert Path(f"/proc/{child.pid}").exists()
    assert child.wait() == 0
    assert not process.is_alive(child.pid)


def test_a_program_whose_name_is_no_text_is_alive(tmp_path: Path) -> None:
    """The kernel keeps 15 bytes of a name and may cut a letter in two."""
    code = "import ctypes, time; ctypes.CDLL(None).prctl(15, b'\\xff) R (\\xc3', 0, 0, 0); print(1, flush=True)"
    child = process.start([*PYTHON, f"{code}; time.sleep(300)"], name="odd", log=tmp_path / "log")
    wait_for(lambda: (tmp_path / "log").read_text(), "the name is set")
    assert process.is_alive(child.pid)
    assert not process.wait_gone(child.pid, 0)
    child.stop(sig=signal.SIGKILL)
    assert not process.is_alive(child.pid)


def test_replace_becomes_the_other_program() -> None:
    words = "['sh', '-c', 'echo $NAME; exit 3'], {'NAME': 'n', 'PATH': '/bin'}"
    done = process.run([*PYTHON, f"from otcloud import process; process.replace({words})"])
    assert (done.code, done.stdout) == (3, "n\n")

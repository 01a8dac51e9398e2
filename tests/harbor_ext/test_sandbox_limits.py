"""Greedy commands in real sandboxes: each is stopped by a limit, and a neighbour never notices."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from otcloud import process
from otcloud.harbor_ext.sandbox.courier import Courier
from otcloud.harbor_ext.sandbox.endings import SandboxLimitExceeded
from otcloud.harbor_ext.sandbox.spec import DEFAULT_ENV, DEFAULT_PATH, MIB, Limits
from tests.harbor_ext.conftest import Result, Shell
from tests.harbor_ext.neighbours import ends_with

ROOT = Path(__file__).parents[2]

BOMB = ":(){ :|:& };:; sleep 1000"
CHILDREN = "for i in $(seq 600); do sleep 1000 & done; wait"
THREADS = """exec python3 -c "
import threading
for _ in range(600): threading.Thread(target=threading.Event().wait, daemon=True).start()
threading.Event().wait()"
"""
WRITE_LOGS = """mkdir -p /logs/agent/a /logs/artifacts; cd /logs/agent
{ echo first; head -c 1G /dev/zero; echo last; } > 'a/big log'
echo small > small; head -c 3M /dev/zero > /logs/artifacts/data
"""
ODD_LOGS = """mkdir -p '/logs/agent/a
b'; cd /logs/agent
head -c 3M /dev/zero > 'a
b/large
log'; echo small > '-small
log'
"""
ROTATED_LOGS = """mkdir -p /logs/agent/1 /srv/bin; cd /logs/agent
head -c 3M /dev/zero > 1/large; echo kept > kept; echo gone > gone
echo '#!/bin/sh
case "$*" in *-type*) ;; *) exec /usr/bin/find "$@" ;; esac
/usr/bin/find "$@" > /tmp/found; rm -f 1/large gone; cat /tmp/found' > /srv/bin/find; chmod +x /srv/bin/find
"""
MANY_LOGS = "mkdir -p /logs/agent; cd /logs/agent; python3 -c 'for n in range(25000): open(str(n), \"w\").close()'"
OPTIONS = """
import json, sys
from otcloud.harbor_ext.sandbox import options
read, problems = options.read(json.loads(sys.argv[1]))
limits = read.limits(None)
print(json.dumps([[limits.processes, limits.open_files, limits.file_bytes, limits.storage_bytes], problems]))
"""


@pytest.mark.parametrize("script", [BOMB, CHILDREN, THREADS], ids=["bomb", "children", "threads"])
def test_too_many_processes_end_the_sandbox(beside: Callable[..., None], script: str) -> None:
    beside(ends_with(SandboxLimitExceeded, script, "processes and threads, and its limit is 150"))


def test_processes_are_counted_where_the_kernel_has_no_limit(beside: Callable[..., None], tmp_path: Path) -> None:
    """Linux before 6.14 has no limit for a namespace; a personality makes this one call itself 2.6."""
    program = tmp_path / "python"
    program.write_text(f'#!/bin/sh\nexec setarch --uname-2.6 {sys.executable} "$@"\n')
    program.chmod(0o755)

    async def play(shell: Shell) -> None:
        assert (await shell.run("uname -r")).out.startswith("2.6")
        await ends_with(SandboxLimitExceeded, CHILDREN, "its limit is 150")(shell)

    beside(play, python=str(program))


def test_a_bomb_that_was_left_behind_ends_the_sandbox(beside: Callable[..., None]) -> None:
    """The command that planted it has ended well; the next one is told."""

    async def play(shell: Shell) -> None:
        await shell.run("(sleep 0.1; :(){ :|:& };:) > /dev/null 2>&1 &")
        with pytest.raises(SandboxLimitExceeded):
            await shell.run("sleep 1000")

    beside(play)


def test_work_up_to_the_limits_is_not_disturbed(beside: Callable[..., None]) -> None:
    async def play(shell: Shell) -> None:
        result = await shell.run("for i in $(seq 100); do sleep 1 & done; wait; head -c 7M /dev/zero > /srv/x; echo ok")
        assert (result.code, result.out) == (0, "ok\n")
        used = await shell.box.survey()
        assert used is not None
        assert 7 * MIB < used.bytes < 8 * MIB

    beside(play)


def test_open_files_and_large_files_fail_inside(beside: Callable[..., None]) -> None:
    opening = "i=0; while exec {fd}</dev/null; do i=$((i+1)); done 2>/dev/null; echo $i"

    async def play(shell: Shell) -> None:
        assert 50 < int((await shell.run(opening)).out) <= 100
        large = await shell.run("head -c 20M /dev/zero > /srv/x; stat -c %s /srv/x")
        assert large.out == f"{8 * MIB}\n"
        assert (await shell.run("ulimit -c")).out == "0\n"

    beside(play)


def test_endless_loops_that_ignore_signals_end_at_the_time_limit(beside: Callable[..., None]) -> None:
    loop = "trap '' TERM INT HUP; (setsid yes > /dev/null &); exec yes > /dev/null"

    async def play(shell: Shell) -> None:
        with pytest.raises(TimeoutError):
            await shell.run(loop, timeout=1)
        assert "yes" not in (await shell.run("cat /proc/[0-9]*/comm")).out

    beside(play)


def test_a_gigabyte_of_output_is_cut_and_the_command_goes_on(beside: Callable[..., None]) -> None:
    async def play(shell: Shell) -> None:
        result: Result = await shell.run("echo first; head -c 1G /dev/zero | tr '\\0' x; echo; echo last", keep=100_000)
        assert result.code == 0
        assert len(result.out) < 101_000
        assert result.out.startswith("first\nx")
        assert result.out.endswith("x\nlast\n")
        assert f"[... {1024**3 + 12 - 100_000} bytes left out ...]" in result.out

    beside(play)


def test_a_log_of_a_gigabyte_is_copied_with_its_middle_left_out(beside: Callable[..., None], tmp_path: Path) -> None:
    async def play(shell: Shell) -> None:
        await shell.run(WRITE_LOGS)
        courier = Courier(shell.box, MIB, 8 * MIB)
        assert await courier.download_folder("/logs/agent", tmp_path / "out") == ["the middle of a/big log"]
        await courier.download_file("/logs/agent/a/big log", tmp_path / "alone")
        cut = (tmp_path / "out" / "a" / "big log").read_bytes()
        assert (tmp_path / "out" / "small").read_text() == "small\n"
        assert cut == (tmp_path / "alone").read_bytes()
        assert cut.startswith(b"first\n\0")
        assert cut.endswith(b"\0last\n")
        assert b"\n[... 1072693259 bytes left out ...]\n" in cut
        assert len(cut) < MIB + 100
        assert await courier.download_folder("/logs/artifacts", tmp_path / "artifacts") == []
        assert (tmp_path / "artifacts" / "data").stat().st_size == 3 * MIB

    beside(play, Limits(storage_bytes=2048 * MIB))


def test_logs_may_have_line_breaks_in_their_names(beside: Callable[..., None], tmp_path: Path) -> None:
    async def play(shell: Shell) -> None:
        await shell.run(ODD_LOGS)
        notes = await Courier(shell.box, MIB, 8 * MIB).download_folder("/logs/agent", tmp_path)
        assert notes == ["the middle of a\nb/large\nlog"]
        assert (tmp_path / "-small\nlog").read_text() == "small\n"
        assert b"bytes left out" in (tmp_path / "a\nb/large\nlog").read_bytes()

    beside(play)


def test_logs_that_go_away_meanwhile_cost_themselves_alone(beside: Callable[..., None], tmp_path: Path) -> None:
    async def play(shell: Shell) -> None:
        await shell.run(ROTATED_LOGS)
        env = {**DEFAULT_ENV, "PATH": f"/srv/bin:{DEFAULT_PATH}"}
        gone, large = await Courier(shell.box, MIB, 8 * MIB, env).download_folder("/logs/agent", tmp_path)
        assert "./gone" in gone
        assert large.startswith("1/large (")
        assert "no such file" in large
        assert (tmp_path / "kept").read_text() == "kept\n"

    beside(play)


def test_of_very_many_logs_some_stay_behind(beside: Callable[..., None], tmp_path: Path) -> None:
    async def play(shell: Shell) -> None:
        await shell.run(MANY_LOGS)
        notes = await Courier(shell.box, MIB, 64 * MIB).download_folder("/logs/agent", tmp_path / "out")
        assert notes == ["all after the first 20000 names"]
        assert len(list((tmp_path / "out").iterdir())) == 19_999

    beside(play, Limits(storage_bytes=2048 * MIB))


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"max_procesess": 3}, "no option 'max_procesess' (did you mean 'max_processes'?)"),
        ({"zzz": 3}, "no option 'zzz' (it has default_storage_mb, max_download_mb"),
        ({"max_file_mb": 0}, "sandbox.kwargs.max_file_mb: input should be greater than or equal to 1"),
        ({"max_file_mb": "8"}, "sandbox.kwargs.max_file_mb: input should be a valid integer"),
    ],
)
def test_options_are_checked(harbor_python: Path, given: dict[str, object], problem: str) -> None:
    [found] = read_options(harbor_python, given)[1]
    assert problem in found


def test_options_become_limits(harbor_python: Path) -> None:
    given = {"max_processes": 20, "max_open_files": 70, "max_file_mb": 3, "default_storage_mb": 4, "scratch": "s"}
    assert read_options(harbor_python, given) == ([20, 70, 3 * MIB, 4 * MIB], [])
    assert Limits.from_argument(Limits(1, 2, 3, 4).to_argument()).to_argument() == "1,2,3,4"


def test_the_guide_names_every_option_and_its_default(harbor_python: Path) -> None:
    show = "from otcloud.harbor_ext.sandbox.options import Options; print(Options().model_dump_json())"
    done = process.run([harbor_python, "-c", show], env={"PYTHONPATH": str(ROOT)})
    guide = (ROOT / "docs/guides/local-sandbox.md").read_text()
    for name, default in json.loads(done.stdout).items():
        assert f"`{name}" + ("`" if default is None else f": {default}`") in guide


def read_options(harbor_python: Path, given: dict[str, object]) -> tuple[list[int], list[str]]:
    """The limits and the problems, as Harbor's interpreter reads the options."""
    command = [harbor_python, "-c", OPTIONS, json.dumps(given)]
    done = process.run(command, env={"PYTHONPATH": str(ROOT)})
    assert done.code == 0, done.stderr
    limits, problems = json.loads(done.stdout)
    return limits, problems

"""Running commands: codes, folders, users, environment, output, time limits and what is left behind."""

import asyncio
from collections.abc import Callable

import pytest

from otcloud.harbor_ext.sandbox.box import Pipes
from otcloud.harbor_ext.sandbox.spec import Command
from otcloud.harbor_ext.sandbox.streams import HeadTail


@pytest.mark.parametrize(("text", "code"), [("exit 3", 3), ("true", 0), ("kill -9 $$", 137), ("no-such-program", 127)])
def test_exit_codes_are_a_shells(script, text: str, code: int) -> None:
    assert script(text).code == code


def test_streams_are_kept_apart(script) -> None:
    result = script("echo out; echo err > /dev/stderr; read -r line || echo eof; echo later")
    assert (result.out, result.err) == ("out\neof\nlater\n", "err\n")


def test_folder_and_environment(script) -> None:
    result = script("pwd; printenv WORD HOME PATH", cwd="/usr/bin", env={"WORD": "a b\nc", "PATH": "/bin"})
    assert result.out == "/usr/bin\na b\nc\n/root\n/bin\n"


def test_missing_folder_is_an_answer(script) -> None:
    result = script("true", cwd="/no/such")
    assert result.code == 126
    assert "/no/such" in result.err


def test_unknown_user_is_an_answer(script) -> None:
    result = script("true", user="nobody-knows")
    assert result.code == 126
    assert "no user 'nobody-knows' in /etc/passwd" in result.err


def test_broken_output_is_replaced(script) -> None:
    assert script("printf 'a\\xff\\xfeb'").out == "a\ufffd\ufffdb"


def test_nul_in_a_command_is_refused() -> None:
    with pytest.raises(ValueError, match="NUL"):
        Command(["a\0b"], {}).to_bytes()


def test_commands_survive_the_wire() -> None:
    given = Command(["bash", "-c", "", "ä\udcff"], {"A": "", "B": "x=y\n"}, "/tmp", "me:you")
    got = Command.from_bytes(given.to_bytes()[4:])
    assert (got.argv, got.env, got.cwd, got.user) == (given.argv, given.env, given.cwd, given.user)


def test_huge_output_keeps_both_ends(script) -> None:
    result = script("echo first; head -c 30000000 /dev/zero | tr '\\0' x; echo; echo last", keep=100_000)
    assert len(result.out) < 101_000
    assert result.out.startswith("first\nxxx")
    assert result.out.endswith("xxx\nlast\n")
    assert "bytes left out" in result.out


def test_output_up_to_the_limit_is_whole(script) -> None:
    assert len(script("head -c 1000000 /dev/zero | tr '\\0' x", keep=1_000_000).out) == 1_000_000


def test_time_limit_ends_the_whole_tree(inside: Callable[..., object]) -> None:
    hide = "setsid bash -c 'setsid sleep 1000 & sleep 1000' & (sleep 1000 &) ; sleep 1000"

    async def scene(shell) -> str:
        with pytest.raises(TimeoutError):
            await shell.run(hide, timeout=0.5)
        return (await shell.run("cat /proc/[0-9]*/comm | sort | uniq -c")).out

    assert "sleep" not in str(inside(scene))


def test_cancelling_ends_the_command(inside: Callable[..., object]) -> None:
    async def scene(shell) -> str:
        task = asyncio.create_task(shell.run("touch /started; sleep 1000"))
        while (await shell.run("test -e /started")).code:
            assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return (await shell.run("while pgrep sleep; do :; done; echo gone")).out

    assert str(inside(scene)).endswith("gone\n")


def test_daemons_neither_hang_nor_die(inside: Callable[..., object]) -> None:
    """A daemon that keeps its parent's output open: the command returns, and the daemon can go on writing."""
    start = "(for i in $(seq 100000); do echo line; done; touch /written; sleep 1000) & echo started"

    async def scene(shell) -> tuple[str, str]:
        result = await shell.run(start, timeout=60)
        wait = await shell.run("while ! test -e /written; do :; done; pgrep -c sleep")
        return result.out.splitlines()[0], wait.out

    assert inside(scene) in [("started", "1\n"), ("line", "1\n")]


def test_state_stays_between_commands(inside: Callable[..., object]) -> None:
    async def scene(shell) -> str:
        await shell.run("echo kept > /tmp/file")
        return (await shell.run("cat /tmp/file")).out

    assert inside(scene) == "kept\n"


def test_killing_everything_inside_leaves_the_sandbox_usable(inside: Callable[..., object]) -> None:
    async def scene(shell) -> tuple[int, str]:
        first = await shell.run("kill -9 -1; echo unreachable")
        return first.code, (await shell.run("echo alive")).out

    assert inside(scene) == (137, "alive\n")


def test_many_commands_at_once(inside: Callable[..., object]) -> None:
    async def scene(shell) -> list[str]:
        results = await asyncio.gather(*(shell.run(f"sleep 0.1; echo {number}") for number in range(64)))
        return [result.out for result in results]

    assert inside(scene) == [f"{number}\n" for number in range(64)]


def test_programs_are_found_on_the_given_path(inside: Callable[..., object]) -> None:
    async def scene(shell) -> tuple[str, int, str]:
        await shell.run("mkdir -p /tools; printf '#!/bin/sh\\necho tool' > /tools/tool; chmod +x /tools/tool")
        found, lost = HeadTail(1000), HeadTail(1000)
        await shell.box.run(Command(["tool"], {"PATH": "/nowhere:/etc/passwd:/tools"}), Pipes(found, found))
        code = await shell.box.run(Command(["tool"], {"PATH": "/nowhere"}), Pipes(lost, lost))
        return found.text(), code, lost.text()

    found, code, lost = inside(scene)
    assert (found, code) == ("tool\n", 127)
    assert "cannot run 'tool'" in lost


def test_unexpected_trouble_in_a_child_is_a_failure(inside: Callable[..., object]) -> None:
    async def scene(shell) -> int:
        await shell.run("rm /etc/passwd; mkdir /etc/passwd; chmod 0 /etc/passwd")
        return (await shell.run("true", user="someone")).code

    assert inside(scene) == 126

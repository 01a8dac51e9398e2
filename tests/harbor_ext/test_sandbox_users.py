"""Users: switching inside a root's sandbox, and a sandbox that an ordinary user of the host starts."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOBODY = "65534"
OUTSIDER = """
import asyncio, json, sys
from pathlib import Path
from otcloud.harbor_ext.sandbox import probe, scratch
from otcloud.harbor_ext.sandbox.box import Box, Pipes
from otcloud.harbor_ext.sandbox.spec import DEFAULT_ENV, Command
from otcloud.harbor_ext.sandbox.streams import HeadTail

async def main(folder):
    box = Box(folder / "box", folder / "base", sys.executable, network=False)
    await box.start()
    answers = []
    for script, user in json.loads(sys.argv[2]):
        out = HeadTail(10_000)
        command = Command(["/bin/bash", "-c", script], DEFAULT_ENV, "/", user)
        answers.append([await box.run(command, Pipes(out, out)), out.text()])
    await box.close()
    return answers

folder = Path(sys.argv[1])
if reason := probe.probe(sys.executable):
    print(json.dumps(reason))
else:
    scratch.build_base(folder / "base")
    print(json.dumps(asyncio.run(main(folder))))
    scratch.remove(folder / "box")
    scratch.remove(folder / "base")
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root's sandbox has other users")
def test_switching_users(inside: Callable[..., object]) -> None:
    async def scene(shell) -> list[str]:
        await shell.run("useradd -m -u 1234 -s /bin/sh agent; groupadd extra; usermod -aG extra agent")
        show = 'echo err >&2; echo "$(id -un):$(id -gn):$HOME"; id -Gn; touch ~root/x && echo root'
        results = [await shell.run(show, user=user) for user in ("agent", "1234", "agent:extra", "4321", "root")]
        assert all(result.err.startswith("err\n") for result in results)
        return [" ".join(result.out.split()) for result in results]

    assert inside(scene) == [
        "agent:agent:/home/agent agent extra",
        "agent:agent:/home/agent agent extra",
        "agent:extra:/home/agent extra",
        "4321:root:/ root",
        "root:root:/root root root",
    ]


@pytest.mark.skipif(os.getuid() != 0, reason="only root's sandbox has other users")
def test_other_users_can_reopen_their_streams(script) -> None:
    assert script("echo out > /dev/stdout; echo err > /dev/stderr", user="nobody").err == "err\n"


@pytest.fixture
def outsider(request: pytest.FixtureRequest) -> Iterator[Callable[..., list[tuple[int, str]]]]:
    """Call `outsider((script, user), ...)`: runs them in a sandbox that the host's `nobody` starts."""
    if os.getuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("becoming an ordinary user needs root and setpriv (as one, all other tests are this test)")
    harbor_python: Path = request.getfixturevalue("harbor_python")
    become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    reach = [*become, harbor_python, "-c", f"import os; os.listdir({str(ROOT / 'otcloud')!r})"]
    if subprocess.run(reach, capture_output=True, check=False).returncode:
        pytest.skip(f"an ordinary user cannot reach {harbor_python} or {ROOT}")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o777)

        def run(*scripts: tuple[str, str]) -> list[tuple[int, str]]:
            command = [*become, harbor_python, "-c", OUTSIDER, name, json.dumps(scripts)]
            env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
            loader = {key: os.environ[key] for key in ("LD_LIBRARY_PATH",) if key in os.environ}
            done = subprocess.run(command, env={**env, **loader}, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            answers = json.loads(done.stdout)
            if isinstance(answers, str):
                pytest.skip(answers)
            assert list(Path(name).iterdir()) == []
            return [(code, text) for code, text in answers]

        yield run


def test_an_ordinary_users_sandbox(outsider: Callable[..., list[tuple[int, str]]]) -> None:
    places = "/ /etc /root /home /tmp /var /usr /usr/bin /usr/lib /usr/local/bin /dev/shm"
    answers = outsider(
        ("id -u; cat /proc/self/uid_map", "0"),
        (f"for place in {places}; do touch $place/new || exit 1; done; rm /usr/bin/tar; mkdir -m 0 /tmp/locked", "0"),
        ("mount -t tmpfs none /mnt || mknod /x b 8 0 || chmod 600 /dev/null", "0"),
        ("true", "nobody"),
        ("ip link 2>/dev/null | grep -c ': ' || ls /sys/class/net; exec 3<>/dev/tcp/1.1.1.1/53", "0"),
    )
    assert answers[0] == (0, f"0\n         0      {NOBODY}          1\n")
    assert answers[1] == (0, "")
    assert answers[2][0] != 0
    assert answers[3][0] == 126
    assert "the sandbox of an ordinary user has the one user id 0" in answers[3][1]
    assert answers[4][0] != 0


def test_the_hosts_interpreter_is_not_inside(script) -> None:
    assert script(f"test -e {sys.prefix} || echo absent").out == "absent\n"

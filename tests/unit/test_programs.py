"""The venvs of programs, built by the real uv: once, whole, and with a message that helps when it cannot be."""

import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from otcloud import process, programs
from otcloud.errors import CredentialOrProgramMissing, HarborFailed, InputInvalid
from otcloud.programs import Harbor, ensure_code, ensure_harbor, harbor_lock
from otcloud.runs.journal import locked
from tests.conftest import REAL_ENVIRON
from tests.flow.command import wait_for

LOCK = "harbor-9.9.9"
REQUIREMENT = "iniconfig==2.0.0 --hash=sha256:b6a85871a79d2e3b22d2d1b94ac2824226a63c6b741c88f7ae975f18b6778374\n"
NOWHERE = "http://user:canary-pass@127.0.0.1:9/simple"
BUILD = """
import os, sys
from pathlib import Path
from otcloud import programs
programs.LOCKS = Path(sys.argv[1])
say = lambda text: print("building", flush=True)
harbor = programs.ensure_harbor("harbor-9.9.9", Path(sys.argv[2]), os.environ, say)
print(harbor.python)
"""


@pytest.fixture
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one lock of one tiny package, in the place of otcloud's own."""
    folder = tmp_path / "locks"
    folder.mkdir()
    (folder / f"{LOCK}.txt").write_text(REQUIREMENT)
    monkeypatch.setattr(programs, "LOCKS", folder)
    return folder


@pytest.fixture(scope="session")
def environ() -> dict[str, str]:
    """The environment of a user whose uv has its packages at hand."""
    cache = process.run(["uv", "cache", "dir"], env=REAL_ENVIRON).stdout.strip()
    return {**REAL_ENVIRON, "UV_CACHE_DIR": cache}


def build(cache: Path, environ: dict[str, str], said: list[str] | None = None) -> Harbor:
    """The program, built when it is missing."""
    return ensure_harbor(LOCK, cache, environ, (said if said is not None else []).append)


def builder(locks: Path, cache: Path, environ: dict[str, str], log: Path) -> process.Child:
    """Another process that wants the program."""
    return process.start([sys.executable, "-c", BUILD, locks, cache], name="builder", log=log, env=environ)


def works(harbor: Harbor) -> bool:
    """Whether the venv holds its package."""
    return process.run([harbor.python, "-c", "import iniconfig"]).code == 0


def test_a_venv_is_built_once_and_holds_what_is_locked(tmp_path: Path, locks: Path, environ: dict[str, str]) -> None:
    said: list[str] = []
    harbor = build(tmp_path / "cache", environ, said)
    assert works(harbor)
    assert harbor.command == harbor.python.with_name("harbor")
    assert build(tmp_path / "cache", {"PATH": ""}, said) == harbor
    assert len(said) == 1
    (locks / f"{LOCK}.txt").write_text(f"# another\n{REQUIREMENT}")
    assert build(tmp_path / "cache", environ, said).python != harbor.python


def test_two_processes_at_once_build_it_once(tmp_path: Path, locks: Path, environ: dict[str, str]) -> None:
    cache, logs = tmp_path / "cache", [tmp_path / "one", tmp_path / "two"]
    children = [builder(locks, cache, environ, log) for log in logs]
    assert [child.wait(300) for child in children] == [0, 0]
    texts = [log.read_text() for log in logs]
    assert sorted(text.count("building") for text in texts) == [0, 1]
    assert texts[0].splitlines()[-1] == texts[1].splitlines()[-1]
    assert not list((cache / "programs").glob("*.building"))


def test_a_kill_in_the_middle_leaves_nothing_that_is_trusted(
    tmp_path: Path, locks: Path, environ: dict[str, str]
) -> None:
    cache = tmp_path / "cache"
    slow = tmp_path / "uv"  # the real uv, which then hangs: the moment of the kill is no matter of luck
    slow.write_text('#!/bin/sh\nuv "$@"; case "$1" in pip) touch "$0.done"; exec sleep 300;; esac\n')
    slow.chmod(0o755)
    child = builder(locks, cache, {**environ, "UV": str(slow)}, tmp_path / "log")
    wait_for((tmp_path / "uv.done").exists, "the venv is filled")
    child.stop(sig=signal.SIGKILL)
    [left] = (cache / "programs").glob("*.building")
    assert (left / "bin" / "python").exists()
    assert works(build(cache, environ))
    assert not list((cache / "programs").glob("*.building"))


def test_a_venv_whose_interpreter_was_removed_is_built_again(
    tmp_path: Path, locks: Path, environ: dict[str, str]
) -> None:
    harbor = build(tmp_path / "cache", environ)
    harbor.python.unlink()
    harbor.python.symlink_to(tmp_path / "gone")
    assert works(build(tmp_path / "cache", environ))


def test_an_index_that_cannot_be_reached_is_named(tmp_path: Path, locks: Path, environ: dict[str, str]) -> None:
    offline = {
        **{name: value for name, value in environ.items() if not name.startswith(("UV_", "PIP_"))},
        "UV_CACHE_DIR": str(tmp_path / "empty"),
        "UV_DEFAULT_INDEX": NOWHERE,
        "UV_HTTP_RETRIES": "0",
        "UV_NO_CONFIG": "1",
    }
    with pytest.raises(HarborFailed, match="package index could not be reached") as raised:
        build(tmp_path / "cache", offline)
    assert raised.value.exit_code == 10
    assert "127.0.0.1:9" in raised.value.why
    assert "canary-pass" not in str(raised.value)
    assert not [path for path in (tmp_path / "cache" / "programs").iterdir() if path.is_dir()]


def test_a_package_of_another_content_is_refused(tmp_path: Path, locks: Path, environ: dict[str, str]) -> None:
    (locks / f"{LOCK}.txt").write_text(REQUIREMENT.replace("b6a8", "0000"))
    with pytest.raises(HarborFailed, match=f"cannot set up {LOCK}") as raised:
        build(tmp_path / "cache", environ)
    assert "ash" in raised.value.why


@pytest.mark.parametrize("missing", [{"PATH": ""}, {}, {"PATH": "/no/such", "UV": "/no/such/uv"}])
def test_without_uv_it_says_how_to_get_it(tmp_path: Path, locks: Path, missing: dict[str, str]) -> None:
    with pytest.raises(CredentialOrProgramMissing, match="`uv` is not on the PATH") as raised:
        build(tmp_path / "cache", missing)
    assert raised.value.exit_code == 4


def test_a_stale_name_of_uv_does_not_hide_the_one_on_the_path(
    tmp_path: Path, locks: Path, environ: dict[str, str]
) -> None:
    assert works(build(tmp_path / "cache", {**environ, "UV": str(tmp_path / "gone")}))


def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path, locks: Path, environ: dict[str, str]) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    with pytest.raises(HarborFailed, match="cannot write the folder of programs") as raised:
        build(tmp_path / "cache", environ)
    assert "OTCLOUD_CACHE" in raised.value.do


def test_a_ready_program_waits_for_nobody_who_builds_another(
    tmp_path: Path, locks: Path, environ: dict[str, str]
) -> None:
    cache = tmp_path / "cache"
    harbor = build(cache, environ)
    (locks / f"{LOCK}-modal.txt").write_text(f"# modal\n{REQUIREMENT}")
    with locked(harbor.python.parents[1].with_name(f"{harbor.python.parents[1].name}.lock")) as held:
        assert held is not None
        assert build(cache, environ) == harbor
        assert works(ensure_harbor(f"{LOCK}-modal", cache, environ, lambda _text: None))


def test_secrets_of_the_shell_do_not_reach_uv(tmp_path: Path, locks: Path, environ: dict[str, str]) -> None:
    spy = tmp_path / "uv"
    spy.write_text(f'#!/bin/sh\nenv >> {tmp_path}/seen\nexec uv "$@"\n')
    spy.chmod(0o755)
    private = {"MY_API_KEY": "canary-1", "DB_PASSWORD": "canary-2", "UV_INDEX_X_PASSWORD": "for-uv"}
    build(tmp_path / "cache", {**environ, **private, "UV": str(spy)})
    seen = (tmp_path / "seen").read_text()
    assert "canary" not in seen
    assert "UV_INDEX_X_PASSWORD=for-uv" in seen


def test_the_code_is_a_copy_named_by_its_content(tmp_path: Path) -> None:
    code = ensure_code(tmp_path)
    assert [path.name for path in code.iterdir()] == ["otcloud"]
    assert (code / "otcloud" / "harbor_ext" / "plugin.py").read_bytes() == (
        Path(programs.__file__).parent / "harbor_ext" / "plugin.py"
    ).read_bytes()
    before = (code / "otcloud" / "errors.py").stat().st_mtime_ns
    assert ensure_code(tmp_path) == code
    assert (code / "otcloud" / "errors.py").stat().st_mtime_ns == before
    shutil.rmtree(code / "otcloud")
    assert (ensure_code(tmp_path) / "otcloud" / "errors.py").exists()


def test_every_lock_that_a_recipe_can_ask_for_ships() -> None:
    for sandbox in ("local", "docker", "daytona", "modal", "e2b", "runloop"):
        assert (programs.LOCKS / f"{harbor_lock('0.24.0', sandbox)}.txt").read_text().count("--hash=sha256:") > 50
    wrong: list[Callable[[], str]] = [lambda: harbor_lock("0.1", "docker"), lambda: harbor_lock("../x", "docker")]
    for ask in wrong:
        with pytest.raises(InputInvalid, match="is not a version") as raised:
            ask()
        assert "0.24.0" in raised.value.do

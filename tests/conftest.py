"""Guards and shared engines: no test touches the user's home, and real Harbor is set up once for all."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from otcloud.harbor_ext.sandbox.probe import probe
from otcloud.programs import Harbor, ensure_harbor, harbor_lock
from tests.flow.command import CANARY, Otcloud, wait_for

REAL_ENVIRON = dict(os.environ)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything below tests/lab drives real engines for minutes: it runs where OTCLOUD_LAB=1 says so."""
    for item in items:
        if "lab" in item.path.relative_to(Path(__file__).parent).parts:
            item.add_marker("lab")
        if item.get_closest_marker("lab") and REAL_ENVIRON.get("OTCLOUD_LAB") != "1":
            item.add_marker(pytest.mark.skip(reason="drives real engines for minutes: set OTCLOUD_LAB=1"))


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home of the test's own; the user's is out of reach by name, and no OTCLOUD_ setting leaks in."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    for name in [name for name in os.environ if name.startswith(("OTCLOUD_", "XDG_", "VLLM_", "HOSTED_VLLM_"))]:
        monkeypatch.delenv(name)
    yield folder


@pytest.fixture(scope="session")
def _cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the session's programs are built; OTCLOUD_TEST_CACHE keeps it between sessions."""
    kept = REAL_ENVIRON.get("OTCLOUD_TEST_CACHE")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("programs")
    if not kept:
        # An ordinary user's sandbox, tested as root, must reach the interpreter.
        for parent in (folder, *folder.parents[:2]):
            parent.chmod(parent.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)
    return folder


@pytest.fixture(scope="session")
def harbor(_cache_folder: Path) -> Harbor:
    """The real, pinned Harbor in a venv of its own, with this checkout's code."""
    return ensure_harbor(harbor_lock("0.24.0", "docker"), _cache_folder, REAL_ENVIRON, say=lambda _text: None)


@pytest.fixture(scope="session")
def program_cache(harbor: Harbor, _cache_folder: Path) -> Path:
    """A cache of programs in which Harbor is ready."""
    return _cache_folder


@pytest.fixture(scope="session")
def harbor_python(harbor: Harbor) -> Path:
    """Harbor's interpreter."""
    return harbor.python


@pytest.fixture
def otcloud(tmp_path: Path, home: Path, harbor: Harbor, program_cache: Path) -> Iterator[Otcloud]:
    """The command line with programs that are ready; whatever it leaves behind fails the test."""
    reason = probe(sys.executable)
    if reason is not None:
        pytest.skip(f"no embedded sandbox here: {reason}")
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR") if name in os.environ}
    environ = {**kept, "HOME": str(home), "OTCLOUD_CACHE": str(program_cache), "MY_API_KEY": CANARY}
    environ["OTCLOUD_DATA"] = str(tmp_path / "data")
    command = Otcloud(tmp_path, environ)
    yield command
    try:
        wait_for(lambda: not command.pids(), "every process is gone")
        assert not command.mounts()
    finally:
        for pid in command.pids():
            os.kill(pid, 9)

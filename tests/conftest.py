"""Guards and shared engines: no test touches the user's home, and real Harbor is set up once for all."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from otcloud.programs import Harbor, ensure_harbor, harbor_lock

_REAL_ENVIRON = dict(os.environ)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home of the test's own; the user's is out of reach by name, and no OTCLOUD_ setting leaks in."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    for name in [name for name in os.environ if name.startswith(("OTCLOUD_", "XDG_", "VLLM_", "HOSTED_VLLM_"))]:
        monkeypatch.delenv(name)
    yield folder


@pytest.fixture(scope="session")
def program_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the session's programs are built; OTCLOUD_TEST_CACHE keeps it between sessions."""
    kept = _REAL_ENVIRON.get("OTCLOUD_TEST_CACHE")
    folder = Path(kept) if kept else tmp_path_factory.mktemp("programs")
    if not kept:
        # An ordinary user's sandbox, tested as root, must reach the interpreter.
        for parent in (folder, *folder.parents[:2]):
            parent.chmod(parent.stat().st_mode | stat.S_IXOTH | stat.S_IROTH)
    return folder


@pytest.fixture(scope="session")
def harbor(program_cache: Path) -> Harbor:
    """The real, pinned Harbor in a venv of its own, with this checkout's code."""
    return ensure_harbor(harbor_lock("0.24.0", "docker"), program_cache, _REAL_ENVIRON, say=lambda _text: None)


@pytest.fixture(scope="session")
def harbor_python(harbor: Harbor) -> Path:
    """Harbor's interpreter."""
    return harbor.python

"""One curated base per Harbor process and scratch folder, shared by all its sandboxes, removed when the process ends.

A killed process leaves its base behind in the scratch folder, which the run's owner removes as a whole.
"""

import atexit
import contextlib
import os
import threading
from pathlib import Path

from otcloud.harbor_ext.sandbox import scratch

_lock = threading.Lock()
_bases: dict[Path, Path] = {}


def shared_base(home: Path) -> Path:
    """The base folder below `home`, built at the first call. Raises OSError."""
    with _lock:
        base = _bases.get(home)
        if base is None or not base.is_dir():
            base = home / f"base-{os.getpid()}-{len(_bases)}"
            home.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                scratch.remove(base)
            scratch.build_base(base)
            _bases[home] = base
            atexit.register(_discard, home, base)
        return base


def _discard(home: Path, base: Path) -> None:
    # The owner may have removed the folder already, or another process still uses it.
    with contextlib.suppress(OSError):
        scratch.remove(base)
        home.rmdir()

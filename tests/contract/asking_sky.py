"""Questions to the real SkyPilot, answered by a child process with a home of its own and made-up catalogs."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from otcloud import process
from tests.contract.sky_catalogs import seed

_CHILD = Path(__file__).with_name("sky_child.py")


def ask(folder: Path, question: str, asked: Any) -> Any:
    """The answer of `sky_child.py`; `folder` becomes HOME and TMPDIR."""
    home, answer = folder / "home", folder / "answer.json"
    (folder / "tmp").mkdir()
    seed(home)
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(folder / "tmp"),
        "SKYPILOT_DISABLE_USAGE_COLLECTION": "1",
    }
    done = process.run(
        [sys.executable, _CHILD, question, answer], env=environ, cwd=folder, timeout_sec=300, stdin=json.dumps(asked)
    )
    assert done.code == 0, done.stderr
    return json.loads(answer.read_text())

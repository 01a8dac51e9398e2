"""A run directory with published trials, for the tests of this folder."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from otcloud.runs.layout import RunDir
from otcloud.trials.archive import pack
from otcloud.trials.trial import Outcome, Trial

type Publish = Callable[..., Trial]


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """An empty run."""
    run = RunDir(tmp_path / "quick-20260301-100000-abcd")
    run.published.mkdir(parents=True)
    return run


@pytest.fixture
def publish(run: RunDir, tmp_path: Path) -> Publish:
    """Publish a trial as the node does: `publish(name, {"agent/trajectory.json": {...}}, **fields of Trial)`."""

    def publish(name: str, files: dict[str, object], **fields: Any) -> Trial:
        folder = tmp_path / "jobs" / name
        for relative, content in [("result.json", "{}"), *files.items()]:
            path = folder / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content))
        digest, size = pack(folder, run.archive(name))
        given = {"trial": name, "task": "hello", "rollout": 0, "outcome": Outcome.PASSED, "agent": "bash", **fields}
        trial = Trial.model_validate(given)
        line = {**trial.model_dump(mode="json"), "archive": f"{name}.tar.gz", "sha256": digest, "size": size}
        with run.published_index.open("a") as index:
            index.write(json.dumps(line) + "\n")
        return trial

    return publish

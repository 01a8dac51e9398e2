"""The wheel, installed where there is no checkout, runs the main job: recipes, tasks and locks travel with it."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from otcloud import process
from tests.conftest import REAL_ENVIRON
from tests.flow.command import Otcloud
from tests.unit.architecture.source import ROOT


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The `otcloud` command of a fresh venv that holds the wheel built from this checkout."""
    uv = REAL_ENVIRON.get("UV") or shutil.which("uv") or pytest.skip("uv is not on the PATH")
    wheel_folder, venv = tmp_path / "dist", tmp_path / "venv"
    steps: list[list[str | Path]] = [
        [uv, "build", "--quiet", "--wheel", "--out-dir", wheel_folder, ROOT],
        [uv, "venv", "--quiet", "--python", sys.executable, venv],
    ]
    for step in steps:
        done = process.run(step, env=REAL_ENVIRON)
        assert done.code == 0, done.stderr
    [wheel] = wheel_folder.glob("*.whl")
    done = process.run([uv, "pip", "install", "--quiet", "--python", venv / "bin/python", wheel], env=REAL_ENVIRON)
    assert done.code == 0, done.stderr
    return venv / "bin" / "otcloud"


def test_the_wheel_runs_the_quickstart(otcloud: Otcloud, installed: Path) -> None:
    """From an empty folder, by the recipe's name, and by the path that the README gives."""
    done = process.run(
        [installed, "tracegen", "quickstart", "--limit", "2", "--json"], env=otcloud.environ, cwd=otcloud.folder
    )
    assert done.code == 0, done.stderr
    assert json.loads(done.stdout)["summary"]["done"] == 2
    plan = process.run(
        [installed, "plan", "recipes/quickstart.yaml", "--json"], env=otcloud.environ, cwd=otcloud.folder
    )
    assert json.loads(plan.stdout)["kind"] == "tracegen"
    assert str(ROOT) not in done.stdout + done.stderr + plan.stdout

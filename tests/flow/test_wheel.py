"""The wheel, installed where there is no checkout, runs the main job: recipes, tasks and locks travel with it."""

import json
import shutil
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from otcloud import process
from otcloud.launch.task_templates import task_templates
from otcloud.package_data import bundled
from tests.conftest import REAL_ENVIRON
from tests.flow.command import Otcloud
from tests.unit.architecture.source import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from this checkout."""
    uv = REAL_ENVIRON.get("UV") or shutil.which("uv") or pytest.skip("uv is not on the PATH")
    folder = tmp_path_factory.mktemp("dist")
    done = process.run([uv, "build", "--quiet", "--wheel", "--out-dir", folder, ROOT], env=REAL_ENVIRON)
    assert done.code == 0, done.stderr
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """The `otcloud` command of a fresh venv that holds the wheel."""
    uv, venv = REAL_ENVIRON.get("UV") or shutil.which("uv") or "uv", wheel.parent / "venv"
    steps: list[list[str | Path]] = [
        [uv, "venv", "--quiet", "--python", sys.executable, venv],
        [uv, "pip", "install", "--quiet", "--python", venv / "bin/python", wheel],
    ]
    for step in steps:
        done = process.run(step, env=REAL_ENVIRON)
        assert done.code == 0, done.stderr
    return venv / "bin" / "otcloud"


def test_the_wheel_runs_the_quickstart(otcloud: Otcloud, installed: Path, wheel: Path) -> None:
    """From an empty folder, by the recipe's name, and by the path that the README gives; it plans for a cloud too."""
    done = process.run(
        [installed, "tracegen", "quickstart", "--limit", "2", "--json"], env=otcloud.environ, cwd=otcloud.folder
    )
    assert done.code == 0, done.stderr
    assert json.loads(done.stdout)["summary"]["done"] == 2
    plan = process.run(
        [installed, "plan", "recipes/quickstart.yaml", "--json"], env=otcloud.environ, cwd=otcloud.folder
    )
    assert json.loads(plan.stdout)["kind"] == "tracegen"
    cloud = process.run(
        [installed, "plan", "recipes/quickstart.yaml", "--cloud-provider", "slurm", "--json"],
        env=otcloud.environ,
        cwd=otcloud.folder,
    )
    assert json.loads(cloud.stdout)["sky"][0]["resources"]["ordered"][0]["infra"] == "slurm", cloud.stderr
    assert "otcloud/_data/task_templates/bootstrap.sh" in ZipFile(wheel).namelist()
    assert str(ROOT) not in done.stdout + done.stderr + plan.stdout


def test_the_templates_command_starts_the_node(otcloud: Otcloud, installed: Path, wheel: Path) -> None:
    """On a bundle as a launcher would send it: the wheel, the bootstrap, and a run that has not begun. A second start
    finds all done; the lifetime ends one that takes too long."""
    home = Path(otcloud.environ["HOME"])
    caches = {"UV_CACHE_DIR": REAL_ENVIRON.get("UV_CACHE_DIR") or f"{REAL_ENVIRON['HOME']}/.cache/uv"}
    environ = {**otcloud.environ, **caches, "UV_PYTHON": sys.executable, "OTCLOUD_RUN": "mine"}
    bundle, made = home / "bundle", otcloud.folder / "runs/mine"
    done = process.run([installed, "tracegen", "quickstart", "--job-name", "mine"], env=environ, cwd=otcloud.folder)
    assert done.code == 0, done.stderr
    (bundle / "runs/mine").mkdir(parents=True)
    for name in ("plan.json", "recipe.yaml", "tasks.lock.json"):
        shutil.copy(made / name, bundle / "runs/mine")
    for name in ("tasks", "inputs"):
        shutil.copytree(made / name, bundle / "runs/mine" / name)
    shutil.copy(wheel, bundle)
    shutil.copy(bundled("task_templates") / "bootstrap.sh", bundle)
    command = ["bash", "-c", task_templates()["vm"]["run"]]
    for _ in range(2):
        done = process.run(command, env=environ | {"OTCLOUD_LIFETIME_SEC": "300"}, cwd=bundle)
        assert done.code == 0, done.stderr
    assert json.loads((bundle / "runs/mine/node/status.json").read_text())["done"] == 5
    for name in ("node", "jobs", "published", "events"):
        shutil.rmtree(bundle / "runs/mine" / name)
    assert process.run(command, env=environ | {"OTCLOUD_LIFETIME_SEC": "0.5"}, cwd=bundle).code == 124

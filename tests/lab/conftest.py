"""Engines that the tests of this folder share, and the tasks that run in them."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import REAL_ENVIRON
from tests.flow.command import Otcloud
from tests.lab import containers
from tests.lab.containers import Engine
from tests.unit.architecture.source import ROOT


@pytest.fixture(scope="session")
def _docker(_cache_folder: Path) -> Iterator[Engine]:
    with containers.docker(_cache_folder, REAL_ENVIRON) as engine:
        yield engine


@pytest.fixture(scope="session")
def _podman(_cache_folder: Path) -> Iterator[Engine]:
    with containers.podman(_cache_folder, REAL_ENVIRON) as engine:
        yield engine


@pytest.fixture
def docker(_docker: Engine) -> Iterator[Engine]:
    """The session's docker; whatever a test leaves in it fails the test."""
    yield from _left_clean(_docker)


@pytest.fixture
def podman(_podman: Engine) -> Iterator[Engine]:
    """The session's podman; whatever a test leaves in it fails the test."""
    yield from _left_clean(_podman)


def _left_clean(engine: Engine) -> Iterator[Engine]:
    yield engine
    left = engine.left()
    if left.get("containers"):
        engine("rm", "--force", "--volumes", *left["containers"])
    assert not left


def with_engine(otcloud: Otcloud, engine: Engine) -> Otcloud:
    """The command line with this engine in its environment."""
    names = [name for name in engine.environ if name.startswith(("DOCKER_", "CONTAINERS_")) or name == "PATH"]
    return replace(otcloud, environ={**otcloud.environ, **{name: engine.environ[name] for name in names}})


def sample_recipe(folder: Path, *tasks: str) -> Path:
    """The quickstart's tasks and recording as a recipe of their own, with the network that an engine without access
    to a registry can give; all tasks, or those named."""
    source, work = ROOT / "recipes" / "quickstart", folder / "work"
    for task in sorted(path.name for path in (source / "tasks").iterdir()):
        if not tasks or task in tasks:
            shutil.copytree(source / "tasks" / task, work / "tasks" / task)
            toml = work / "tasks" / task / "task.toml"
            toml.write_text(toml.read_text().replace('"no-network"', '"public"'))
    shutil.copy(source / "recording.jsonl", work)
    recipe = (ROOT / "recipes" / "quickstart.yaml").read_text()
    (work / "recipe.yaml").write_text(
        recipe.replace("quickstart/recording", "recording").replace("quickstart/tasks", "tasks")
    )
    return work / "recipe.yaml"

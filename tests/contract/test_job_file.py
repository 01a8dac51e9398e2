"""The compiled job file, filled in by the node, against the real `harbor run --dry-run`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from otcloud import process
from otcloud.datasets.tasks import find, materialise
from otcloud.node.harbor import compose, environment
from otcloud.node.slots import entries, missing
from otcloud.programs import Harbor
from otcloud.runs.journal import write_json
from otcloud.runs.layout import RunDir
from tests.conftest import REAL_ENVIRON
from tests.unit.planned import plan_of, recipe_of

SIZES = ("sandbox.cpus=2", "sandbox.memory_mb=2048", "sandbox.storage_mb=4096", "sandbox.force_build=true")
TRIALS = ("trials.attempts=3", "trials.retries=5", "trials.retry_multiplier=3", "trials.timeout_multiplier=1.5")
RECIPES: dict[str, tuple[str, ...]] = {
    "bash, local": (),
    "bash, local, all of it": ("agent.max_turns=4", "agent.timeout_sec=60", "model.sampling.temperature=0.7", *TRIALS),
    "terminus-2, docker": ("agent.name=terminus-2", "sandbox.type=docker", *SIZES),
    "terminus-2, podman, sampling": ("agent.name=terminus-2", "sandbox.type=podman", "model.sampling.temperature=0.1"),
    "oracle, docker, no tests": ("agent.name=oracle", "sandbox.type=docker", "trials.verify=false"),
    "nop, local": ("agent.name=nop", "sandbox.delete=false"),
    "terminus-2 by default, all of it": ("agent.name=null", "agent.max_turns=9", "model.sampling={top_k: 20}", *TRIALS),
    "terminus-2, own arguments": ("agent.name=terminus-2", "agent.kwargs={parser_name: xml, enable_summarize: false}"),
    "computer-1, docker": ("agent.name=computer-1", "agent.max_turns=3", "sandbox.type=docker"),
    "mini-swe-agent, local": ("agent.name=mini-swe-agent",),
    "openhands, turns": ("agent.name=openhands", "agent.max_turns=3"),
    "another's agent": ("agent.name=null", "agent.import_path=harbor.agents.oracle:OracleAgent", "sandbox.type=docker"),
}

type Ask = Callable[[dict[str, Any]], process.Completed]


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """An empty run directory."""
    return RunDir(tmp_path / "run")


@pytest.fixture
def ask(harbor: Harbor, run: RunDir) -> Ask:
    """Have the real Harbor read a job file as the node would give it."""

    programs = run.root.with_name("bin")
    programs.mkdir()
    for name in ("docker", "podman", "podman-compose"):
        # Harbor asks whether the engine is there: it need not be, the file alone is in question.
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)

    def dry_run(document: dict[str, Any]) -> process.Completed:
        write_json(run.job_file("0000-00"), document)
        environ = {**REAL_ENVIRON, "PATH": f"{programs}:{REAL_ENVIRON['PATH']}"}
        variables = {"HOSTED_VLLM_API_BASE": "http://127.0.0.1:9/v1", "HOSTED_VLLM_API_KEY": "key"}
        env = environment(environ, {}, harbor, run, variables)
        argv = [harbor.command, "run", "-c", run.job_file("0000-00").relative_to(run.root), "--dry-run", "-y"]
        return process.run(argv, env=env, cwd=run.root, timeout_sec=300)

    return dry_run


def composed(run: RunDir, folder: Path, *sets: str) -> dict[str, Any]:
    """The job file of a first part, with its tasks in place."""
    recipe = recipe_of(folder, *sets)
    plan = plan_of(recipe)
    lock = materialise(find(recipe.tasks, folder / "tasks"), folder / "tasks", run)
    return compose(plan, "0000-00", missing(entries(lock), plan.harbor.attempts, {}))


@pytest.mark.parametrize("name", RECIPES)
def test_harbor_accepts_what_is_compiled(run: RunDir, ask: Ask, tmp_path: Path, name: str) -> None:
    document = composed(run, tmp_path / "work", *RECIPES[name])
    done = ask(document)
    assert done.code == 0, done.stdout + done.stderr
    assert len(document["tasks"]) == (6 if "trials.attempts=3" in RECIPES[name] else 2)


@pytest.mark.parametrize("where", ["", "retry", "environment", "agents"])
def test_harbor_refuses_a_key_it_does_not_know(run: RunDir, ask: Ask, tmp_path: Path, where: str) -> None:
    """So the test above can fail."""
    document = composed(run, tmp_path / "work")
    place: Any = document[where] if where else document
    (place[0] if isinstance(place, list) else place)["n_concurent"] = 3
    done = ask(document)
    assert done.code != 0
    assert "n_concurent" in done.stdout + done.stderr


def test_the_job_file_holds_no_endpoint_no_key_and_no_absolute_path(run: RunDir, tmp_path: Path) -> None:
    for sets in RECIPES.values():
        text = str(composed(run, tmp_path / "work", *sets))
        assert "http" not in text
        assert "api_base" not in text
        assert str(tmp_path) not in text

"""Agents of the user's own, from a file beside the recipe to solved tasks, and what is told when they cannot run."""

import json
import shutil
from pathlib import Path

import pytest

from benchmarks.workload import make
from otcloud.runs.layout import RunDir
from tests.flow.command import Otcloud

AGENT = '''"""An agent that reads the word off the instruction and writes it down."""

from typing import override

from harbor.agents.base import BaseAgent
from harbor.environments.base import BaseEnvironment
from harbor.models.agent.context import AgentContext

{imports}


class Scribe(BaseAgent):
    @staticmethod
    @override
    def name() -> str:
        return "scribe"

    @override
    def version(self) -> str:
        return "1"

    @override
    async def setup(self, environment: BaseEnvironment) -> None:
        pass

    @override
    async def run(self, instruction: str, environment: BaseEnvironment, context: AgentContext) -> None:
        word = instruction.split()[3]
        await environment.exec(f"echo {{word}} > /app/answer.txt")
'''
NOT_AGENTS = {
    "a syntax error": ("class Scribe(:\n", "SyntaxError", "mend"),
    "a missing import": ("import no_such_module\n", "no_such_module", "its package folder"),
    "no such class": ("class Other: ...\n", "Scribe", "mend"),
    "no agent": ("class Scribe: ...\n", "BaseAgent", "mend"),
    "half an agent": (
        "from harbor.agents.base import BaseAgent\nclass Scribe(BaseAgent): ...\n",
        "lacks name, run, setup, version",
        "mend",
    ),
    "an end of the program": ("import sys\nsys.exit(3)\n", "SystemExit", "mend"),
}


@pytest.fixture
def work(otcloud: Otcloud) -> Path:
    """A workload whose recipe names an agent of the user's own."""
    recipe = make(otcloud.folder / "work", 2, 0.0)
    document = json.loads(recipe.read_text())
    document["agent"] = {"import_path": "scribe:Scribe"}
    recipe.write_text(json.dumps(document))
    return recipe.parent


def write_agent(path: Path, imports: str = "") -> None:
    """Write the agent's file."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(AGENT.format(imports=imports))


def test_a_file_beside_the_recipe_travels_and_is_resumed_from_another_folder(otcloud: Otcloud, work: Path) -> None:
    write_agent(work / "scribe.py")
    done = otcloud("tracegen", "work/recipe.yaml", "--json")
    assert done.code == 0, done.stderr
    assert json.loads(done.stdout)["summary"]["passed"] == 2
    [run] = otcloud.runs()
    assert [path.name for path in run.agent.glob("*.py")] == ["scribe.py"]
    assert not (work / "__pycache__").exists(), "nothing is written beside the recipe"

    moved = RunDir(otcloud.folder / "elsewhere" / run.run_id)
    shutil.move(run.root, moved.root)
    shutil.rmtree(work)
    lines = moved.published_index.read_text().splitlines(keepends=True)
    moved.published_index.write_text(lines[0])
    shutil.rmtree(moved.jobs)
    resumed = otcloud("resume", moved.root, "--json")
    assert resumed.code == 0, resumed.stderr
    assert json.loads(resumed.stdout)["summary"]["passed"] == 2


def test_a_package_folder_with_modules_of_its_own(otcloud: Otcloud, work: Path) -> None:
    """The flag names the class, which lies beside the recipe."""
    write_agent(work / "scribe" / "agent.py", "from scribe import words")
    (work / "scribe" / "__init__.py").write_text("")
    (work / "scribe" / "words.py").write_text("")
    done = otcloud("tracegen", "work/recipe.yaml", "--agent", "scribe.agent:Scribe", "--limit", "1", "--json")
    assert done.code == 0, done.stderr
    assert json.loads(done.stdout)["summary"]["passed"] == 1


def test_a_changed_agent_starts_a_new_run(otcloud: Otcloud, work: Path) -> None:
    write_agent(work / "scribe.py")
    first = otcloud.json("plan", "work/recipe.yaml")
    assert otcloud.json("plan", "work/recipe.yaml")["recipe_digest"] == first["recipe_digest"]
    write_agent(work / "scribe.py", "# another")
    changed = otcloud.json("plan", "work/recipe.yaml")
    assert changed["recipe_digest"] != first["recipe_digest"]
    assert changed["harbor"]["agent_digest"] != first["harbor"]["agent_digest"]


@pytest.mark.parametrize("name", NOT_AGENTS)
def test_an_agent_that_cannot_be_made_is_told_before_anything_is_created(
    otcloud: Otcloud, work: Path, name: str
) -> None:
    code, said, advice = NOT_AGENTS[name]
    (work / "scribe.py").write_text(code)
    done = otcloud("tracegen", "work/recipe.yaml")
    assert done.code == 3, done.stderr
    assert said in done.stderr
    assert advice in done.stderr
    assert not otcloud.runs()


def test_an_agent_that_is_nowhere_is_told_with_the_place_where_it_belongs(otcloud: Otcloud, work: Path) -> None:
    done = otcloud("tracegen", "work/recipe.yaml")
    assert done.code == 3, done.stderr
    assert "put scribe.py" in done.stderr
    assert "beside the recipe" in done.stderr


def test_a_class_that_harbor_holds_needs_no_file(otcloud: Otcloud, work: Path) -> None:
    done = otcloud("tracegen", "work/recipe.yaml", "--agent", "harbor.agents.nop:NopAgent", "--limit", "1", "--json")
    assert done.code == 0, done.stderr
    summary = json.loads(done.stdout)["summary"]
    assert (summary["done"], summary["failed"]) == (1, 1)


def test_an_agent_inside_the_sandbox_is_refused_where_it_cannot_work(otcloud: Otcloud, work: Path) -> None:
    """Out of reach of the model server, or installed in a sandbox without a network."""
    done = otcloud("tracegen", "work/recipe.yaml", "--agent", "mini-swe-agent", "--sandbox", "docker")
    assert done.code == 3
    assert "127.0.0.1" in done.stderr
    assert "terminus-2 or bash" in done.stderr
    done = otcloud("tracegen", "work/recipe.yaml", "--agent", "mini-swe-agent")
    assert done.code == 3
    assert "this task has no network" in done.stderr
    assert not otcloud.runs()


def test_wrong_arguments_are_named(otcloud: Otcloud, work: Path) -> None:
    for agent in ("bash", "terminus-2", "mini-swe-agent"):
        done = otcloud("tracegen", "work/recipe.yaml", "--agent", agent, "--agent-kwarg", "no_such=1")
        assert done.code == 3
        assert "no_such" in done.stderr
    assert not otcloud.runs()

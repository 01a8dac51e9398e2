"""Real Harbor's reading of good and broken tasks, as a launch asks for it."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from otcloud import process
from otcloud.datasets.tasks import find
from otcloud.errors import HarborFailed, InputInvalid
from otcloud.launch.tasks_check import check
from otcloud.plan.facts import TaskSet
from otcloud.programs import Harbor
from otcloud.recipe.schema.tasks import Tasks
from tests.conftest import REAL_ENVIRON
from tests.unit.planned import plan_of, recipe_of

GOOD = ("with space", "ünïcode-日本", "two__underscores", "it's;$(touch x)", "t" * 100)


def toml(section: str, line: str) -> Callable[[Path], object]:
    """A change that adds a line to a section of task.toml."""

    def change(task: Path) -> None:
        path = task / "task.toml"
        path.write_text(path.read_text().replace(f"[{section}]\n", f"[{section}]\n{line}\n"))

    return change


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "torn-toml": (lambda task: (task / "task.toml").write_text("schema_version = ["), "Invalid"),
    "odd-toml": (toml("verifier", 'timeout_sex = "x"\ntimeout_min = []'), ""),
    "no-toml": (lambda task: (task / "task.toml").unlink(), "task.toml"),
    "no-instruction": (lambda task: (task / "instruction.md").unlink(), "instruction.md"),
    "empty-instruction": (lambda task: (task / "instruction.md").write_text(" \n"), "instruction.md is empty"),
    "not-text": (lambda task: (task / "instruction.md").write_bytes(b"\xff\xfe"), "codec can't decode"),
    "no-tests": (lambda task: (task / "tests" / "test.sh").unlink(), "test"),
    "allowlist": (
        lambda task: toml("environment", 'network_mode = "allowlist"\nallowed_hosts = ["a.b"]')(
            _without(task, "network_mode")
        ),
        "allowlist",
    ),
    "image": (toml("environment", 'docker_image = "example.com/own:1"'), "docker_image"),
    "compose": (
        lambda task: (task / "environment" / "docker-compose.yaml").write_text("services: {main: {}}\n"),
        "docker-compose.yaml needs a container engine",
    ),
    "stray-link": (lambda task: (task / "tests" / "lib.sh").symlink_to("../../lib.sh"), "tests/lib.sh is a link"),
}
UNKNOWN_KEYS_PASS = "odd-toml"
"""Harbor passes over keys of task.toml that it does not know."""


def _without(task: Path, key: str) -> Path:
    path = task / "task.toml"
    path.write_text("".join(line for line in path.read_text().splitlines(keepends=True) if not line.startswith(key)))
    return task


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A workload of one good task, which is the pattern of all others."""
    recipe_of(tmp_path / "work", tasks=1)
    return tmp_path / "work"


def add(work: Path, name: str, change: Callable[[Path], object] = lambda task: task) -> None:
    """Add a task to the workload."""
    shutil.copytree(work / "tasks" / "sleep-000", work / "tasks" / name)
    change(work / "tasks" / name)


def checked(work: Path, harbor: Harbor, *sets: str, environ: dict[str, str] = REAL_ENVIRON) -> tuple[TaskSet, str]:
    """What is left of the workload's tasks, and the warnings."""
    warnings: list[str] = []
    plan = plan_of(recipe_of(work, *sets))
    found = check(plan, work / "tasks", harbor, harbor.environment(environ, {}), warnings.append)
    assert bool(found.left_out) == bool(warnings)
    return found.sound, "\n".join(warnings)


def test_broken_tasks_are_told_with_the_reason_and_left_out(work: Path, harbor: Harbor) -> None:
    for name, (change, _) in BROKEN.items():
        add(work, name, change)
    found, told = checked(work, harbor)
    assert [fact.name for fact in found.tasks] == [UNKNOWN_KEYS_PASS, "sleep-000"]
    lines = {line.strip(" -").partition(":")[0]: line for line in told.splitlines()[1:]}
    assert {name: said in lines[name] for name, (_, said) in BROKEN.items() if name != UNKNOWN_KEYS_PASS} == (
        dict.fromkeys(set(BROKEN) - {UNKNOWN_KEYS_PASS}, True)
    )
    assert f"{len(BROKEN) - 1} of {len(BROKEN) + 1} tasks cannot be run" in told
    with pytest.raises(InputInvalid, match="cannot be run"):
        checked(work, harbor, "tasks.broken=refuse")


def test_names_of_all_kinds_are_good(work: Path, harbor: Harbor) -> None:
    for name in GOOD:
        add(work, name)
    found, told = checked(work, harbor)
    assert told == ""
    assert [fact.name for fact in found.tasks] == sorted([*GOOD, "sleep-000"])
    assert found == find(Tasks(), work / "tasks")


def test_nothing_but_broken_tasks_is_refused(work: Path, harbor: Harbor) -> None:
    (work / "tasks" / "sleep-000" / "instruction.md").unlink()
    with pytest.raises(InputInvalid, match="1 of 1 tasks") as raised:
        checked(work, harbor)
    assert "sleep-000" in raised.value.why


def test_an_agent_that_harbor_cannot_make_is_no_fault_of_the_tasks(work: Path, harbor: Harbor) -> None:
    with pytest.raises(InputInvalid, match="Harbor refuses the agent") as raised:
        checked(work, harbor, "agent.name=terminus-2", 'agent.kwargs={"no_such_argument": 1}')
    assert "no_such_argument" in raised.value.why


def test_a_harbor_that_cannot_answer_is_not_taken_for_good_news(work: Path, harbor: Harbor, tmp_path: Path) -> None:
    for script, said in (("echo broken >&2; exit 1", "broken"), ('echo \'{"name": "x"}\'', "code 0"), ("", "code 0")):
        (tmp_path / "python").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "python").chmod(0o755)
        with pytest.raises(HarborFailed, match="could not be asked") as raised:
            checked(work, Harbor(tmp_path / "python", harbor.command, harbor.code))
        assert said in raised.value.why


def test_more_tasks_than_files_may_be_open(work: Path, harbor: Harbor) -> None:
    names = ["sleep-000"] * 150
    job = {"job_name": "check", **plan_of(recipe_of(work)).harbor.job}
    question = json.dumps({"root": str(work / "tasks"), "names": names, "job": job})
    command = f"ulimit -n 64; exec {harbor.python} -m otcloud.harbor_ext.check_tasks"
    env = {**REAL_ENVIRON, "PYTHONPATH": str(harbor.code), "HARBOR_TELEMETRY": "0"}
    done = process.run(["bash", "-c", command], env=env, stdin=question)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers == [{"name": "sleep-000", "problem": None}] * len(names), done.stderr


def test_what_a_library_prints_is_no_answer(work: Path, harbor: Harbor, tmp_path: Path) -> None:
    loud = tmp_path / "python"
    noise = "print('noise'); print('{not json'); print('[1]'); print('{}')"
    loud.write_text(f'#!/bin/sh\n{sys.executable} -c "{noise}"\nexec {harbor.python} "$@"\n')
    loud.chmod(0o755)
    found, told = checked(work, Harbor(loud, harbor.command, harbor.code))
    assert ([fact.name for fact in found.tasks], told) == (["sleep-000"], "")

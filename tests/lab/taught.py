"""Recipes whose model is the stand-in teacher: the made-up workload of the benchmarks, asked over `engine: api`."""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from benchmarks.workload import make
from otcloud.runs.layout import RunDir
from otcloud.trials.published import read_index
from tests.flow.command import CANARY
from tests.lab.teacher import Teacher
from tests.lab.teaching import Answer, Behaviour, Request, Says, bash, terminus

SECRET = "MY_API_KEY"
"""The secret that holds the teacher's key; the tests' environment has it, with the canary as its value."""
MODEL = "org/teacher-1"


def teacher(behaviour: Behaviour | None = None, **options: Any) -> Teacher:
    """A teacher that solves the workload, or does what it is told to; its key is the canary."""
    return Teacher(behaviour or solution, key=CANARY, models=[MODEL], **options)


def needs(agent: str) -> None:
    """Skip without tmux: terminus-2 works in one, and the embedded sandbox has this machine's programs."""
    if agent == "terminus-2" and shutil.which("tmux") is None:
        pytest.skip("terminus-2 needs tmux on this machine")


def recipe(folder: Path, url: str, tasks: int, *, seconds: float = 0.0, **sections: Any) -> Path:
    """Write a recipe of so many tasks for a teacher at `url`; `sections` are merged into the recipe's."""
    path = make(folder / "work", tasks, seconds)
    document = json.loads(path.read_text())
    document["model"] = {"id": MODEL, "engine": "api", "base_url": url, "api_key": SECRET}
    for name, section in sections.items():
        document[name] = {**document.get(name, {}), **section}
    path.write_text(json.dumps(document))
    return path


def task(request: Request) -> str:
    """The name of the task that a conversation is about; empty for otcloud's own question."""
    found = re.search(r"Write the word (\S+) into", request.prompt)
    return found[1] if found else ""


def solution(request: Request) -> str:
    """What solves a task of the workload, for either agent."""
    name, done = task(request), request.turn > 0
    commands = [] if done else [f"echo {name} > answer.txt"]
    if "task_complete" in request.prompt:
        return terminus(*commands, done=done)
    return bash(*commands, done=done) if name else "yes"


def by_task(answers: Mapping[str, Answer], request: Request) -> Answer:
    """The answer for a task, the solution where there is none for it."""
    return answers.get(task(request), Says({"content": solution(request)}))


def causes(run: RunDir) -> dict[str, str | None]:
    """Task -> cause, of every published trial."""
    return {trial.task: trial.cause for trial in read_index(run.published_index)}

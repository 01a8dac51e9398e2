"""terminus-2, the default agent, in a real docker container with tmux: what it asks, what becomes of the answers."""

import json
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from otcloud.runs.journal import read_json
from otcloud.runs.layout import RunDir
from otcloud.trials.published import read_index
from tests.flow.command import Otcloud
from tests.lab.conftest import sample_recipe, with_engine
from tests.lab.containers import Engine
from tests.lab.teacher import MODEL, Teacher
from tests.lab.teaching import scripted, terminus

ANSWERS = (
    terminus("cat /app/server.conf", analysis="A file to look at.\n\nFirst read it."),
    terminus(
        r"sed -i '/^\[server\]/,/^\[/ { s/^port = .*/port = 8080\ntimeout = 30/ }' /app/server.conf",
        r"sed -i '/^\[logging\]/,/^\[/ { s/^level = .*/level = info/ }' /app/server.conf",
    ),
    terminus(done=True),
    terminus(done=True),
)
OUTPUT, INPUT = 1000, 20000


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    """A provider whose model solves the task in two turns and then says so twice, as terminus-2 wants it."""
    with Teacher(scripted(*ANSWERS)) as server:
        yield server


def recipe_for(folder: Path, teacher: Teacher) -> Path:
    """One task for the default agent."""
    path = sample_recipe(folder, "edit-config")
    model = {"id": MODEL, "engine": "api", "base_url": teacher.url, "api_key": "TEACHER_KEY"}
    sizes = {"max_output_tokens": OUTPUT, "max_input_tokens": INPUT}
    prices = {"input_usd_per_mtok": 2, "output_usd_per_mtok": 10}
    recipe = yaml.safe_load(path.read_text()) | {
        "model": {**model, **sizes, **prices, "sampling": {"temperature": 0.7, "top_p": 0.9}},
        "agent": {"max_turns": 8},
        "sandbox": {"type": "docker"},
    }
    path.write_text(json.dumps(recipe))
    return path


def test_terminus_in_docker_makes_training_data(otcloud: Otcloud, docker: Engine, teacher: Teacher) -> None:
    """The task is solved, every request and every file is as training data needs it."""
    dock = with_engine(otcloud, docker)
    recipe = recipe_for(dock.folder, teacher)
    done = dock("tracegen", recipe, "-q", "--job-name", "kept", env={"TEACHER_KEY": str(teacher.key)})
    assert done.code == 0, done.stderr
    run = RunDir(dock.folder / "runs" / "kept")
    [trial] = read_index(run.published_index)
    assert trial.reward == 1.0
    check_requests(teacher)
    check_job(read_json(run.job_file("0000-00")) or {})
    check_files(run.jobs / "0000-00" / trial.trial)
    check_traces(run, teacher)


def agents_requests(teacher: Teacher) -> list[Mapping[str, Any]]:
    """What the agent asked; the node itself asks for a word to know that the endpoint answers."""
    return [request.body for request in teacher.requests if "/app/server.conf" in request.prompt]


def check_requests(teacher: Teacher) -> None:
    """The model is told how long it may answer, and sees one history that only grows."""
    bodies = agents_requests(teacher)
    assert len(bodies) == len(ANSWERS)
    assert {(body["max_tokens"], body["temperature"], body["top_p"]) for body in bodies} == {(OUTPUT, 0.7, 0.9)}
    for before, after in pairwise(bodies):
        assert after["messages"][: len(before["messages"])] == before["messages"]


def check_job(job: Mapping[str, Any]) -> None:
    """Harbor knows the model's sizes and its prices, all four."""
    assert job["agents"][0]["kwargs"]["model_info"] == {
        "max_input_tokens": INPUT,
        "max_output_tokens": OUTPUT,
        "input_cost_per_token": 2e-6,
        "output_cost_per_token": 1e-5,
    }


def check_files(trial: Path) -> None:
    """The model's own words, in order, in one trajectory; no recording of the terminal, and no program for one."""
    trajectory = json.loads((trial / "agent" / "trajectory.json").read_text())
    said = [step["message"] for step in trajectory["steps"] if step["source"] == "agent"]
    assert said == list(ANSWERS)
    names = [path.name for path in trial.rglob("*")]
    assert [name for name in names if name.startswith("trajectory")] == ["trajectory.json"]
    assert not [name for name in names if "cast" in name or "asciinema" in name]
    assert "asciinema" not in (trial / "trial.log").read_text()


def check_traces(run: RunDir, teacher: Teacher) -> None:
    """The dataset is the conversation that the model had, to the letter."""
    [row] = [json.loads(line) for line in (run.traces / "traces.jsonl").read_text().splitlines()]
    assert [turn["content"] for turn in row["conversations"] if turn["role"] == "assistant"] == list(ANSWERS)
    asked = [message["content"] for message in agents_requests(teacher)[-1]["messages"] if message["role"] == "user"]
    assert [turn["content"] for turn in row["conversations"] if turn["role"] == "user"] == asked

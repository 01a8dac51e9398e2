"""How far a run is, read from files that grow, are torn, or hold something else."""

from pathlib import Path
from typing import Any

import pytest

from otcloud.launch.progress import Progress, ProgressReader, duration
from otcloud.runs.journal import append_line, write_json
from otcloud.runs.layout import RunDir


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """An empty run directory."""
    return RunDir(tmp_path)


def event(run: RunDir, name: str, trial: str = "") -> None:
    """One line of Harbor's plug-in."""
    append_line(run.harbor_events, {"job": "0000-00", "event": name, "trial": trial})


def test_before_anything_is_written_it_is_starting(run: RunDir) -> None:
    assert ProgressReader(run).read(1.5) == Progress(elapsed_sec=1.5)


def test_trials_are_held_running_and_over(run: RunDir) -> None:
    event(run, "start", "of-an-earlier-node")
    reader = ProgressReader(run)
    for name, trial in (("held", "a"), ("start", "b"), ("start", "c"), ("agent-start", "c"), ("unheard-of", "d")):
        event(run, name, trial)
    assert (reader.read(1).running, reader.read(1).held) == (2, 1)
    event(run, "start", "a")
    event(run, "end", "b")
    event(run, "cancel", "c")
    event(run, "end", "never-started")
    assert (reader.read(2).running, reader.read(2).held) == (1, 0)
    event(run, "job-start")
    assert reader.read(3).running == 0


def test_pace_is_taken_from_the_first_running_trial_on(run: RunDir) -> None:
    reader = ProgressReader(run)
    write_json(run.status, {"state": "running", "planned": 10, "done": 2, "output_tokens": 100})
    assert reader.read(5).eta_sec is None
    event(run, "start", "a")
    assert (reader.read(10).eta_sec, reader.read(20).tokens_per_sec) == (None, None)
    write_json(run.status, {"state": "running", "planned": 10, "done": 4, "output_tokens": 500, "mean_reward": 0.5})
    seen = reader.read(30)
    assert (seen.tokens_per_sec, seen.eta_sec) == (20.0, 60.0)
    assert seen.line() == (
        "running: 4/10 trials, 1 running, 0 passed, 0 failed, 0 lost to infrastructure, mean reward 0.50, "
        "20 tokens/s, about 1 min left"
    )


def test_a_run_that_is_resumed_does_not_count_what_was_done_before(run: RunDir) -> None:
    write_json(run.status, {"planned": 10, "done": 9, "output_tokens": 900})
    reader = ProgressReader(run)
    event(run, "start", "a")
    assert reader.read(1).tokens_per_sec is None
    assert reader.read(100).tokens_per_sec is None


@pytest.mark.parametrize("odd", ["x", [1], {}, -1, None, 1e999])
def test_odd_values_count_as_missing(run: RunDir, odd: Any) -> None:
    write_json(run.status, dict.fromkeys(("state", "note", "planned", "done", "mean_reward", "output_tokens"), odd))
    seen = ProgressReader(run).read(1)
    assert (seen.planned, seen.done, seen.output_tokens) == (0, 0, 0)
    assert seen.line()


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0 s"), (59.6, "1 min"), (3599, "59 min 59 s"), (7384, "2 h 3 min")]
)
def test_a_duration_as_a_person_says_it(seconds: float, said: str) -> None:
    assert duration(seconds) == said

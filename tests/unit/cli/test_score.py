"""How a score looks: whole, incomplete, large, and empty."""

from pathlib import Path

from otcloud.cli.score import figures, not_comparable, tasks
from otcloud.launch.score import Scored
from otcloud.runs.layout import RunDir
from otcloud.trials.score import score
from otcloud.trials.trial import Outcome, Trial


def trials(task: str, attempts: int, passed: int) -> list[Trial]:
    """Attempts at a task that count."""
    return [
        Trial(
            trial=f"{task}{rollout}",
            task=task,
            rollout=rollout,
            outcome=Outcome.PASSED if rollout < passed else Outcome.FAILED,
            reward=float(rollout < passed),
        )
        for rollout in range(attempts)
    ]


def shown(found: Scored) -> dict[str, object]:
    """The figures that have a value, by name."""
    return {name: value for name, value in figures(found) if value is not None}


WHOLE = Scored(score([*trials("a", 3, 3), *trials("b", 3, 1)], {"a": 3, "b": 3}), ())
PART = Scored(score([*trials("a", 3, 3), *trials("b", 2, 1)], {"a": 3, "b": 3}), ("because",))


def test_a_whole_score() -> None:
    """One mean, its error, and what it is of."""
    assert shown(WHOLE) == {
        "score": "0.667 ± 0.333 (standard error)",
        "taken over": "2 tasks x 3 attempts",
        "pass@k": "1: 0.667, 2: 0.833, 3: 1.000",
        "solved": "2 of 2 tasks, at least once",
        "comparable": "yes, with scores under the benchmark's own settings",
    }
    assert not_comparable(WHOLE.reasons) == ""


def test_an_incomplete_score() -> None:
    """Both means, how many attempts are behind them, and over how many tasks each pass@k is."""
    lines = shown(PART)
    assert lines["score"] == "0.800 ± 0.240 (standard error), incomplete"
    assert lines["if lost is 0"] == "0.667"
    assert lines["taken over"] == "5 attempts of 2 tasks x 3 attempts"
    assert lines["pass@k"] == "1: 0.750, 2: 1.000, 3: 1.000 (over 1 of 2 tasks)"
    assert lines["comparable"] == "no, see below"
    assert not_comparable(PART.reasons).splitlines()[1:] == ["  - because"]
    assert tasks(PART, RunDir(Path("x"))).splitlines()[3].split() == ["b", "2", "1", "1", "0.50"]


def test_nothing_yet() -> None:
    """A run that has just begun has no number to show."""
    empty = Scored(score([], {"a": 2}), ())
    assert shown(empty)["score"] == "none yet: no attempt counts"
    assert "pass@k" not in shown(empty)
    assert tasks(empty, RunDir(Path("x"))).splitlines()[-1].split() == ["a", "0", "0", "2", "-"]


def test_many_attempts_and_many_tasks_stay_short(tmp_path: Path) -> None:
    """Powers of two and the last k; a long table is in the file, once that is there."""
    many = Scored(score([each for n in range(31) for each in trials(str(n), 50, 1)], {}), ())
    ks = [int(part.split(":")[0]) for part in str(shown(many)["pass@k"]).split(", ")]
    assert ks == [1, 2, 4, 8, 16, 32, 50]
    run = RunDir(tmp_path)
    assert tasks(many, run) == "the 31 tasks, one by one: add --json"
    run.score.touch()
    assert tasks(many, run).endswith("score.json")

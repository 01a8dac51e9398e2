"""The index of published trials is read past everything that a kill may have left in it."""

import json
from pathlib import Path

from otcloud.trials.published import read_index
from otcloud.trials.trial import Outcome, Trial


def line(name: str) -> str:
    trial = Trial(trial=name, task="t", outcome=Outcome.PASSED, rewards={"reward": 1.0}, reward=1.0)
    return json.dumps({**trial.model_dump(mode="json"), "archive": "x", "sha256": "0", "size": 1, "later": [1]})


def test_whole_lines_are_read_in_order_and_the_rest_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "index.jsonl"
    torn, foreign = line("torn")[:40] + line("eaten"), '{"outcome": "splendid"}'
    path.write_text("\n".join([line("a"), torn, "", foreign, line("b"), line("no newline yet")]))
    assert [trial.trial for trial in read_index(path)] == ["a", "b"]


def test_no_index_is_no_trials(tmp_path: Path) -> None:
    assert list(read_index(tmp_path / "index.jsonl")) == []

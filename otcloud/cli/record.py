"""What the client's record of a run says beside its trials: tasks left out, time spent, rows of the dataset.

Older records lack some of it, and what has an odd shape counts as missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from otcloud.cli.render import table
from otcloud.runs.journal import read_json
from otcloud.runs.layout import RunDir
from otcloud.runs.stored import amended
from otcloud.trials.record import count, mapping, number, text

_MOST = 5
_WIDEST = 90


@dataclass(frozen=True)
class Record:
    """`left_out`: task -> reason. `driven_sec`: seconds that otcloud drove the run, in all. `rows`: of the dataset.

    `skipped`: trial and reason of each trial without a row. `amended`: time and words of each amendment.
    """

    left_out: dict[str, str]
    driven_sec: float | None
    rows: int | None
    skipped: list[tuple[str, str]]
    amended: list[tuple[str, str]]

    def document(self) -> dict[str, Any]:
        """For `--json`; `dataset` is None before it was built."""
        dataset = None if self.rows is None else {"rows": self.rows, "skipped": self.skipped}
        amended = [{"t": t, "words": words} for t, words in self.amended]
        return {"left_out": self.left_out, "driven_sec": self.driven_sec, "dataset": dataset, "amended": amended}

    def tasks(self) -> str | None:
        """How many tasks were left out, and the first of their names."""
        if not self.left_out:
            return None
        names = [*list(self.left_out)[:3], *(["..."] if len(self.left_out) > 3 else [])]
        return f"{_many(len(self.left_out), 'task')} ({', '.join(names)})"

    def dataset(self) -> str | None:
        """How large the dataset is."""
        if self.rows is None:
            return None
        without = f", {_many(len(self.skipped), 'trial')} without a row" if self.skipped else ""
        return _many(self.rows, "row") + without

    def reasons(self) -> list[str]:
        """A table for each of the two kinds of what is not there, bounded."""
        kinds = (("task left out", list(self.left_out.items())), ("trial without a row", self.skipped))
        return [_reasons(title, rows) for title, rows in kinds if rows]


def read_record(run: RunDir) -> Record:
    """The record of a run."""
    found = read_json(run.run) or {}
    left_out = {name: text(reason) or "no reason given" for name, reason in mapping(found, "left_out").items()}
    traces = mapping(found, "traces")
    rows, skipped = count(traces.get("rows")), _pairs(traces.get("skipped"))
    return Record(left_out, number(found.get("driven_sec")), rows, skipped, list(amended(run)))


def _pairs(value: object) -> list[tuple[str, str]]:
    listed = cast(list[object], value) if isinstance(value, list) else []
    pairs = [cast(list[object], each) for each in listed if isinstance(each, list)]
    return [(text(pair[0]), text(pair[1])) for pair in pairs if len(pair) == 2 and text(pair[0])]


def _reasons(title: str, rows: Sequence[tuple[str, str]]) -> str:
    shown = [(name, " ".join(reason.split())[:_WIDEST]) for name, reason in rows[:_MOST]]
    more = f"\n... and {len(rows) - _MOST} more in run.json" if len(rows) > _MOST else ""
    return table((title, "reason"), shown) + more


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

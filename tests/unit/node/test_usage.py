"""What attempts at work have used: read from whichever file goes on, a few at a time, and not twice for nothing."""

import os
from pathlib import Path

import pytest

from otcloud.node import usage
from otcloud.node.spend import Spend
from otcloud.runs.journal import write_json
from otcloud.runs.layout import TRAJECTORY, RunDir
from tests.unit.node.spending import note, spec, trajectory


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """An empty run directory."""
    return RunDir(tmp_path / "run")


def test_an_attempt_goes_on_in_another_file_when_it_sums_up(run: RunDir) -> None:
    """As terminus-2 with linear_history does; the figures go on from file to file."""
    spend, folder = Spend(run, spec()), (run.jobs / "0000-00" / "a" / TRAJECTORY).parent

    def part(name: str, tokens: int, **more: str) -> None:
        write_json(folder / name, {"final_metrics": {"total_prompt_tokens": tokens}, **more})

    def live() -> float:
        for _ in range(3):
            spend.look()
        return sum(spend.live.values())

    note(run, "job-start", "")
    note(run, "start", "a")
    spend.read()
    part("trajectory.json", 100_000)
    assert live() == 0.1
    part("trajectory.json", 200_000, continued_trajectory_ref="trajectory.cont-1.json")
    assert live() == 0.2
    part("trajectory.cont-1.json", 300_000, continued_trajectory_ref="trajectory.cont-2.json")
    part("trajectory.cont-2.json", 400_000)
    assert live() == 0.4
    (folder / "trajectory.cont-2.json").write_text('{"final_met')
    assert live() == 0.4
    assert Spend(run, spec()).total_usd == 0.3
    note(run, "end", "a", outcome="infra")
    note(run, "start", "a")
    spend.read()
    part("trajectory.json", 50_000)
    assert live() == 0.05


def test_a_look_reads_a_few_changed_trajectories_and_goes_round(run: RunDir, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage, "_MOST_BYTES", 1)
    spend = Spend(run, spec())
    note(run, "job-start", "")
    for trial in "abc":
        note(run, "start", trial)
        trajectory(run, trial, 1_000_000)
    spend.read()
    totals: list[float] = []
    for _ in range(3):
        spend.look()
        totals.append(spend.total_usd)
    assert (totals, spend.all_seen) == ([1.0, 2.0, 3.0], True)
    kept = run.jobs / "0000-00" / "a" / TRAJECTORY
    before = kept.stat()
    kept.write_text(kept.read_text().replace("1000000", "9000000"))
    os.utime(kept, ns=(before.st_atime_ns, before.st_mtime_ns))
    trajectory(run, "c", 2_000_000)
    spend.look()
    assert (spend.total_usd, spend.all_seen) == (4.0, True)

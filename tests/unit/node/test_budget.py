"""The budget: what attempts cost by events, files and prices, and what is done when the limit is near."""

import json
from pathlib import Path

import pytest

from otcloud.errors import LimitReached
from otcloud.node.budget import Budget
from otcloud.node.gate import Gate
from otcloud.node.spend import Prices, Spend
from otcloud.plan.plan import Plan
from otcloud.runs.journal import append_line
from otcloud.runs.layout import RunDir
from tests.unit.node.spending import end, note, spec, trajectory
from tests.unit.planned import plan_of, recipe_of

PRICED = Prices(1.0, 2.0)


def test_stated_prices_count_tokens_and_else_the_report_counts() -> None:
    assert PRICED.cost(1_000_000, 500_000, 9.0) == 2.0
    assert Prices(0.0, 0.0).cost(5, 5, None) == 0.0
    assert Prices().cost(5, 5, 0.25) == 0.25
    assert Prices().cost(5, 5, 0.0) is None
    assert Prices().cost(0, 0, None) == 0.0
    assert Prices().cost(None, None, None) is None
    assert PRICED.cost(None, None, None) is None


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """An empty run directory."""
    return RunDir(tmp_path / "run")


def test_every_attempt_counts_of_every_node_and_each_once(run: RunDir) -> None:
    """Two attempts at one trial, one of them retried; one that was cut off; one whose event was lost."""
    for trial in ("a", "a", "b"):
        note(run, "start", trial)
        end(run, trial)
    note(run, "start", "cut")
    trajectory(run, "cut", 250_000)
    for trial in ("a", "lost"):
        record = {"trial": trial, "task": "t", "outcome": "passed", "input_tokens": 125_000, "output_tokens": 0}
        append_line(run.published_index, record)
    spend = Spend(run, spec())
    assert (spend.total_usd, spend.priced, spend.unpriced, spend.live) == (1.875, 5, 0, {})
    note(run, "job-start", "")
    note(run, "start", "c")
    trajectory(run, "c", 100_000)
    spend.read()
    spend.look()
    assert spend.live == {("0000-00", "c"): 0.1}
    end(run, "c")
    spend.read()
    assert (spend.total_usd, spend.known_usd) == (2.375, 2.375)


def test_without_a_price_the_spend_is_unknown_unless_litellm_knows(run: RunDir) -> None:
    end(run, "a")
    assert Spend(run, spec(priced=False)).known_usd is None
    end(run, "b", cost_usd=0.75)
    known = Spend(run, spec(priced=False))
    assert (known.known_usd, known.unpriced) == (0.75, 1)


def test_an_attempt_without_a_cost_is_taken_at_the_mean_of_those_that_used_the_model(run: RunDir) -> None:
    """terminus-2 says 0 tokens of an attempt that ends before the first answer: that is no price."""
    for trial in ("z1", "z2"):
        note(run, "end", trial, outcome="infra", input_tokens=0, output_tokens=0)
    none = Spend(run, spec())
    assert (none.priced, none.mean_usd, none.known_usd) == (0, 0.0, 0.0)
    end(run, "a")
    end(run, "b", 1_000_000)
    end(run, "c", None)
    spend = Spend(run, spec())
    assert (spend.priced, spend.unpriced, spend.mean_usd) == (2, 1, 0.75)
    assert (spend.known_usd, spend.total_usd) == (1.5, 2.25)


def test_an_attempt_that_was_lost_before_it_asked_costs_nothing(run: RunDir) -> None:
    note(run, "end", "a", outcome="infra", cause="sandbox-start", input_tokens=None, output_tokens=None)
    spend = Spend(run, spec(priced=False))
    assert (spend.known_usd, spend.unpriced) == (0.0, 0)


class Watched:
    """A budget with its gate and its clock."""

    def __init__(self, folder: Path, limit: float | None, *, unfinished: bool = True, priced: bool = True) -> None:
        self.run = RunDir(folder / "run")
        self.run.gate.parent.mkdir(parents=True, exist_ok=True)
        self.gate = Gate(self.run)
        self.gate.release("server")
        self.now = 0.0
        self.budget = Budget(self.run, plan(folder, limit, priced), self.gate, lambda: unfinished, lambda: self.now)


def plan(folder: Path, limit: float | None, priced: bool) -> Plan:
    """A plan with this budget."""
    made = plan_of(recipe_of(folder / "work"))
    [candidate] = made.candidates
    serve = candidate.serve.model_copy(update={"api": spec(priced)})
    lifetime = made.lifetime.model_copy(update={"max_cost_usd": limit})
    return made.model_copy(
        update={"candidates": (candidate.model_copy(update={"serve": serve}),), "lifetime": lifetime}
    )


def test_starts_are_held_when_one_more_would_not_fit_and_those_at_work_go_on(tmp_path: Path) -> None:
    watched = Watched(tmp_path, 1.6)
    for trial in ("a", "b"):
        note(watched.run, "start", trial)
    watched.budget.tick(2)
    assert not watched.gate.held_for
    end(watched.run, "a")
    note(watched.run, "start", "c")
    watched.budget.tick(2)
    assert watched.gate.held_for == ("$0.5000 of $1.6 are spent: no further trial is started",)
    end(watched.run, "b")
    end(watched.run, "c")
    watched.budget.tick(0)
    watched.now = 4.0
    watched.budget.tick(0)
    watched.now = 6.0
    with pytest.raises(LimitReached, match=r"\$1.50 of \$1.6") as raised:
        watched.budget.tick(0)
    assert "--max-cost" in raised.value.do


def test_the_limit_itself_ends_what_is_at_work(tmp_path: Path) -> None:
    watched = Watched(tmp_path, 1.0)
    note(watched.run, "start", "a")
    trajectory(watched.run, "a", 999_999)
    watched.budget.tick(1)
    trajectory(watched.run, "a", 1_000_000)
    watched.now = 5.0
    with pytest.raises(LimitReached, match="used up") as raised:
        watched.budget.tick(1)
    assert "1 in flight were ended" in raised.value.why


def test_a_run_that_is_complete_is_not_ended_by_its_last_cent(tmp_path: Path) -> None:
    watched = Watched(tmp_path, 0.5, unfinished=False)
    end(watched.run, "a")
    for watched.now in (0.0, 60.0):
        watched.budget.tick(0)
    assert watched.budget.figures() == {"spent_usd": 0.5, "unpriced_attempts": 0}


def test_nothing_is_started_when_an_earlier_node_spent_it_all(tmp_path: Path) -> None:
    end(RunDir(tmp_path / "run"), "a")
    with pytest.raises(LimitReached):
        Watched(tmp_path, 0.6).budget.begin()
    Watched(tmp_path, 1.0).budget.begin()


def test_a_budget_that_cannot_be_counted_ends_the_run(tmp_path: Path) -> None:
    watched = Watched(tmp_path, 5.0, priced=False)
    note(watched.run, "end", "lost", outcome="infra", input_tokens=0, output_tokens=0)
    for trial in "ab":
        end(watched.run, trial)
    watched.budget.tick(0)
    end(watched.run, "c")
    with pytest.raises(LimitReached, match="cannot be counted"):
        watched.budget.tick(0)


def test_without_a_limit_the_budget_only_tells(tmp_path: Path) -> None:
    watched = Watched(tmp_path, None)
    end(watched.run, "a", 9_000_000)
    watched.budget.begin()
    watched.budget.tick(0)
    assert not watched.gate.held_for
    assert json.loads(json.dumps(watched.budget.figures()))["spent_usd"] == 9.0

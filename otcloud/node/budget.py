"""The budget: a watch that keeps what the model's tokens cost within `limits.max_cost`.

New starts are held back when one more attempt would not fit; those in flight go on until the limit itself is reached.
Without a limit it only tells what was spent. How spend is counted is in spend.py.
"""

import time
from collections.abc import Callable
from typing import Any

from otcloud.errors import LimitReached
from otcloud.money import dollars
from otcloud.node.gate import Gate
from otcloud.node.spend import Spend
from otcloud.plan.plan import Plan
from otcloud.runs.events import Event
from otcloud.runs.layout import RunDir

HOLDER = "budget"
_LOOK_SEC = 5.0
_SETTLE_SEC = 5.0
"""What ended is published a moment after it ended."""
_BLIND_ATTEMPTS = 3
"""Attempts without a known cost, and none with one, after which a budget cannot be kept."""


class Budget:
    """Errors of `tick`: LimitReached. `unfinished` says whether the run still has trials to make."""

    def __init__(
        self,
        run: RunDir,
        plan: Plan,
        gate: Gate,
        unfinished: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        spec = plan.candidates[0].serve.api
        self._spend = None if spec is None else Spend(run, spec)
        self._limit = plan.lifetime.max_cost_usd
        self._gate = gate
        self._unfinished = unfinished
        self._clock = clock
        self._run_id = run.run_id
        self._look_at = 0.0
        self._idle_since: float | None = None
        self._holds = False

    def take(self, event: Event) -> None:
        """The plug-in's file is read whole instead: earlier nodes spent too."""

    def begin(self) -> None:
        """Before anything is started. Error: LimitReached when there is no room for an attempt."""
        if self._spend is not None and self._limit is not None and _is_full(self._spend, self._limit):
            raise self._used_up(self._spend, self._limit)

    def tick(self, running: int) -> None:
        """Hold back, let go or end."""
        spend, limit, now = self._spend, self._limit, self._clock()
        if spend is None or limit is None:
            return
        spend.read()
        if now >= self._look_at:
            spend.look()
            self._look_at = now + _LOOK_SEC if spend.all_seen else now
        if running or spend.live:
            self._idle_since = None
        elif self._idle_since is None:
            self._idle_since = now
        self._refuse_blind(spend, limit)
        full = _is_full(spend, limit)
        if full != self._holds:
            self._hold(spend, limit, full=full)
        if full and self._is_time(spend, limit, now) and self._unfinished():
            raise self._used_up(spend, limit)

    def figures(self) -> dict[str, Any]:
        """For the status: dollars spent, None where that is unknown; nothing at all where no tokens are bought."""
        if self._spend is None:
            return {}
        self._spend.read()
        known = self._spend.known_usd
        return {"spent_usd": None if known is None else round(known, 6), "unpriced_attempts": self._spend.unpriced}

    def _is_time(self, spend: Spend, limit: float, now: float) -> bool:
        """The limit is reached while trials work, or nothing more may start; what ended is published a moment later."""
        if self._idle_since is None:
            return spend.total_usd >= limit
        return now - self._idle_since >= _SETTLE_SEC

    def _hold(self, spend: Spend, limit: float, *, full: bool) -> None:
        self._holds = full
        if full:
            self._gate.hold(HOLDER, f"{dollars(spend.total_usd)} of ${limit:g} are spent: no further trial is started")
        else:
            self._gate.release(HOLDER)

    def _refuse_blind(self, spend: Spend, limit: float) -> None:
        if spend.unpriced >= _BLIND_ATTEMPTS and not spend.priced:
            raise LimitReached(
                f"what the run costs cannot be counted against limits.max_cost of ${limit:g}",
                why=f"{spend.unpriced} attempts ended without a word on their cost",
                do="state model.input_usd_per_mtok and model.output_usd_per_mtok in a new run, or leave max_cost out",
            )

    def _used_up(self, spend: Spend, limit: float) -> LimitReached:
        mean = f"{spend.priced} attempts, about {dollars(spend.mean_usd)} each" if spend.priced else ""
        blind = f"{spend.unpriced} more of unknown cost, taken at that mean" if spend.priced and spend.unpriced else ""
        cut = f"{len(spend.live)} in flight were ended" if spend.live else ""
        return LimitReached(
            f"the budget is used up: {dollars(spend.total_usd)} of ${limit:g} are spent, and there is no room for more",
            why="; ".join(filter(None, ("limits.max_cost", mean, blind, cut))),
            do=f"everything finished is kept; to go on: otcloud resume {self._run_id} --max-cost MORE",
        )


def _is_full(spend: Spend, limit: float) -> bool:
    """Whether one attempt more would not fit, those at work being taken to cost the mean at least."""
    mean = spend.mean_usd
    expected = spend.over_usd + sum(max(cost, mean) for cost in spend.live.values())
    return spend.total_usd >= limit or expected + mean > limit

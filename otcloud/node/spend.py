"""What a run's attempts have cost so far, from the events of Harbor's plug-in and, where there are none, from files.

Every attempt counts, also one that Harbor tries again and whose folder it deletes. An attempt that was cut off, or is
still at work, counts with what its trajectory says of it.
"""

from dataclasses import dataclass, field

from otcloud.plan.plan import ApiSpec
from otcloud.runs.journal import Tail, read_json
from otcloud.runs.layout import TRAJECTORY, RunDir
from otcloud.trials.published import read_index
from otcloud.trials.record import Json, count, mapping, number, text
from otcloud.trials.trial import COUNTING

type Attempt = tuple[str, str]
"""Harbor's job and the trial's name."""

type Usage = tuple[int | None, int | None, float | None]
"""Prompt tokens, generated tokens, and the cost in dollars as the agent reports it."""


@dataclass(frozen=True)
class Prices:
    """Dollars for a million tokens; None where the recipe does not say and only litellm may know."""

    input_usd_per_mtok: float | None = None
    output_usd_per_mtok: float | None = None

    def cost(self, input_tokens: int | None, output_tokens: int | None, reported: float | None) -> float | None:
        """Dollars for these tokens: by the stated prices, else as reported; None when that is unknown.

        A reported 0 for tokens that were used is litellm's word for not knowing.
        """
        asked, said = input_tokens or 0, output_tokens or 0
        if self.input_usd_per_mtok is not None and (asked or said):
            return (asked * self.input_usd_per_mtok + said * (self.output_usd_per_mtok or 0.0)) / 1e6
        if reported:
            return reported
        return None if asked or said or (input_tokens is None and output_tokens is None) else 0.0


@dataclass
class Spend:
    """The spend of one run, all its nodes and parts together. Call `read` for the latest."""

    run: RunDir
    spec: ApiSpec
    ended_usd: float = 0.0
    """Of attempts that are over."""

    priced: int = 0
    """Attempts that are over and whose cost is known."""

    unpriced: int = 0
    """Attempts that are over, used the model, and whose cost is not known."""

    live: dict[Attempt, float] = field(default_factory=dict[Attempt, float])
    """Of each attempt at work, by what its trajectory says so far."""

    def __post_init__(self) -> None:
        self._prices = Prices(self.spec.input_usd_per_mtok, self.spec.output_usd_per_mtok)
        self._events = Tail(self.run.harbor_events)
        self._seen: set[str] = set()
        self.read()
        self._cut_off()
        for trial in read_index(self.run.published_index):
            if trial.trial not in self._seen:
                self._add((trial.input_tokens, trial.output_tokens, trial.cost_usd), counts=trial.counts)

    @property
    def total_usd(self) -> float:
        """What is known to have been spent."""
        return self.ended_usd + sum(self.live.values())

    @property
    def known_usd(self) -> float | None:
        """The same; None when attempts used the model and no price is known."""
        return None if self.unpriced and not self.priced else self.total_usd

    def read(self) -> None:
        """Take in what the plug-in wrote since."""
        for event in self._events.read():
            attempt = text(event.get("job")), text(event.get("trial"))
            match event.get("event"):
                case "job-start":
                    self._cut_off()
                case "start":
                    self.live[attempt] = 0.0
                case "end":
                    self.live.pop(attempt, None)
                    self._seen.add(attempt[1])
                    self._add(_usage(event), counts=event.get("outcome") in COUNTING)
                case _:
                    pass

    def look(self) -> None:
        """See what the attempts at work have used so far."""
        for attempt in self.live:
            cost = self._prices.cost(*_so_far(self.run, attempt))
            self.live[attempt] = max(cost or 0.0, self.live[attempt])

    def _cut_off(self) -> None:
        """No Harbor is at work on these any more: what they used is spent."""
        for attempt in list(self.live):
            known = self.live.pop(attempt)
            usage = _so_far(self.run, attempt)
            self._seen.add(attempt[1])
            if usage != (None, None, None):
                self._add(usage, counts=True)
            else:
                self.ended_usd += known

    def _add(self, usage: Usage, *, counts: bool) -> None:
        cost = self._prices.cost(*usage)
        if cost is not None:
            self.ended_usd += cost
            self.priced += 1
        elif counts or usage[0] or usage[1]:
            # Nothing is known of an attempt that was lost before it asked the model, and nothing was spent on it.
            self.unpriced += 1


def _usage(figures: Json) -> Usage:
    return count(figures.get("input_tokens")), count(figures.get("output_tokens")), number(figures.get("cost_usd"))


def _so_far(run: RunDir, attempt: Attempt) -> Usage:
    """Tokens and cost by an attempt's own trajectory."""
    totals = mapping(read_json(run.jobs / attempt[0] / attempt[1] / TRAJECTORY), "final_metrics")
    tokens = count(totals.get("total_prompt_tokens")), count(totals.get("total_completion_tokens"))
    return *tokens, number(totals.get("total_cost_usd"))

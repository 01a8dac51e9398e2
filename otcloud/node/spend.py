"""What a run's attempts have cost so far, from the events of Harbor's plug-in and, where there are none, from files.

Every attempt counts, also one that Harbor tries again and whose folder it deletes. An attempt that was cut off, or is
still at work, counts with what its trajectory says of it; one that used the model at a cost that nobody knows, with the
mean of the others.
"""

from dataclasses import dataclass, field

from otcloud.node.usage import Attempt, Trajectories, Usage, so_far
from otcloud.plan.plan import ApiSpec
from otcloud.runs.journal import Tail
from otcloud.runs.layout import RunDir
from otcloud.trials.published import read_index
from otcloud.trials.record import Json, count, number, text
from otcloud.trials.trial import COUNTING


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
    """Of attempts that are over and whose cost is known."""

    priced: int = 0
    """Attempts that are over, used the model, and whose cost is known."""

    unpriced: int = 0
    """Attempts that are over, used the model, and whose cost is not known."""

    live: dict[Attempt, float] = field(default_factory=dict[Attempt, float])
    """Of each attempt at work, by what its trajectory says so far."""

    def __post_init__(self) -> None:
        self._prices = Prices(self.spec.input_usd_per_mtok, self.spec.output_usd_per_mtok)
        self._events = Tail(self.run.harbor_events)
        self._trajectories = Trajectories(self.run)
        self._seen: set[str] = set()
        self.read()
        self._cut_off()
        for trial in read_index(self.run.published_index):
            if trial.trial not in self._seen:
                self._add((trial.input_tokens, trial.output_tokens, trial.cost_usd), counts=trial.counts)

    @property
    def mean_usd(self) -> float:
        """Of an attempt that used the model, by those whose cost is known; 0 without one."""
        return self.ended_usd / self.priced if self.priced else 0.0

    @property
    def over_usd(self) -> float:
        """Of all attempts that are over, those of unknown cost at the mean."""
        return self.ended_usd + self.unpriced * self.mean_usd

    @property
    def total_usd(self) -> float:
        """What has been spent, attempts of unknown cost taken at the mean."""
        return self.over_usd + sum(self.live.values())

    @property
    def known_usd(self) -> float | None:
        """What is known to have been spent; None when attempts used the model and no price is known."""
        return None if self.unpriced and not self.priced else self.ended_usd + sum(self.live.values())

    @property
    def all_seen(self) -> bool:
        """Whether the last round of `look` is over."""
        return self._trajectories.all_seen

    def read(self) -> None:
        """Take in what the plug-in wrote since."""
        for event in self._events.read():
            attempt = text(event.get("job")), text(event.get("trial"))
            match event.get("event"):
                case "job-start":
                    self._cut_off()
                case "start":
                    self.live[attempt] = 0.0
                    self._trajectories.forget(attempt)
                case "end":
                    self.live.pop(attempt, None)
                    self._trajectories.forget(attempt)
                    self._seen.add(attempt[1])
                    self._add(_usage(event), counts=event.get("outcome") in COUNTING)
                case _:
                    pass

    def look(self) -> None:
        """See what the next few of the attempts at work have used so far; call it again while not `all_seen`."""
        for attempt, usage in self._trajectories.look(self.live):
            cost = self._prices.cost(*usage)
            self.live[attempt] = max(cost or 0.0, self.live[attempt])

    def _cut_off(self) -> None:
        """No Harbor is at work on these any more: what they used is spent."""
        for attempt in list(self.live):
            known = self.live.pop(attempt)
            usage = so_far(self.run, attempt)
            self._trajectories.forget(attempt)
            self._seen.add(attempt[1])
            if usage != (None, None, None):
                self._add(usage, counts=True)
            elif known:
                self.ended_usd += known
                self.priced += 1

    def _add(self, usage: Usage, *, counts: bool) -> None:
        cost, used = self._prices.cost(*usage), bool(usage[0] or usage[1])
        if cost or (used and cost is not None):
            self.ended_usd += cost
            self.priced += 1
        elif cost is None and (counts or used):
            # Of an attempt that was lost before it asked the model nothing is known, or that it used 0 tokens: nothing
            # was spent on it, and it says nothing of what others cost.
            self.unpriced += 1


def _usage(figures: Json) -> Usage:
    return count(figures.get("input_tokens")), count(figures.get("output_tokens")), number(figures.get("cost_usd"))

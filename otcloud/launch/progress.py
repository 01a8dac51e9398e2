"""How far a run is, read from its files: the same for a run next door and for one that somebody else drives."""

from dataclasses import dataclass, field

from otcloud.money import dollars
from otcloud.runs.events import InFlight
from otcloud.runs.journal import Tail, read_json
from otcloud.runs.layout import RunDir
from otcloud.trials.record import count, number, text


@dataclass(frozen=True)
class Progress:
    """A run at one moment; times are seconds since the client began to look."""

    state: str = "starting"
    note: str = ""
    planned: int = 0
    done: int = 0
    passed: int = 0
    failed: int = 0
    infra: int = 0
    running: int = 0
    held: int = 0
    again: int = 0
    mean_reward: float | None = None
    output_tokens: int = 0
    spent_usd: float | None = None
    elapsed_sec: float = 0.0
    tokens_per_sec: float | None = None
    eta_sec: float | None = None

    def line(self) -> str:
        """One plain line."""
        reward = "-" if self.mean_reward is None else f"{self.mean_reward:.2f}"
        parts = [f"{self.state}: {self.done}/{self.planned} trials", f"{self.running} running"]
        parts += [f"{self.passed} passed", f"{self.failed} failed", f"{self.infra} lost to infrastructure"]
        parts += [f"{self.again} to run again"] if self.again else []
        parts += [f"mean reward {reward}"]
        if self.tokens_per_sec is not None:
            parts.append(f"{self.tokens_per_sec:.0f} tokens/s")
        if self.spent_usd is not None:
            parts.append(f"{dollars(self.spent_usd)} spent")
        if self.eta_sec is not None and self.state == "running":
            parts.append(f"about {duration(self.eta_sec)} left")
        return ", ".join(parts) + (f" ({self.note})" if self.note and self.state == "paused" else "")


@dataclass
class ProgressReader:
    """Reads a run's files as they grow."""

    run: RunDir
    _events: Tail = field(init=False)
    _in_flight: InFlight = field(default_factory=InFlight)
    _first: tuple[float, int, int] | None = None

    def __post_init__(self) -> None:
        self._events = Tail(self.run.harbor_events)
        self._events.skip()

    def read(self, elapsed_sec: float) -> Progress:
        """How far the run is now."""
        for event in self._events.read():
            self._in_flight.take(event)
        status = read_json(self.run.status) or {}
        done, tokens = count(status.get("done")) or 0, count(status.get("output_tokens")) or 0
        planned = count(status.get("planned")) or 0
        if self._first is None and self._in_flight.running:
            self._first = (elapsed_sec, done, tokens)
        rate, eta = self._pace(elapsed_sec, done, tokens, planned)
        return Progress(
            state=text(status.get("state")) or "starting",
            note=text(status.get("note")),
            planned=planned,
            done=done,
            passed=count(status.get("passed")) or 0,
            failed=count(status.get("failed")) or 0,
            infra=count(status.get("infra")) or 0,
            running=len(self._in_flight.running),
            held=len(self._in_flight.held),
            again=count(status.get("again")) or 0,
            mean_reward=number(status.get("mean_reward")),
            output_tokens=tokens,
            spent_usd=number(status.get("spent_usd")),
            elapsed_sec=elapsed_sec,
            tokens_per_sec=rate,
            eta_sec=eta,
        )

    def _pace(self, elapsed: float, done: int, tokens: int, planned: int) -> tuple[float | None, float | None]:
        if self._first is None or elapsed <= self._first[0] or done <= self._first[1]:
            return None, None
        seconds = elapsed - self._first[0]
        per_trial = seconds / (done - self._first[1])
        return (tokens - self._first[2]) / seconds, per_trial * (planned - done) if done < planned else None


def duration(seconds: float) -> str:
    """Seconds as a person says them: `45 s`, `3 min 5 s`, `2 h 10 min`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    if minutes:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{rest} s"

"""Early stop: a watch that pauses new starts when attempts go wrong, tries a single one after a while, and gives up.

A pause ends by itself when the trial that was let through comes out sound: a provider's bad ten minutes end no run.
What counts as wrong is decided in health.py.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from otcloud.errors import HarborFailed, TooManyInfraFailures
from otcloud.node.gate import Gate
from otcloud.node.health import Attempt, Trouble, attempt_of, trouble
from otcloud.node.status import Status
from otcloud.recipe.schema.trials import EarlyStop
from otcloud.runs.events import Event

HOLDER = "early-stop"
_BACKOFF = 2


class EarlyStopWatch:
    """Holds the gate while the latest attempts are bad. Errors of `tick`: HarborFailed when no attempt of the run ever
    came through, else TooManyInfraFailures, both with the causes counted. `done_before`: trials of earlier nodes that
    count; they change the error alone, since what worked yesterday is tried anew today."""

    def __init__(
        self,
        rules: EarlyStop,
        gate: Gate,
        status: Status,
        run_id: str,
        done_before: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rules = rules
        self._gate = gate
        self._status = status
        self._run_id = run_id
        self._done_before = done_before
        self._clock = clock
        self._attempts: list[Attempt] = []
        self._excused: set[str] = set()
        self._worked = False
        self._seen = 0
        self._trouble: Trouble | None = None
        self._probes = 0
        self._probe_at = float("inf")
        self._probe: str | None = None
        self._admitted = False

    def take(self, event: Event) -> None:
        """See one event: the end of an attempt, or the start of the one that was let through."""
        name, trial = event.get("event"), str(event.get("trial"))
        if name == "start" and self._admitted and self._probe is None:
            self._probe = trial
        elif name == "job-start":
            self._excused.clear()
            self._again()
        elif name == "cancel":
            self._excused.discard(trial)
            if trial == self._probe:
                self._again()
        elif name == "end" and (attempt := attempt_of(event)) is not None:
            self._ended(attempt)

    def tick(self, running: int) -> None:
        """Pause when the attempts have gone wrong; let one through when the pause is over."""
        if self._trouble is None:
            found = trouble(self._attempts, self._rules, worked=self._worked) if self._rules.enabled else None
            if found is not None:
                self._pause(found)
        elif self._probe is not None and running == 0:
            self._again()  # its end was lost, with Harbor or on a full disk
        elif self._admitted and self._probe is None and not self._gate.admitting:
            self._admitted, self._probe_at = False, self._clock()  # somebody held the gate before it could start
        elif self._clock() >= self._probe_at and self._gate.admit(HOLDER, 1):
            self._probe_at, self._admitted = float("inf"), True
            self._status.event("probe", number=self._probes + 1)

    def check(self) -> None:
        """For a run whose trials have all ended: the error of a pause that nothing has lifted."""
        if self._trouble is not None:
            self._give_up(self._trouble)

    def excuse(self, trials: Iterable[str]) -> None:
        """These were in flight when the model server went down: how they end says nothing of the rest."""
        self._excused.update(trials)

    def _ended(self, attempt: Attempt) -> None:
        if attempt.trial in self._excused:
            self._excused.discard(attempt.trial)
            if attempt.lost:
                if attempt.trial == self._probe:
                    self._again()
                return
        self._attempts.append(attempt)
        del self._attempts[: -max(self._rules.window, self._rules.smoke_trials)]
        self._seen += 1
        if self._trouble is None:
            self._worked = self._worked or not attempt.cause
        elif attempt.trial == self._probe:
            self._probed(attempt)

    def _pause(self, found: Trouble) -> None:
        self._trouble = found
        if found.hopeless or self._rules.probes == 0:
            self._give_up(found)
        self._hold(found, self._rules.pause_sec)

    def _again(self) -> None:
        """The trial that was let through told nothing: pause as long as before, and let another one through."""
        if self._trouble is not None:
            self._hold(self._trouble, self._rules.pause_sec * _BACKOFF**self._probes)

    def _hold(self, found: Trouble, seconds: float) -> None:
        self._gate.hold(HOLDER, f"{found.what}; one trial is tried in {seconds:g} s")
        self._probe, self._admitted, self._probe_at = None, False, self._clock() + seconds
        self._status.event("paused", why=found.what, causes=found.diagnosis(), seconds=seconds)

    def _probed(self, attempt: Attempt) -> None:
        found = self._trouble
        if found is None:
            return
        self._probes += 1
        if not attempt.cause:
            self._attempts, self._worked, self._trouble, self._probes = [], True, None, 0
            self._gate.release(HOLDER)
            self._status.event("unpaused", trial=attempt.trial)
        elif self._probes >= self._rules.probes:
            self._give_up(found)
        else:
            self._hold(found, self._rules.pause_sec * _BACKOFF**self._probes)

    def _give_up(self, found: Trouble) -> None:
        again = f"everything finished is kept; mend the cause, then: otcloud resume {self._run_id}"
        error = HarborFailed if found.never_worked and not self._done_before else TooManyInfraFailures
        do = f"{again} (trials.early_stop says when a run ends early)"
        now = replace(found, attempts=tuple(self._attempts))
        what = f"none of {self._seen} attempts came through" if found.never_worked else found.what
        raise error(f"stopped early: {what}", why=now.diagnosis(), do=do)

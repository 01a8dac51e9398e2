"""The node's course: publish what an earlier node left, serve, run Harbor on what is missing, publish, end truthfully.

It holds no state that is not on disk: killed at any moment, the next node goes on from the published index.
"""

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from otcloud import process
from otcloud.errors import (
    HarborFailed,
    InputInvalid,
    Interrupted,
    LimitReached,
)
from otcloud.harbor_ext.sandbox import scratch
from otcloud.node import harbor as harbor_jobs
from otcloud.node.api import ApiServer
from otcloud.node.budget import Budget
from otcloud.node.containers import Containers
from otcloud.node.disk import DiskWatch
from otcloud.node.early_stop import EarlyStopWatch
from otcloud.node.ending import too_many_lost, unpublished
from otcloud.node.gate import Gate
from otcloud.node.hidden import hidden
from otcloud.node.publish import Publisher
from otcloud.node.serving import ModelServer, NoServer, Server
from otcloud.node.slots import EVERYTHING, Scope, TaskEntry
from otcloud.node.status import Status
from otcloud.node.watch import Watch
from otcloud.plan.plan import Plan
from otcloud.programs import Harbor
from otcloud.runs.events import InFlight
from otcloud.runs.journal import Tail
from otcloud.runs.layout import RunDir
from otcloud.trials.summary import Summary, summarize

_TICK_SEC = 0.1
_SETTLE_SEC = 1.0
"""Harbor still scrubs a trial's folder after it has said that the trial ended."""
_MAX_BARREN_PARTS = 2
"""Parts in a row that publish nothing before the node gives up on Harbor."""


@dataclass
class Runner:
    """One node at work. `stopping` says whether somebody asked for the end; `lock` is shared with what it starts."""

    run: RunDir
    plan: Plan
    tasks: list[TaskEntry]
    harbor: Harbor
    environ: Mapping[str, str]
    secrets: Mapping[str, str]
    status: Status
    stopping: Callable[[], bool]
    lock: int
    scope: Scope = EVERYTHING

    def __post_init__(self) -> None:
        self._containers = Containers(self.run, self.plan, self.environ, self.status)
        self.gate = Gate(self.run)
        self.publisher = Publisher(
            self.run, self.tasks, self.plan.harbor.max_retries, self.scope, hidden(self.secrets, {})
        )
        done, rules = sum(trial.counts for trial in self.publisher.trials), self.plan.harbor.early_stop
        self._early_stop = EarlyStopWatch(rules, self.gate, self.status, self.run.run_id, done)
        self._disk = DiskWatch(self.run, self.gate)
        self._budget = Budget(self.run, self.plan, self.gate, lambda: bool(self._missing()))
        self.watches: list[Watch] = [self._disk, self._early_stop, self._budget]
        self._in_flight = InFlight()
        self._was_ready = False
        self.planned = len(self.tasks) * self.plan.harbor.attempts
        self._deadline = time.monotonic() + self.plan.lifetime.max_sec
        self._settling: list[tuple[float, str, str, str | None]] = []
        self._summary = summarize((), self.planned)
        self._summary_due = 0.0

    def execute(self) -> None:
        """Run to the end. Errors: whatever ends the run early, after everything finished has been published."""
        self._clear_scratch()
        self.publisher.mend()
        self.publisher.catch_up()
        if todo := self._missing():
            self._check_tasks(todo)
            self._check_end()
            self._disk.check()
            self._report("starting", now=True)
            self._budget.begin()
            self._containers.prepare()
            server = self._server()
            self.publisher.redaction = hidden(self.secrets, server.variables)
            try:
                server.start()
                self._parts(server)
            finally:
                server.stop()
                self._clear_scratch()
        self._report("finishing", now=True)
        self._judge()

    def _parts(self, server: ModelServer) -> None:
        env = harbor_jobs.environment(self.environ, self.secrets, self.harbor, self.run, server.variables)
        barren = 0
        while todo := self._missing():
            code = self._part(harbor_jobs.next_job(self.run), todo, env, server)
            if code == 0:
                return
            self.status.event("harbor-died", code=code)
            self._disk.check()
            self._containers.sweep()
            barren = barren + 1 if len(self._missing()) >= len(todo) else 0
            if barren >= _MAX_BARREN_PARTS:
                raise HarborFailed(
                    f"Harbor ended with code {code} before any trial finished",
                    why=harbor_jobs.last_words(self.run),
                    do=f"read logs/harbor.log; then: otcloud resume {self.run.run_id}",
                )

    def _part(self, job: str, todo: list[TaskEntry], env: Mapping[str, str], server: ModelServer) -> int:
        events = Tail(self.run.harbor_events)
        events.skip()
        child = harbor_jobs.start(self.run, self.harbor, harbor_jobs.compose(self.plan, job, todo), env, self.lock)
        try:
            self.status.event("harbor-start", job=job, pid=child.pid, trials=len(todo))
            while (code := child.poll()) is None:
                self._check_end()
                self._look_after(server)
                self._follow(events)
                for watch in self.watches:
                    watch.tick(len(self._in_flight.running))
                state = "paused" if self.gate.held_for else "running"
                note = "; ".join(filter(None, self.gate.held_for))
                self._report(state if server.ready else "serving", job=job, note=note)
                time.sleep(_TICK_SEC)
            return code
        finally:
            self._stop(child)

    def _look_after(self, server: ModelServer) -> None:
        server.tick()
        if self._was_ready and not server.ready:
            self._early_stop.excuse(self._in_flight.running)
        self._was_ready = server.ready

    def _stop(self, child: process.Child) -> None:
        try:
            if child.poll() is None:
                self.status.update(state="stopping")
        finally:
            harbor_jobs.stop(child)
        self._settling.clear()
        self.publisher.catch_up()
        self._report("stopping", now=True)

    def _follow(self, events: Tail) -> None:
        now = time.monotonic()
        for event in events.read():
            self._in_flight.take(event)
            for watch in self.watches:
                watch.take(event)
            if event.get("event") == "end" and "job" in event and "trial" in event:
                job, trial = str(event["job"]), str(event["trial"])
                self._settling.append((now + _SETTLE_SEC, job, trial, event.get("exception")))
        while self._settling and self._settling[0][0] <= now:
            _, job, trial, exception = self._settling.pop(0)
            self.publisher.ended(job, trial, exception)

    def _check_end(self) -> None:
        if self.stopping():
            raise Interrupted("interrupted", do=f"to go on: otcloud resume {self.run.run_id}")
        if time.monotonic() > self._deadline:
            raise LimitReached(
                f"the run's lifetime of {self.plan.lifetime.max_sec / 3600:g} hours is over",
                why="limits.max_hours",
                do=f"everything finished is kept; to go on: otcloud resume {self.run.run_id}",
            )

    def _check_tasks(self, todo: list[TaskEntry]) -> None:
        gone = sorted({task.path for task in todo if not (self.run.root / task.path).is_dir()})
        if gone:
            raise InputInvalid(
                f"{len(gone)} tasks are missing in the run directory, the first is {gone[0]}",
                why="somebody removed or moved them",
                do="start a new run: the same command with --new",
            )

    def _report(self, state: str, *, now: bool = False, **facts: object) -> None:
        done = self._summarize(now=now)
        counts = done.model_dump(include={"planned", "done", "passed", "failed", "unverified", "infra"})
        used = done.model_dump(include={"input_tokens", "output_tokens"}) | self._budget.figures()
        used["mean_reward"] = done.mean_counting
        self.status.update(state=state, **counts, **used, again=self.publisher.again, **facts)

    def _judge(self) -> None:
        done, attempts = self._summarize(now=True), self.plan.harbor.attempts
        lost = len(self.publisher.missing(attempts, everything=True))
        if lost and self.publisher.unpublished:
            raise unpublished(self.publisher.unpublished.values(), self.run.run_id)
        if lost > self.plan.harbor.infra_tolerance * self.planned:
            self._early_stop.check()
            raise too_many_lost(lost, self.planned, done, asked_for_others=self.scope.slots is not None, run=self.run)

    def _summarize(self, *, now: bool = False) -> Summary:
        """The run's figures; unless asked for `now`, taken for no more than a twentieth of the node's time."""
        begin = time.monotonic()
        if now or begin >= self._summary_due:
            self._summary = summarize(self.publisher.trials, self.planned)
            self._summary_due = begin + 20 * (time.monotonic() - begin)
        return self._summary

    def _missing(self) -> list[TaskEntry]:
        return self.publisher.missing(self.plan.harbor.attempts)

    def _server(self) -> ModelServer:
        spec = self.plan.candidates[0].serve
        if spec.engine == "none":
            return NoServer(self.gate)
        if spec.api is not None:
            server = ApiServer(spec, self.run, self.gate, self.status, self.secrets, self.environ)
            self.watches.append(server)
            return server
        return Server(spec, self.run, self.gate, _plain(self.environ), self.status, self.lock)

    def _clear_scratch(self) -> None:
        with contextlib.suppress(FileNotFoundError):  # nothing has been left there
            scratch.remove(self.run.scratch)
        self._containers.sweep()
        self.run.gate.unlink(missing_ok=True)


def _plain(environ: Mapping[str, str]) -> dict[str, str]:
    kept = ("PATH", "LD_LIBRARY_PATH", "HOME", "LANG", "PYTHONPATH", "VIRTUAL_ENV")
    return {name: environ[name] for name in kept if name in environ}

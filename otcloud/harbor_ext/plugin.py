"""Harbor's plug-in: one event line for each step of a trial, and a gate that holds starts back.

Harbor awaits hooks in line and lets what they raise end the job, so nothing here may raise: an event that cannot be
written is kept and written before the next one.
"""

import asyncio
import logging
import os
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harbor.job import Job
from harbor.models.job.plugin import BaseJobPlugin
from harbor.models.job.result import JobResult
from harbor.trial.hooks import TrialEvent, TrialHookEvent

from otcloud.harbor_ext import discreet, patience
from otcloud.harbor_ext.entrance import Entrance
from otcloud.runs.journal import append_line
from otcloud.secrets import load
from otcloud.trials.files import FolderFiles
from otcloud.trials.read import read_trial
from otcloud.trials.redaction import RedactedFiles, Redaction
from otcloud.trials.trial import Trial

_log = logging.getLogger(__name__)
_GATE_POLL_SEC = 0.2
_MOST_UNWRITTEN = 10_000


class Plugin(BaseJobPlugin):
    """`--plugin otcloud.harbor_ext.plugin:Plugin --pk events=FILE --pk gate=FILE`, paths relative to Harbor's folder.

    Trials start while the gate (node/gate.py) lets them; without a gate they are never held.
    """

    def __init__(self, events: str, gate: str | None = None) -> None:
        super().__init__()
        self._events = Path(events)
        self._gate = Entrance(Path(gate)) if gate else None
        self._job = ""
        self._unwritten: deque[dict[str, Any]] = deque(maxlen=_MOST_UNWRITTEN)
        self._redaction = Redaction(load({**os.environ}).values)
        discreet.install(self._redaction.text)

    async def on_job_start(self, job: Job) -> None:
        """Register for every event of every trial."""
        self._job = job.config.job_name
        for event in TrialEvent:
            job.add_hook(event, self._on_start if event is TrialEvent.START else self._on_event)
        if any(agent.model_name for agent in job.config.agents):
            patience.install()
        self._write({"event": "job-start", "trials": len(job)})

    async def on_job_end(self, job_result: JobResult) -> None:
        """Harbor calls this only when the job was not cancelled."""
        self._write({"event": "job-end", "trials": job_result.n_total_trials})

    async def _on_start(self, event: TrialHookEvent) -> None:
        if self._gate is not None and not self._gate.admits():
            self._write_trial(event, name="held")
            while not self._gate.admits():
                await asyncio.sleep(_GATE_POLL_SEC)
        self._write_trial(event)

    async def _on_event(self, event: TrialHookEvent) -> None:
        if event.event is not TrialEvent.END:
            self._write_trial(event)
            return
        # Read here, where it still is: Harbor deletes the folder of a trial that it tries again.
        files = FolderFiles(event.config.trials_dir / event.trial_name)
        trial = read_trial(RedactedFiles(files, self._redaction))
        self._write_trial(event, facts=self._ending(event, trial))
        if event.result.exception_info is not None and trial is not None and trial.counts:
            # The sandbox of a graded trial would not stop, say. Harbor would delete the trial and run it again; its
            # files keep the exception, and only the copy by which Harbor decides about a retry loses it.
            event.result.exception_info = None

    def _ending(self, event: TrialHookEvent, trial: Trial | None) -> dict[str, Any]:
        """What an attempt was evidence of and what it used, a later retry or not."""
        failure, verified = event.result.exception_info, event.result.verifier_result
        facts: dict[str, Any] = {
            "exception": failure.exception_type if failure is not None else None,
            "rewards": verified.rewards if verified is not None else None,
        }
        if trial is None:
            return facts
        return facts | {
            "outcome": trial.outcome.value,
            "cause": trial.cause,
            "message": trial.message,
            "empty": trial.is_empty,
            "input_tokens": trial.input_tokens,
            "output_tokens": trial.output_tokens,
            "cost_usd": trial.cost_usd,
        }

    def _write_trial(
        self, event: TrialHookEvent, name: str | None = None, facts: Mapping[str, Any] | None = None
    ) -> None:
        path = event.config.task.path
        record: dict[str, Any] = {
            "event": name or event.event.value,
            "trial": event.trial_name,
            "task": path.name if path is not None else event.task_name,
            "t": event.timestamp.isoformat(),
            **(facts or {}),
        }
        self._write(record)

    def _write(self, record: dict[str, Any]) -> None:
        self._unwritten.append({"job": self._job, **record})
        try:
            while self._unwritten:
                append_line(self._events, self._unwritten[0])
                self._unwritten.popleft()
        except OSError as error:
            # A full disk must not end the job. It may have room again in a moment: a trial whose end was never
            # written would be at work for ever.
            _log.warning("otcloud: cannot write %d events yet: %s", len(self._unwritten), error)
        except ValueError as error:
            # An odd name: it will never be written, and must not hold up the others.
            self._unwritten.popleft()
            _log.warning("otcloud: cannot write an event: %s", error)

"""Harbor's plug-in: one event line for each step of a trial, and a gate that holds starts while no model answers.

Harbor awaits hooks in line and lets what they raise end the job, so nothing here may raise: an event that cannot be
written is lost, and the trial's own files still tell its story.
"""

import asyncio
import logging
from pathlib import Path
from typing import Any

from harbor.job import Job
from harbor.models.job.plugin import BaseJobPlugin
from harbor.models.job.result import JobResult
from harbor.trial.hooks import TrialEvent, TrialHookEvent

from otcloud.runs.journal import append_line
from otcloud.trials.files import FolderFiles
from otcloud.trials.read import read_trial

_log = logging.getLogger(__name__)
_GATE_POLL_SEC = 0.2


class Plugin(BaseJobPlugin):
    """`--plugin otcloud.harbor_ext.plugin:Plugin --pk events=FILE --pk gate=FILE`, paths relative to Harbor's folder.

    Trials start while the gate file exists; without a gate they are never held.
    """

    def __init__(self, events: str, gate: str | None = None) -> None:
        super().__init__()
        self._events = Path(events)
        self._gate = Path(gate) if gate else None
        self._job = ""

    async def on_job_start(self, job: Job) -> None:
        """Register for every event of every trial."""
        self._job = job.config.job_name
        for event in TrialEvent:
            job.add_hook(event, self._on_start if event is TrialEvent.START else self._on_event)
        self._write({"event": "job-start", "trials": len(job)})

    async def on_job_end(self, job_result: JobResult) -> None:
        """Harbor calls this only when the job was not cancelled."""
        self._write({"event": "job-end", "trials": job_result.n_total_trials})

    async def _on_start(self, event: TrialHookEvent) -> None:
        if self._gate is not None and not self._gate.exists():
            self._write_trial(event, name="held")
            while not self._gate.exists():
                await asyncio.sleep(_GATE_POLL_SEC)
        self._write_trial(event)

    async def _on_event(self, event: TrialHookEvent) -> None:
        self._write_trial(event)
        if event.event is TrialEvent.END and event.result.exception_info is not None and _is_graded(event):
            # The sandbox of a graded trial would not stop, say. Harbor would delete the trial and run it again; its
            # files keep the exception, and only the copy by which Harbor decides about a retry loses it.
            event.result.exception_info = None

    def _write_trial(self, event: TrialHookEvent, name: str | None = None) -> None:
        path = event.config.task.path
        record: dict[str, Any] = {
            "event": name or event.event.value,
            "trial": event.trial_name,
            "task": path.name if path is not None else event.task_name,
            "t": event.timestamp.isoformat(),
        }
        if event.event is TrialEvent.END:
            failure = event.result.exception_info
            verified = event.result.verifier_result
            record["exception"] = failure.exception_type if failure is not None else None
            record["rewards"] = verified.rewards if verified is not None else None
        self._write(record)

    def _write(self, record: dict[str, Any]) -> None:
        try:
            append_line(self._events, {"job": self._job, **record})
        except (OSError, ValueError) as error:
            # A full disk or an odd name must not end the job: what this line said is also in the trial's own files.
            _log.warning("otcloud: cannot write an event: %s", error)


def _is_graded(event: TrialHookEvent) -> bool:
    trial = read_trial(FolderFiles(event.config.trials_dir / event.trial_name))
    return trial is not None and trial.counts

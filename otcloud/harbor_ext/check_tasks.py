"""Which tasks Harbor can run: each is read, and its trial is created and dropped, by Harbor's own code.

One task that fails while its trial is created ends a whole Harbor job, so the question is asked before the job. Reads
one JSON document from stdin ({"root", "names", "job"}), writes one JSON line for each task: {"name", "problem"}. When
Harbor refuses the agent or the environment whatever the task, there is one answer, under the empty name.
"""

import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harbor.agents.factory import AgentFactory
from harbor.models.job.config import JobConfig
from harbor.models.task.task import Task
from harbor.models.trial.config import TaskConfig, TrialConfig
from harbor.trial.trial import Trial

from otcloud.harbor_ext.sandbox.support import unsupported


async def problem_of(folder: Path, job: JobConfig, trials_dir: Path) -> str | None:
    """Why Harbor cannot run the task in `folder` with this job's agent and environment; None when it can."""
    try:
        task = Task(folder, disable_verification=job.verifier.disable)
        if not task.has_steps and not task.instruction.strip():
            return "instruction.md is empty"
        config = TrialConfig(
            task=TaskConfig(path=folder),
            trials_dir=trials_dir,
            agent=job.agents[0],
            environment=job.environment,
            verifier=job.verifier,
        )
        _close_log(await Trial.create(config))
    except Exception as error:  # noqa: BLE001 - whatever a task can make Harbor raise is a fact about that task
        return f"{type(error).__name__}: {_first_lines(str(error))}"
    reasons = unsupported(task) if _is_local(job) else []
    return "; ".join(reasons) or None


def check(document: dict[str, Any]) -> Iterator[dict[str, str | None]]:
    """One answer for each name in `document`."""
    with tempfile.TemporaryDirectory() as trials_dir:
        try:
            job = JobConfig.model_validate(document["job"])
            AgentFactory.get_agent_class_from_config(job.agents[0]).parse_options(job.agents[0].kwargs)
        except Exception as error:  # noqa: BLE001 - an agent of the user's own may raise anything
            yield {"name": "", "problem": f"{type(error).__name__}: {_first_lines(str(error))}"}
            return
        for name in document["names"]:
            problem = asyncio.run(problem_of(Path(document["root"]) / name, job, Path(trials_dir)))
            yield {"name": name, "problem": problem}


def _close_log(trial: Trial) -> None:
    """A trial that is never run would keep its log open, and a set of tasks can outnumber the open files allowed."""
    for handler in list(trial.logger.handlers):
        trial.logger.removeHandler(handler)
        handler.close()


def _is_local(job: JobConfig) -> bool:
    return (job.environment.import_path or "").endswith(":LocalSandbox")


def _first_lines(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[:4])[:400]


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    for answer in check(json.load(sys.stdin)):
        sys.stdout.write(json.dumps(answer) + "\n")

"""Which tasks Harbor can run: each is read, and its trial is created and dropped, by Harbor's own code.

One task that fails while its trial is created ends a whole Harbor job, so the question is asked before the job. Reads
one JSON document from stdin ({"root", "names", "job"}), writes one JSON line for each task: {"name", "problem"}. When
Harbor refuses the agent or the environment whatever the task, there is one answer, under the empty name.
"""

import asyncio
import inspect
import json
import logging
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harbor.agents.base import BaseAgent
from harbor.agents.factory import AgentFactory
from harbor.agents.installed.base import BaseInstalledAgent
from harbor.models.job.config import JobConfig
from harbor.models.task.config import NetworkMode
from harbor.models.task.task import Task
from harbor.models.trial.config import TaskConfig, TrialConfig
from harbor.trial.trial import Trial

from otcloud.harbor_ext.sandbox import options
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
    reasons = [*no_network(task, job), *(unsupported(task) if _is_local(job) else [])]
    return "; ".join(reasons) or None


def check(document: dict[str, Any]) -> Iterator[dict[str, str | None]]:
    """One answer for each name in `document`."""
    with tempfile.TemporaryDirectory() as trials_dir:
        try:
            job = JobConfig.model_validate(document["job"])
            check_agent(job)
            check_options(job)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - an agent of the user's own may raise anything
            yield {"name": "", "problem": f"{type(error).__name__}: {_first_lines(str(error))}"}
            return
        for name in document["names"]:
            problem = asyncio.run(problem_of(Path(document["root"]) / name, job, Path(trials_dir)))
            yield {"name": name, "problem": problem}


def check_agent(job: JobConfig) -> None:
    """Errors: whatever Harbor, the agent's own code or we have against the job's agent, whatever the task."""
    agent = job.agents[0]
    # Harbor casts what it imported, and does not look.
    kind: type = AgentFactory.get_agent_class_from_config(agent)
    if not issubclass(kind, BaseAgent):
        raise TypeError(f"{agent.import_path} is no subclass of harbor.agents.base.BaseAgent")
    if inspect.isabstract(kind):
        raise TypeError(f"{agent.import_path} lacks {', '.join(sorted(kind.__abstractmethods__))}")
    is_ours = (agent.model_name or "").startswith("hosted_vllm/")
    if issubclass(kind, BaseInstalledAgent) and is_ours and not _is_local(job):
        raise ValueError(f"{agent.import_path} runs inside the sandbox, where the run's model server is out of reach")
    kind.parse_options(agent.kwargs)


def check_options(job: JobConfig) -> None:
    """Errors: ValueError for options of the local sandbox that are unknown or wrong. Harbor would take them all."""
    if _is_local(job) and (problems := options.read(job.environment.kwargs)[1]):
        raise ValueError("; ".join(problems))


def no_network(task: Task, job: JobConfig) -> list[str]:
    """Why a task is none for an agent of Harbor that lives inside the sandbox: those are installed over the network."""
    name = job.agents[0].name
    if name is None or task.config.environment.network_mode is not NetworkMode.NO_NETWORK:
        return []
    if not issubclass(AgentFactory.get_agent_class_from_config(job.agents[0]), BaseInstalledAgent):
        return []
    return [f"agent {name} is installed, and asks its model, inside the sandbox, and this task has no network"]


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

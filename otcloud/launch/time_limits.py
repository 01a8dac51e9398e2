"""Tasks that give the agent no time limit: Harbor then lets one trial take as long as the run may last."""

import tomllib
from pathlib import Path

from otcloud.launch.progress import duration
from otcloud.plan.facts import TaskSet
from otcloud.plan.plan import Plan
from otcloud.trials.record import mapping, number


def unlimited(plan: Plan, tasks: TaskSet, source: Path) -> str | None:
    """One sentence to warn with, when the recipe states no `agent.timeout_sec` and some tasks state none either."""
    if plan.harbor.job["agents"][0].get("override_timeout_sec") is not None:
        return None
    names = [fact.name for fact in tasks.tasks if not _is_limited(source / fact.name / "task.toml")]
    if not names:
        return None
    return (
        f"{len(names)} of {len(tasks.tasks)} tasks set no time limit for the agent (the first is {names[0]}): one "
        f"trial may take the run's whole lifetime of {duration(plan.lifetime.max_sec)}; agent.timeout_sec sets one"
    )


def _is_limited(path: Path) -> bool:
    try:
        task = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return True  # Harbor has read it: a file that we cannot is nothing to warn of
    return "steps" in task or number(mapping(task, "agent").get("timeout_sec")) is not None

"""Asking Harbor, in its own interpreter, which tasks it can run before any trial starts."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from otcloud import process
from otcloud.datasets.tasks import only
from otcloud.errors import HarborFailed, InputInvalid, join_problems
from otcloud.plan.facts import TaskSet
from otcloud.plan.plan import Plan
from otcloud.programs import Harbor

_SHOWN = 20


def check(plan: Plan, source: Path, harbor: Harbor, environ: Mapping[str, str], warn: Callable[[str], None]) -> TaskSet:
    """The plan's tasks that Harbor can run; the others are told with the reason.

    Errors: InputInvalid when none is left, or when the recipe refuses broken tasks; HarborFailed when Harbor cannot be
    asked.
    """
    found = plan.tasks.found
    if found is None:
        raise InputInvalid("the tasks are not known yet", do="give a folder of tasks: tasks.path")
    problems = _ask(plan, found, source, harbor, environ)
    if not problems:
        return found
    told = join_problems([f"{name}: {problem}" for name, problem in list(problems.items())[:_SHOWN]])
    if len(problems) > _SHOWN:
        told += f"\n  ... and {len(problems) - _SHOWN} more"
    headline = f"{len(problems)} of {len(found.tasks)} tasks cannot be run"
    if plan.tasks.broken == "refuse" or len(problems) == len(found.tasks):
        raise InputInvalid(
            headline, why=told, do="mend or exclude them (tasks.exclude); tasks.broken: skip leaves them out"
        )
    warn(f"{headline} and are left out:\n{told}")
    return only(found, [fact.name for fact in found.tasks if fact.name not in problems])


def _ask(plan: Plan, found: TaskSet, source: Path, harbor: Harbor, environ: Mapping[str, str]) -> dict[str, str]:
    job = {"job_name": "check", **plan.harbor.job}
    question = {"root": str(source), "names": [fact.name for fact in found.tasks], "job": job}
    env = {**environ, "PYTHONPATH": str(harbor.code), "HARBOR_TELEMETRY": "0", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    program = [harbor.python, "-m", "otcloud.harbor_ext.check_tasks"]
    done = process.run(program, env=env, stdin=json.dumps(question))
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.code != 0 or len(answers) != len(found.tasks):
        tail = "\n".join(done.stderr.strip().splitlines()[-8:])
        raise HarborFailed("Harbor could not be asked about the tasks", why=tail)
    return {answer["name"]: answer["problem"] for answer in answers if answer["problem"]}

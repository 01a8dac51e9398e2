"""Asking Harbor, in its own interpreter, which tasks it can run before any trial starts."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from otcloud import process
from otcloud.datasets.tasks import only, stray_link
from otcloud.errors import HarborFailed, InputInvalid, join_problems
from otcloud.launch.time_limits import unlimited
from otcloud.plan.containers import CONTAINER_SANDBOXES, without_overlay
from otcloud.plan.facts import TaskSet
from otcloud.plan.plan import Plan
from otcloud.programs import Harbor
from otcloud.recipe.agent_file import top_module
from otcloud.trials.record import Json, mapping, parse, text

_SHOWN = 20
_NO_ENDPOINT = {"HOSTED_VLLM_API_BASE": "http://127.0.0.1:9/v1", "HOSTED_VLLM_API_KEY": "none-yet"}
"""Agents inside the sandbox are given the endpoint by these names, and nothing listens yet."""
_JOB = ""
"""The name under which Harbor's reader answers for the job itself: its agent and its environment."""


@dataclass(frozen=True)
class Checked:
    """The tasks that Harbor can run, and the others by name with the reason."""

    sound: TaskSet
    left_out: Mapping[str, str]


def check(plan: Plan, source: Path, harbor: Harbor, env: Mapping[str, str], warn: Callable[[str], None]) -> Checked:
    """Ask Harbor, in the environment `env`, about the plan's tasks; what it cannot run is told with the reason.

    Errors: InputInvalid when Harbor refuses the agent or the sandbox, when no task is left, or when the recipe refuses
    broken tasks; HarborFailed when Harbor cannot be asked.
    """
    found = plan.tasks.found
    if found is None:
        raise InputInvalid("the tasks are not known yet", do="give a folder of tasks: tasks.path")
    problems = {**_ask(plan, found, source, harbor, env), **_strays(found, source)}
    sound = only(found, [fact.name for fact in found.tasks if fact.name not in problems])
    if (endless := unlimited(plan, sound, source)) is not None:
        warn(endless)
    if not problems:
        return Checked(found, {})
    told = _told(problems)
    headline = f"{len(problems)} of {len(found.tasks)} tasks cannot be run"
    if plan.tasks.broken == "refuse" or len(problems) == len(found.tasks):
        skip = "" if plan.tasks.broken == "skip" else "; tasks.broken: skip leaves them out"
        shared = "" if len({*problems.values()}) > 1 else ", or change what they all meet: the agent or the sandbox"
        advice = f"mend or exclude them (tasks.exclude){shared}{skip}{_network_advice(plan, told)}"
        raise InputInvalid(headline, why=told, do=advice)
    warn(f"{headline} and are left out:\n{told}")
    return Checked(sound, problems)


def _told(problems: Mapping[str, str]) -> str:
    """Each task with its problem; one that all of them share, once."""
    if len(problems) > 1 and len({*problems.values()}) == 1:
        return f"all of them: {next(iter(problems.values()))}"
    told = join_problems([f"{name}: {problem}" for name, problem in list(problems.items())[:_SHOWN]])
    return told + (f"\n  ... and {len(problems) - _SHOWN} more" if len(problems) > _SHOWN else "")


def _strays(found: TaskSet, source: Path) -> dict[str, str]:
    links = {fact.name: stray_link(source / fact.name) for fact in found.tasks}
    return {name: f"{link} is a link that leads out of the task's folder" for name, link in links.items() if link}


def _ask(plan: Plan, found: TaskSet, source: Path, harbor: Harbor, env: Mapping[str, str]) -> dict[str, str]:
    job = {"job_name": "check", **without_overlay(plan.harbor.job)}
    question = {"root": str(source), "names": [fact.name for fact in found.tasks], "job": job}
    # -P: what lies in the working folder is no module of ours.
    program = [harbor.python, "-P", "-m", "otcloud.harbor_ext.check_tasks"]
    done = process.run(program, env={**_NO_ENDPOINT, **env}, stdin=json.dumps(question))
    answers = {text(answer["name"]): text(answer.get("problem")) for answer in _answers(done.stdout)}
    if refused := answers.pop(_JOB, ""):
        raise InputInvalid(
            "Harbor refuses the agent or the sandbox of this recipe",
            why=refused,
            do=_advice(plan),
        )
    if done.code != 0 or set(answers) != set(question["names"]):
        tail = "\n".join(done.stderr.strip().splitlines()[-8:])
        raise HarborFailed("Harbor could not be asked about the tasks", why=tail or f"it ended with code {done.code}")
    return {name: problem for name, problem in answers.items() if problem}


def _network_advice(plan: Plan, told: str) -> str:
    """Harbor says the same of an engine that cannot guard a network and of one that lacks the images for it."""
    if plan.sandbox not in CONTAINER_SANDBOXES or "network_mode=" not in told:
        return ""
    return (
        f"; {plan.sandbox} guards the network of a task with images that it has to pull (alpine, gogost/gost): "
        "let it reach a registry once"
    )


def _advice(plan: Plan) -> str:
    agent = plan.harbor.job["agents"][0]
    top = top_module(agent.get("import_path") or "otcloud")
    if top not in ("harbor", "otcloud") and plan.harbor.agent_digest is None:
        return f"put {top}.py, or the package folder {top}, beside the recipe, or name it with agent.file"
    if top not in ("harbor", "otcloud"):
        return "mend the agent's code; what it imports must lie in its package folder, or come with Harbor"
    return "check agent.name, agent.import_path, agent.kwargs, sandbox.type and sandbox.kwargs"


def _answers(stdout: str) -> Iterator[Json]:
    """The answers among what Harbor and its libraries may print besides."""
    for line in stdout.splitlines():
        answer = mapping(parse(line.encode()))
        if "name" in answer:
            yield answer

"""Whether a score may stand beside a published one: each setting of a recipe, and each loss of a run, that forbids it.

A published score is one of a whole benchmark, under the benchmark's own limits and sizes. What belongs to the model
(sampling, context) or is the agent's own (its arguments) is what is measured, and forbids nothing.
"""

from collections.abc import Iterator

from otcloud.plan.agents import agent_name
from otcloud.plan.facts import TaskSet
from otcloud.recipe.harbor_names import TURNS_ARGUMENT
from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.agent import MODELLESS_AGENTS
from otcloud.recipe.schema.programs import Programs
from otcloud.trials.score import Score


def overrides(recipe: Recipe, sandbox: str, found: TaskSet | None) -> tuple[str, ...]:
    """The settings that make a score one of its own, a sentence each; none where no score is made.

    `sandbox` is the type after `auto` has been decided, `found` the tasks where they are known.
    """
    if recipe.kind != "eval":
        return ()
    return (*_scored(recipe), *_limits(recipe), *_sandbox(recipe, sandbox), *_tasks(recipe, found), *_harbor(recipe))


def reasons(overrides: tuple[str, ...], left_out: int, score: Score) -> tuple[str, ...]:
    """Why a run's score is not comparable; empty when it is. `left_out`: tasks that could not be run."""
    found = list(overrides)
    if left_out:
        tasks = "1 task" if left_out == 1 else f"{left_out} tasks"
        found.append(f"{tasks} could not be run and {'is' if left_out == 1 else 'are'} no part of the score")
    if score.lost:
        found.append(f"{score.lost} of {score.slots} attempts were lost or are missing")
    return tuple(found)


def _scored(recipe: Recipe) -> Iterator[str]:
    if recipe.agent.name in MODELLESS_AGENTS:
        yield f"agent.name is {recipe.agent.name}: it asks no model, so the tasks are tested and no model is"
    elif recipe.model.engine == "replay":
        yield "model.engine is replay: recorded answers are scored, and no model was asked"


def _limits(recipe: Recipe) -> Iterator[str]:
    factor, agent = recipe.trials.timeout_multiplier, recipe.agent
    if factor != 1:
        yield f"trials.timeout_multiplier is {factor:g}: the tasks' own time limits do not hold"
    if agent.timeout_sec is not None:
        yield f"agent.timeout_sec is {agent.timeout_sec:g}: the tasks' own time limit of the agent does not hold"
    word = TURNS_ARGUMENT.get(agent_name(recipe) or "", "max_turns")
    turns = agent.max_turns if agent.max_turns is not None else agent.kwargs.get(word)
    if turns is not None:
        yield f"the agent's turns are limited to {turns}: it may be stopped before its time is up"


def _sandbox(recipe: Recipe, sandbox: str) -> Iterator[str]:
    wanted = recipe.sandbox
    sizes = {"cpus": wanted.cpus, "memory_mb": wanted.memory_mb, "storage_mb": wanted.storage_mb}
    for name, size in sizes.items():
        if size is not None:
            yield f"sandbox.{name} is {size}: the size that the tasks ask for does not hold"
    if sandbox == "local":
        yield "sandbox.type is local: the images, CPUs and memory that the tasks ask for are not honoured"


def _tasks(recipe: Recipe, found: TaskSet | None) -> Iterator[str]:
    tasks = recipe.tasks
    choices = {"include": tasks.include, "exclude": tasks.exclude, "limit": tasks.limit}
    stated = ", ".join(f"tasks.{name}" for name, value in choices.items() if value)
    if stated and found is None:
        yield f"{stated}: tasks of the benchmark may be left out"
    elif stated and found is not None and found.left_out:
        yield f"{stated}: {found.left_out} of {found.left_out + len(found.tasks)} tasks are left out"
    if tasks.rollouts is not None:
        yield "tasks.rollouts: tasks with more attempts weigh more"


def _harbor(recipe: Recipe) -> Iterator[str]:
    version, own = recipe.programs.harbor, Programs().harbor
    if version != own:
        yield f"programs.harbor is {version}: another Harbor than the {own} that otcloud is tested with"

"""What only several fields, or the disk, can tell about a recipe: contradictions, missing parts, missing files."""

from collections.abc import Iterator
from pathlib import Path

from otcloud.recipe.agent_file import check_agent_file
from otcloud.recipe.check_api import check_api
from otcloud.recipe.check_serve import check_serve
from otcloud.recipe.find import exists, near_file
from otcloud.recipe.problems import Problem, shown
from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.agent import MODELLESS_AGENTS

_LONGEST_PATH = 250


def check(recipe: Recipe) -> list[Problem]:
    """Problems between fields, by key path, without a place. Pure."""
    return [*_model(recipe), *_tasks(recipe), *_trials(recipe)]


def check_files(recipe: Recipe) -> list[Problem]:
    """Problems of the files that a recipe names: they must exist, and an agent's must be what is imported."""
    named = {
        "tasks.path": recipe.tasks.path,
        "tasks.rollouts": recipe.tasks.rollouts,
        "model.recording": recipe.model.recording,
        "agent.file": recipe.agent.file,
    }
    absent = [_absent(key, path) for key, path in named.items() if path is not None and not exists(path)]
    return absent or check_agent_file(recipe.agent)


def _absent(key: str, path: Path) -> Problem:
    told = f"no such file or folder: {shown(str(path), longest=_LONGEST_PATH)}"
    do = "check the path: in a file it is taken from that file's folder, on the command line from the folder you are in"
    return Problem("", key, told, near_file(path), do=do)


def _model(recipe: Recipe) -> Iterator[Problem]:
    model = recipe.model
    if recipe.agent.name in MODELLESS_AGENTS:
        return
    if model.engine == "replay" and model.recording is None:
        yield _missing("model.recording", "engine replay needs the file of recorded answers")
    if model.engine != "replay" and model.id is None:
        example = "anthropic/claude-sonnet-4-5" if model.engine == "api" else "Qwen/Qwen3-8B"
        yield _missing("model.id", f"engine {model.engine} needs a model, such as `{example}` (--model)")
    for engine, key, value in (
        ("replay", "recording", model.recording),
        ("api", "base_url", model.base_url),
        ("api", "api_key", model.api_key),
        ("api", "input_usd_per_mtok", model.input_usd_per_mtok),
        ("api", "output_usd_per_mtok", model.output_usd_per_mtok),
    ):
        if value is not None and model.engine != engine:
            yield Problem("", f"model.{key}", f"is for engine {engine}, and the engine is {model.engine}")
    if model.engine == "api":
        yield from check_api(recipe)
    if model.engine == "vllm":
        yield from check_serve(recipe)


def _tasks(recipe: Recipe) -> Iterator[Problem]:
    tasks = recipe.tasks
    if tasks.path is None and tasks.hub is None and tasks.registry is None:
        told = "no source of tasks: give path, hub or registry (--tasks-input-path, --dataset)"
        yield _missing("tasks", told)
    if tasks.hub is None:
        for key, value in (("revision", tasks.revision), ("file", tasks.file)):
            if value is not None:
                yield Problem("", f"tasks.{key}", "goes with tasks.hub, which is not given")


def _trials(recipe: Recipe) -> Iterator[Problem]:
    trials = recipe.trials
    if trials.retry_min_sec > trials.retry_max_sec:
        told = f"is more than trials.retry_max_sec ({trials.retry_max_sec:g})"
        yield Problem("", "trials.retry_min_sec", told)
    if recipe.kind == "eval" and not trials.verify:
        yield Problem("", "trials.verify", "an eval is a score, and without verification there is none")


def _missing(key: str, what: str) -> Problem:
    return Problem("", key, what, missing=True)

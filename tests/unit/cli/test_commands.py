"""Rules over the commands' own parameters: an option exists once, and every command can speak JSON and be quiet."""

import inspect
from importlib import import_module
from typing import Any

import pytest
import typer

from otcloud.cli import resume, start
from otcloud.cli.app import COMMANDS
from otcloud.plan.amend import check_changes
from otcloud.recipe.fields import fields
from otcloud.recipe.flags import flags_of

OWN = {
    *("ctx", "recipes", "preset", "sets", "job_name", "runs_dir", "secrets_env", "new", "dry_run", "as_json", "quiet"),
}
"""What is no value of a recipe: which recipe, which run, how to speak."""


@pytest.mark.parametrize(
    ("command", "kind"), [(start.tracegen, "tracegen"), (start.evaluate, "eval"), (start.plan, None)]
)
def test_a_flag_is_a_name_for_a_key_of_the_recipe(command: Any, kind: str | None) -> None:
    """Beside its own words a command has the flags of the table, each once, each of an existing key."""
    parameters = set(inspect.signature(command).parameters)
    flags = flags_of(kind)
    named = {flag.parameter for flag in flags}
    assert parameters - OWN == named
    assert not named & OWN
    assert len({flag.name for flag in flags}) == len(flags)
    keys = {".".join(key) for key in fields()}
    assert {flag.path for flag in flags if flag.path} <= keys
    assert all(flag.path or flag.repeat or flag.instead or flag.refused for flag in flags)


def test_what_resume_takes_of_a_recipe_can_be_changed_later() -> None:
    """Its flags are those of the table, and each is of a key that may differ between two starts."""
    words = {"run", "only", "add_attempts", "retry_task"}
    parameters = set(inspect.signature(resume.resume).parameters)
    assert parameters - (OWN & parameters) - words == {flag.parameter for flag in resume.AMENDING}
    check_changes("tracegen", [flag.path for flag in resume.AMENDING])


def functions() -> list[tuple[str, Any]]:
    """Every command's function, those of groups included."""
    found: list[tuple[str, Any]] = []
    for command in COMMANDS:
        module, _, member = command.target.partition(":")
        target = getattr(import_module(module), member)
        inner = [each.callback for each in target.registered_commands] if isinstance(target, typer.Typer) else [target]
        found += [(f"{command.name}-{index}", function) for index, function in enumerate(inner)]
    return found


@pytest.mark.parametrize(("name", "function"), functions())
def test_every_command_speaks_json_and_can_be_quiet(name: str, function: Any) -> None:
    assert {"as_json", "quiet"} <= set(inspect.signature(function).parameters), name

"""A command function gets its options from the table of flags, and snake_case names work."""

import inspect
import json
from collections.abc import Callable
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from otcloud.cli.options import with_recipe_flags
from otcloud.recipe.flags import FLAGS, flags_of


def _app(kind: str | None) -> typer.Typer:
    def kebab(token: str) -> str:
        return token.replace("_", "-")

    app = typer.Typer(context_settings={"token_normalize_func": kebab})

    @app.command()
    @with_recipe_flags(kind)
    def command(
        recipes: Annotated[list[str] | None, typer.Argument()] = None,
        sets: Annotated[list[str] | None, typer.Option("--set")] = None,
        **flags: Any,
    ) -> None:
        given = {name: value for name, value in flags.items() if value is not None}
        typer.echo(json.dumps([recipes, sets, given]))

    return app


def _run(kind: str | None, *words: str) -> Any:
    result = CliRunner().invoke(_app(kind), list(words))
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


@pytest.mark.parametrize("kind", ["tracegen", "eval", None])
def test_the_signature_is_the_table(kind: str | None) -> None:
    def command(own: str = "", **flags: Any) -> None: ...

    decorated: Callable[..., None] = with_recipe_flags(kind)(command)
    parameters = inspect.signature(decorated).parameters
    assert list(parameters) == ["own", *(flag.parameter for flag in flags_of(kind))]
    assert all(each.default is None for name, each in parameters.items() if name != "own")


def test_values_arrive_typed_and_only_where_given() -> None:
    words = ["a_b.yaml", "--n_concurrent", "4", "--max-cost", "2.5", "--use-spot", "--no-upload-hf-private"]
    assert _run("tracegen", *words, "--include", "a_*", "--include", "b") == [
        ["a_b.yaml"],
        None,
        {"n_concurrent": 4, "max_cost": 2.5, "use_spot": True, "upload_hf_private": False, "include": ["a_*", "b"]},
    ]
    assert _run("eval") == [None, None, {}]


def test_snake_case_names_options_and_leaves_values_alone() -> None:
    words = ["--model=org/foo_bar", "--harbor_env", "my_env", "--agent_kwarg", "a_b=c_d", "--set", "agent.max_turns=1"]
    assert _run("tracegen", *words, "--upload_error_mode", "skip_on_error", "--upload_hf_episodes", "all") == [
        None,
        ["agent.max_turns=1"],
        {
            "model": "org/foo_bar",
            "agent_kwarg": ["a_b=c_d"],
            "sandbox": "my_env",
            "upload_error_mode": "skip_on_error",
            "upload_hf_episodes": "all",
        },
    ]


@pytest.mark.parametrize("words", [["--engine", "vlm"], ["--n-concurrent", "many"], ["--tasks-input-path", "x"]])
def test_a_wrong_word_is_a_usage_error(words: list[str]) -> None:
    assert CliRunner().invoke(_app("eval"), words).exit_code == 2


def test_help_names_every_flag_in_its_panel() -> None:
    result = CliRunner().invoke(_app("tracegen"), ["--help"], env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"})
    for flag in flags_of("tracegen"):
        assert flag.name in result.output
    panels = list(dict.fromkeys(flag.panel for flag in FLAGS))
    assert [panel for panel in panels if f"─ {panel} ─" in result.output] == panels

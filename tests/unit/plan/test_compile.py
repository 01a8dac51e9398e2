"""The compiler: what each part of a recipe becomes, and that equal input gives an equal plan."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcloud.errors import InputInvalid
from otcloud.plan.compile import compile_plan, recipe_digest, resolve_sandbox, task_slug
from otcloud.plan.needs import not_built
from otcloud.plan.serve import served_name
from otcloud.recipe.schema import Recipe
from otcloud.trials.failures import not_retryable
from tests.unit.plan.made import CLOUD, facts, recipe

LOCK = "harbor-0.24.0"


def test_equal_input_gives_an_equal_plan() -> None:
    """Byte for byte, also through JSON."""
    first = compile_plan(recipe(), facts(), LOCK)
    again = compile_plan(Recipe.model_validate_json(recipe().model_dump_json()), facts(), LOCK)
    assert first.model_dump_json() == again.model_dump_json()
    assert type(first).model_validate_json(first.model_dump_json()) == first


def test_a_plan_holds_no_path_and_no_port() -> None:
    """What is absolute belongs to one machine, and a plan does not."""
    text = compile_plan(recipe(tasks={"path": "/data/sets/sample"}), facts(), LOCK).model_dump_json()
    assert "/data" not in text
    assert "127.0.0.1" not in text


def test_every_plan_ends() -> None:
    """There is no recipe without a lifetime, and an end state is always there."""
    plan = compile_plan(recipe(), facts(), LOCK)
    assert (plan.lifetime.max_sec, plan.lifetime.end) == (24 * 3600, "down")
    for hours in (0, -1, None, float("inf"), 24 * 15):
        with pytest.raises(ValueError, match="max_hours"):
            recipe(limits={"max_hours": hours})


def test_secrets_are_required_by_use_and_by_name() -> None:
    """The sandbox's, the upload's and the recipe's own; what is present is not missing."""
    plan = compile_plan(recipe(**CLOUD), facts(), LOCK)
    assert plan.secrets.required == ("DAYTONA_API_KEY", "HF_TOKEN", "WANDB_API_KEY")
    assert plan.secrets.missing == ("HF_TOKEN", "WANDB_API_KEY")


def test_auto_takes_the_first_sandbox_that_works() -> None:
    """And says why none does."""
    assert resolve_sandbox("auto", {"local": "no", "docker": None, "podman": None}) == "docker"
    assert resolve_sandbox("daytona", None) == "daytona"
    with pytest.raises(InputInvalid) as caught:
        resolve_sandbox("auto", {"local": "no namespaces", "docker": "not installed"})
    assert "no namespaces" in str(caught.value)
    assert "not installed" in str(caught.value)


def test_the_job_never_retries_what_the_table_of_failures_forbids() -> None:
    """Harbor's list of exceptions is ours, and the wait grows."""
    retry = compile_plan(recipe(), facts(), LOCK).harbor.job["retry"]
    assert retry["exclude_exceptions"] == sorted(not_retryable())
    assert retry["wait_multiplier"] > 1


def test_a_hosted_sandbox_cannot_outlive_its_run_for_ever() -> None:
    """Daytona's idle stop is off in Harbor, Modal's lifetime a day: both are set, and the recipe's own words win."""
    daytona = compile_plan(recipe(sandbox={"type": "daytona"}), facts(), LOCK).harbor.job["environment"]["kwargs"]
    assert daytona == {"auto_stop_interval_mins": 60, "labels": {"otcloud-run": facts().run_id}}
    modal = compile_plan(recipe(sandbox={"type": "modal"}, limits={"max_hours": 0.5}), facts(), LOCK)
    assert modal.harbor.job["environment"]["kwargs"]["sandbox_timeout_secs"] == 1800
    own = recipe(sandbox={"type": "daytona", "kwargs": {"auto_stop_interval_mins": 5}})
    assert compile_plan(own, facts(), LOCK).harbor.job["environment"]["kwargs"]["auto_stop_interval_mins"] == 5


def test_an_agent_without_a_model_needs_no_server() -> None:
    """oracle and nop ask nobody."""
    plan = compile_plan(recipe(agent={"name": "oracle"}), facts(), LOCK)
    assert plan.candidates[0].serve.engine == "none"
    assert plan.harbor.job["agents"] == [{"name": "oracle", "kwargs": {}}]


UNBUILT: list[dict[str, Any]] = [
    {"model": {"id": "a/b"}},
    {"compute": {"providers": ["gcp"]}},
    {"compute": {"nodes": 2}},
    {"compute": {"cluster": "warm"}},
    {"compute": {"detach": True}},
    {"tasks": {"hub": "org/name"}},
    {"tasks": {"registry": "terminal-bench@2.0"}},
    {"tasks": {"path": "tasks.parquet"}},
    {"tasks": {"path": "sample", "rollouts": "rollouts.json"}},
    {"sync": {"store": "s3://bucket"}},
    {"publish": {"hub_repo": "a/b"}},
    {"publish": {"database": True}},
    {"serve": {"expose": 8000}},
]


@pytest.mark.parametrize("sections", UNBUILT, ids=str)
def test_what_is_not_built_is_named(sections: dict[str, Any]) -> None:
    """Each by a key of the recipe, and nothing else with it."""
    [name] = not_built(recipe(**sections))
    assert name.split(":")[0].split(" ")[0].split(".")[0] in Recipe.model_fields


def test_a_plain_recipe_is_built() -> None:
    """Nothing of the quickstart's kind is refused."""
    assert not_built(recipe()) == ()


@given(st.text(max_size=200))
def test_served_names_and_slugs_suit_harbor(text: str) -> None:
    """At most 64 of `A-Za-z0-9._-`; never two underscores in a slug."""
    name = served_name(text)
    assert 0 < len(name) <= 64
    assert all(letter.isascii() and (letter.isalnum() or letter in "._-") for letter in name)
    assert "__" not in task_slug(text)
    assert task_slug(text)


def test_a_recipe_has_one_digest() -> None:
    """Equal recipes share it; any change makes another."""
    assert recipe_digest(recipe()) == recipe_digest(recipe())
    assert recipe_digest(recipe()) != recipe_digest(recipe(trials={"attempts": 2}))


def test_a_parser_that_would_empty_every_answer_is_warned_of() -> None:
    """Qwen3-Coder does not think; other models of the family do."""

    def warned(model: str, parser: str | None) -> bool:
        asked = recipe(model={"id": model, "engine": "vllm"}, serve={"reasoning_parser": parser})
        found = compile_plan(asked, facts(), "harbor-0.24.0").warnings
        return any("agents get empty ones" in each for each in found)

    assert warned("Qwen/Qwen3-Coder-30B-A3B-Instruct", "qwen3")
    assert not warned("Qwen/Qwen3-Coder-30B-A3B-Instruct", None)
    assert not warned("Qwen/Qwen3-32B", "qwen3")

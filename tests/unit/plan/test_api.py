"""`engine: api` in a plan: roads, keys by name, prices, and what the run may cost."""

from typing import Any

import pytest

from otcloud.plan.api import host_of
from otcloud.plan.compile import compile_plan
from otcloud.plan.plan import ApiSpec, Plan
from tests.unit.plan.made import facts, recipe

LOCK = "harbor-0.24.0"
URL = "https://openrouter.ai/api/v1"


def plan(model: dict[str, Any], secrets: tuple[str, ...] = (), **sections: Any) -> Plan:
    """The plan of an api recipe."""
    return compile_plan(recipe(model={"engine": "api", **model}, **sections), facts(secrets=secrets), LOCK)


def api(made: Plan) -> ApiSpec:
    """Its endpoint."""
    found = made.candidates[0].serve.api
    assert found is not None
    return found


def agent(made: Plan) -> dict[str, Any]:
    """The agent of its job."""
    return made.harbor.job["agents"][0]


def test_an_endpoint_with_a_url_is_reached_over_litellms_openai_road() -> None:
    made = plan({"id": "qwen/qwen3-32b", "base_url": f"{URL}/", "api_key": "OPENROUTER_API_KEY"})
    spec = api(made)
    assert (spec.base_url, spec.key, spec.key_variable) == (URL, "OPENROUTER_API_KEY", "OPENAI_API_KEY")
    assert agent(made)["model_name"] == "openai/qwen/qwen3-32b"
    assert made.candidates[0].serve.served_name == "qwen/qwen3-32b"
    assert made.secrets.missing == ("OPENROUTER_API_KEY",)
    assert (made.launcher, made.not_built) == ("local", ())
    assert host_of(spec, "qwen/qwen3-32b") == "openrouter.ai"
    assert URL not in str(made.harbor.job)


def test_an_endpoint_may_need_no_key() -> None:
    made = plan({"id": "m", "base_url": "http://127.0.0.1:8000/v1"})
    assert (api(made).key, made.secrets.required) == (None, ())


@pytest.mark.parametrize(
    ("model_id", "name", "variable"),
    [
        ("anthropic/claude-sonnet-4-5", "anthropic/claude-sonnet-4-5", "ANTHROPIC_API_KEY"),
        ("claude-sonnet-4-5", "anthropic/claude-sonnet-4-5", "ANTHROPIC_API_KEY"),
        ("gpt-4o", "openai/gpt-4o", "OPENAI_API_KEY"),
        ("openrouter/qwen/qwen3-32b", "openrouter/qwen/qwen3-32b", "OPENROUTER_API_KEY"),
    ],
)
def test_a_provider_is_known_by_its_prefix_or_a_bare_name(model_id: str, name: str, variable: str) -> None:
    made = plan({"id": model_id}, secrets=(variable,))
    assert (agent(made)["model_name"], api(made).key, api(made).key_variable) == (name, variable, variable)
    assert (made.secrets.required, made.secrets.missing) == ((variable,), ())
    own = plan({"id": model_id, "api_key": "TEAM_KEY"})
    assert (api(own).key, api(own).key_variable, own.secrets.required) == ("TEAM_KEY", variable, ("TEAM_KEY",))


def test_a_provider_with_several_variables_needs_all_of_them() -> None:
    made = plan({"id": "azure/my-deployment", "api_key": "TEAM_KEY"})
    assert made.secrets.required == ("AZURE_API_BASE", "AZURE_API_VERSION", "TEAM_KEY")


def test_prices_go_to_litellm_by_the_token_and_bound_nothing_by_themselves() -> None:
    prices = {"input_usd_per_mtok": 2.0, "output_usd_per_mtok": 8.0}
    made = plan({"id": "m", "base_url": URL, **prices}, agent={"name": "terminus-2"})
    info = agent(made)["kwargs"]["model_info"]
    assert (info["input_cost_per_token"], info["output_cost_per_token"]) == (2e-6, 8e-6)
    assert made.ceiling.unknown == ("$2 a million prompt tokens, $8 a million answered",)
    assert plan({"id": "m", "base_url": URL}).ceiling.unknown == ("the model provider's price per token",)
    bounded = plan({"id": "m", "base_url": URL, **prices}, limits={"max_cost": 5})
    assert (bounded.ceiling.known_usd, bounded.ceiling.unknown, bounded.not_built) == (5.0, (), ())


def test_an_endpoint_that_is_there_or_is_not_gets_five_minutes() -> None:
    assert plan({"id": "m", "base_url": URL}).candidates[0].serve.ready_timeout_sec == 300
    stated = plan({"id": "m", "base_url": URL}, serve={"ready_timeout_min": 20})
    assert stated.candidates[0].serve.ready_timeout_sec == 1200
    assert compile_plan(recipe(), facts(), LOCK).candidates[0].serve.ready_timeout_sec == 3600


def test_gpus_for_an_api_are_warned_about() -> None:
    made = plan({"id": "m", "base_url": URL}, compute={"accelerators": ["H100:1"]})
    assert any("compute.accelerators" in warning for warning in made.warnings)
    assert not any("compute.accelerators" in warning for warning in plan({"id": "m", "base_url": URL}).warnings)


def test_the_longest_request_is_sent_where_it_is_not_our_own() -> None:
    for name, field in (("bash", "llm_kwargs"), ("terminus-2", "llm_call_kwargs")):
        model = {"id": "m", "base_url": URL, "sampling": {"top_p": 0.5}}
        plain, short = (plan({**model, **more}, agent={"name": name}) for more in ({}, {"request_timeout_sec": 30}))
        assert "timeout" not in agent(plain)["kwargs"][field]
        assert agent(short)["kwargs"][field] == {**agent(plain)["kwargs"][field], "timeout": 30}


def test_an_agent_that_asks_no_model_needs_no_key() -> None:
    made = plan({"id": "gpt-4o"}, agent={"name": "oracle"})
    assert (made.candidates[0].serve.api, made.secrets.required) == (None, ())

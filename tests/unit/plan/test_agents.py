"""The agent's entry of the job file: what each agent is given, whose word wins, what is refused."""

from typing import Any

import pytest

from otcloud.errors import InputInvalid
from otcloud.plan.agents import runs_in_sandbox
from otcloud.plan.compile import compile_plan, recipe_digest
from tests.unit.plan.made import facts, recipe

API = {"id": "openai/gpt-5", "engine": "api"}
SERVED = {"id": "made/model", "engine": "vllm"}


def entry(**sections: Any) -> dict[str, Any]:
    """The compiled agent."""
    sections.setdefault("sandbox", {"type": "local"})
    return compile_plan(recipe(**sections), facts(), "harbor-0.24.0").harbor.job["agents"][0]


def test_terminus_is_the_default_and_made_for_training() -> None:
    assert entry(agent={}, model=SERVED, serve={"max_model_len": 40960}) == {
        "name": "terminus-2",
        "model_name": "hosted_vllm/model",
        "kwargs": {
            "record_terminal_session": False,
            "trajectory_config": {"raw_content": True, "linear_history": True},
            "llm_call_kwargs": {"max_tokens": 8192},
            "model_info": {
                "max_input_tokens": 32768,
                "max_output_tokens": 8192,
                "input_cost_per_token": 0.0,
                "output_cost_per_token": 0.0,
            },
        },
    }


def test_the_users_words_win_key_by_key() -> None:
    """A nested mapping is merged; what it does not name stays."""
    own = {
        "trajectory_config": {"raw_content": False},
        "llm_call_kwargs": {"max_tokens": 7, "seed": 1},
        "model_info": {"input_cost_per_token": 0.5},
        "parser_name": "xml",
    }
    kwargs = entry(agent={"kwargs": own}, model={**SERVED, "sampling": {"top_p": 0.5}})["kwargs"]
    assert kwargs["trajectory_config"] == {"raw_content": False, "linear_history": True}
    assert kwargs["llm_call_kwargs"] == {"max_tokens": 7, "top_p": 0.5, "seed": 1}
    assert kwargs["model_info"]["input_cost_per_token"] == 0.5
    assert kwargs["model_info"]["output_cost_per_token"] == 0.0
    assert kwargs["parser_name"] == "xml"
    assert kwargs["record_terminal_session"] is False
    assert entry(agent={"kwargs": {"trajectory_config": None}})["kwargs"]["trajectory_config"] is None


@pytest.mark.parametrize(
    ("serve", "model", "sizes", "threshold"),
    [
        ({}, {}, (24576, 8192), 6144),
        ({"max_model_len": 8192}, {}, (6144, 2048), 1536),
        ({"max_model_len": 131072}, {}, (122880, 8192), None),
        ({}, {"max_output_tokens": 40000}, (40000, 40000), None),
        ({"max_model_len": 65536}, {"max_input_tokens": 30000, "max_output_tokens": 1000}, (30000, 1000), 7500),
    ],
)
def test_sizes_follow_the_served_context(
    serve: dict[str, Any], model: dict[str, Any], sizes: tuple[int, int], threshold: int | None
) -> None:
    """Of a small context Harbor's own threshold, 8000 free tokens, would leave nothing."""
    kwargs = entry(agent={}, model={**SERVED, **model}, serve=serve)["kwargs"]
    assert (kwargs["model_info"]["max_input_tokens"], kwargs["model_info"]["max_output_tokens"]) == sizes
    assert kwargs["llm_call_kwargs"] == {"max_tokens": sizes[1]}
    assert kwargs.get("proactive_summarization_threshold") == threshold


def test_a_providers_model_keeps_the_prices_and_sizes_that_are_known_of_it() -> None:
    kwargs = entry(agent={}, model=API)["kwargs"]
    assert not {"model_info", "llm_call_kwargs", "temperature"} & set(kwargs)
    stated = entry(agent={}, model={**API, "max_output_tokens": 500})["kwargs"]
    assert stated["model_info"] == {"max_output_tokens": 500}
    assert stated["llm_call_kwargs"] == {"max_tokens": 500}
    endpoint = entry(agent={}, model={**API, "base_url": "https://models.example.com/v1"})["kwargs"]
    assert endpoint["model_info"] == {"max_input_tokens": 24576, "max_output_tokens": 8192}
    prices = {"input_usd_per_mtok": 2.0, "output_usd_per_mtok": 8.0}
    priced = entry(agent={}, model={**API, **prices})["kwargs"]["model_info"]
    assert priced == {"input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06}


def test_agents_that_ask_no_model_get_none() -> None:
    for name in ("oracle", "nop"):
        assert entry(agent={"name": name, "max_turns": 3, "timeout_sec": 9}) == {
            "name": name,
            "override_timeout_sec": 9.0,
            "kwargs": {},
        }


def test_a_class_of_the_users_own_is_asked_like_an_agent_outside_the_sandbox() -> None:
    own = entry(agent={"import_path": "my_agent:Mine", "max_turns": 3, "kwargs": {"a": 1}})
    assert own == {
        "import_path": "my_agent:Mine",
        "model_name": "hosted_vllm/model",
        "kwargs": {"max_turns": 3, "a": 1},
    }
    assert not runs_in_sandbox(None)
    assert runs_in_sandbox("acp:opencode")


def test_turns_are_limited_by_the_agents_own_word_for_it() -> None:
    assert entry(agent={"name": "openhands", "max_turns": 3})["kwargs"] == {"max_iterations": 3}
    assert entry(agent={"name": "terminus-2", "max_turns": 3})["kwargs"]["max_turns"] == 3
    with pytest.raises(InputInvalid, match=r"agent\.max_turns: agent aider") as caught:
        entry(agent={"name": "aider", "max_turns": 3})
    assert "agent.max_turns=null" in caught.value.do
    assert "terminus-2" in caught.value.do


def test_an_agent_inside_the_sandbox_gets_url_and_key_by_name() -> None:
    """Of the model server, over the network that the local sandbox shares, or under the public URL."""
    agent = entry(agent={"name": "mini-swe-agent"})
    assert agent["model_name"] == "openai/model"
    assert agent["env"]["OPENAI_BASE_URL"] == agent["env"]["LLM_BASE_URL"] == "${HOSTED_VLLM_API_BASE}"
    assert agent["env"]["OPENAI_API_KEY"] == agent["env"]["LLM_API_KEY"] == "${HOSTED_VLLM_API_KEY}"
    public = entry(
        agent={"name": "openhands"}, sandbox={"type": "daytona"}, serve={"public_url": "https://m.example.com/v1"}
    )
    assert public["env"]["OPENAI_API_BASE"] == "https://m.example.com/v1"
    assert public["env"]["OPENAI_API_KEY"] == "${HOSTED_VLLM_API_KEY}"


UNREACHABLE: list[tuple[dict[str, Any], str]] = [
    ({"agent": {"name": "mini-swe-agent"}, "sandbox": {"type": "docker"}}, "listens on 127.0.0.1 outside of it"),
    ({"agent": {"name": "openhands"}, "sandbox": {"type": "daytona"}, "model": SERVED}, "inside the daytona sandbox"),
    ({"agent": {"name": "codex"}, "model": {**SERVED, "engine": "replay"}}, "the Responses protocol"),
    ({"agent": {"name": "claude-code"}}, "models of its vendor"),
    ({"agent": {"name": "acp:opencode"}}, "models of its vendor"),
    (
        {
            "agent": {"name": "aider"},
            "sandbox": {"type": "docker"},
            "model": {**API, "base_url": "http://localhost:8000/v1"},
        },
        "leads to the sandbox itself",
    ),
    (
        {
            "agent": {"name": "aider"},
            "sandbox": {"type": "e2b"},
            "model": {**API, "base_url": "http://[::1]:8000/v1"},
        },
        "leads to the sandbox itself",
    ),
]


@pytest.mark.parametrize(("sections", "why"), UNREACHABLE, ids=str)
def test_an_agent_that_cannot_reach_its_model_is_refused_with_one_that_can(sections: dict[str, Any], why: str) -> None:
    with pytest.raises(InputInvalid) as caught:
        entry(**sections)
    assert why in caught.value.why
    assert "terminus-2 or bash" in caught.value.do


@pytest.mark.parametrize("name", ["mini-swe-agent", "claude-code", "codex", "acp:opencode"])
def test_any_agent_asks_a_provider_from_any_sandbox(name: str) -> None:
    agent = entry(agent={"name": name}, model=API, sandbox={"type": "daytona"})
    assert agent["name"] == name
    assert "env" not in agent
    local = {**API, "base_url": "http://127.0.0.1:8000/v1"}
    assert entry(agent={"name": name}, model=local)["name"] == name


def test_the_agent_that_knows_its_own_names_alone_is_told_by_these() -> None:
    """A key by the name of Harbor's variable, and an endpoint without one."""
    sdk = {"name": "openhands-sdk"}
    claude = entry(agent=sdk, model={"id": "anthropic/claude-x", "engine": "api"})
    assert claude["env"] == {"LLM_API_KEY": "${ANTHROPIC_API_KEY:-none}"}
    own = entry(agent=sdk, model={**API, "base_url": "https://models.example.com/v1"})
    assert own["env"] == {"LLM_BASE_URL": "https://models.example.com/v1", "LLM_API_KEY": "${OPENAI_API_KEY:-none}"}


def test_what_an_agent_will_not_do_is_said() -> None:
    """Sampling goes to terminus-2 and bash; an endpoint to those that take one."""

    def warned(**sections: Any) -> str:
        return "\n".join(compile_plan(recipe(**sections), facts(), "harbor-0.24.0").warnings)

    sampling = {**SERVED, "sampling": {"temperature": 0.5}}
    for agent in ({"name": "aider"}, {"import_path": "my_agent:Mine"}):
        assert "model.sampling is not sent: agent" in warned(agent=agent, model=sampling, sandbox={"type": "local"})
    for agent in ({}, {"name": "bash"}, {"name": "oracle"}):
        assert "model.sampling" not in warned(agent=agent, model=sampling)
    endpoint = {**API, "base_url": "https://models.example.com/v1"}
    assert "may not ask model.base_url" in warned(agent={"name": "cursor-cli"}, model=endpoint)
    assert "base_url" not in warned(agent={"name": "aider"}, model=endpoint)


def test_the_code_of_an_agent_is_part_of_the_recipes_identity() -> None:
    own = recipe(agent={"import_path": "my_agent:Mine"})
    assert recipe_digest(own, "a" * 32) != recipe_digest(own, "b" * 32) != recipe_digest(own)
    plan = compile_plan(own, facts(agent_digest="a" * 32), "harbor-0.24.0")
    assert plan.harbor.agent_digest == "a" * 32
    assert plan.recipe_digest == recipe_digest(own, "a" * 32)

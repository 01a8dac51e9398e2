"""The agent's part of Harbor's job file: its identity, its model, its arguments. Refuses what could not work.

Where an agent runs decides what it needs: one in Harbor's own process asks the model from there, one inside the
sandbox needs a URL that the sandbox reaches. Sizes and roads of the model server itself are the business of serve.py.
"""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, cast

from otcloud.errors import InputInvalid
from otcloud.plan.api import compile_api, token_prices
from otcloud.plan.serve import model_name
from otcloud.recipe.harbor_names import IN_PROCESS, OPENAI_URL_AGENTS, RESPONSES_AGENTS, TURNS_ARGUMENT
from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.agent import MODELLESS_AGENTS
from otcloud.recipe.schema.model import Model

BASH_AGENT = "otcloud.harbor_ext.bash_agent:BashAgent"
DEFAULT_AGENT = "terminus-2"
_DEFAULT_CONTEXT = 32768
_DEFAULT_OUTPUT = 8192
_SUMMARIZE_BELOW = 8000
"""Harbor's own `proactive_summarization_threshold`, in free tokens."""
_HOST = re.compile(r"[a-z]+://(?:[^/@]*@)?(\[[^\]]+\]|[^:/?#]+)", re.IGNORECASE)
_URL = "${HOSTED_VLLM_API_BASE}"
_KEY = "${HOSTED_VLLM_API_KEY}"
"""Harbor puts its own environment's values in; a job file holds neither a URL of a run nor a key."""


def agent_name(recipe: Recipe) -> str | None:
    """The agent's name; None for a class by import path."""
    return recipe.agent.name or (None if recipe.agent.import_path else DEFAULT_AGENT)


def runs_in_sandbox(name: str | None) -> bool:
    """Whether Harbor installs the agent inside the sandbox. A class by import path is taken to run outside of it."""
    return name is not None and name != "bash" and name not in IN_PROCESS


def compile_agent(recipe: Recipe, sandbox: str, served_name: str | None) -> dict[str, Any]:
    """One entry of `agents`. The recipe's own `agent.kwargs` win over ours key by key, nested mappings merged.

    Errors: InputInvalid for an agent that cannot reach its model, or that has no limit of turns where one is asked for.
    """
    name = agent_name(recipe)
    if name in MODELLESS_AGENTS:
        return {"name": name, **_timeout(recipe), "kwargs": recipe.agent.kwargs}
    if runs_in_sandbox(name):
        _refuse_unreachable(recipe, str(name), sandbox)
    identity = {"name": name}
    if name == "bash" or name is None:
        identity = {"import_path": BASH_AGENT if name == "bash" else recipe.agent.import_path}
    return {
        **identity,
        **_model(recipe, name, served_name),
        **_timeout(recipe),
        "kwargs": _merged(_defaults(recipe, name), recipe.agent.kwargs),
    }


def agent_warnings(recipe: Recipe) -> list[str]:
    """What the agent of a recipe will not do, and the user may think it does."""
    name, model, found = agent_name(recipe), recipe.model, list[str]()
    if model.sampling and name not in (DEFAULT_AGENT, "bash", *MODELLESS_AGENTS):
        told = name or recipe.agent.import_path
        found.append(f"model.sampling is not sent: agent {told} has arguments of its own (agent.kwargs)")
    is_endpoint = model.engine == "api" and model.base_url is not None
    if is_endpoint and runs_in_sandbox(name) and name not in OPENAI_URL_AGENTS:
        found.append(f"agent {name} may not ask model.base_url: Harbor gives it no endpoint of the OpenAI protocol")
    return found


def _model(recipe: Recipe, name: str | None, served_name: str | None) -> dict[str, Any]:
    """What the model is called, and for agents inside the sandbox how they get there.

    Each of those reads the OpenAI variables in its own way (harbor.agents.model_connection), and none knows the
    prefix `hosted_vllm`: they are given the server as an endpoint of the OpenAI protocol.
    """
    if served_name is None:
        return {}
    if not runs_in_sandbox(name):
        return {"model_name": model_name(recipe, served_name)}
    if recipe.model.engine == "api":
        return {"model_name": model_name(recipe, served_name), **_api_env(recipe, name)}
    url = recipe.serve.public_url or _URL
    roads = {"OPENAI_BASE_URL": url, "OPENAI_API_BASE": url, "LLM_BASE_URL": url}
    keys = {"OPENAI_API_KEY": _KEY, "LLM_API_KEY": _KEY}
    return {"model_name": f"openai/{served_name}", "env": {**roads, **keys}}


def _api_env(recipe: Recipe, name: str | None) -> dict[str, Any]:
    """The others read what Harbor's own environment holds of a provider; this one knows no names but its own."""
    spec = compile_api(recipe)
    if name != "openhands-sdk" or spec is None:
        return {}
    url = {} if spec.base_url is None else {"LLM_BASE_URL": spec.base_url}
    return {"env": {**url, "LLM_API_KEY": f"${{{spec.key_variable}:-none}}"}}


def _refuse_unreachable(recipe: Recipe, name: str, sandbox: str) -> None:
    model, do = recipe.model, "take an agent that asks the model from outside the sandbox: terminus-2 or bash"
    shares_network = sandbox == "local"
    if model.engine == "api":
        if model.base_url is not None and _is_loopback(model.base_url) and not shares_network:
            raise InputInvalid(
                f"agent {name} cannot reach its model",
                why=f"it runs inside the {sandbox} sandbox, where model.base_url leads to the sandbox itself",
                do=f"give model.base_url an address that the sandbox reaches, or {do}",
            )
        return
    if name not in OPENAI_URL_AGENTS:
        raise InputInvalid(
            f"agent {name} cannot ask a model that the run serves itself (model.engine: {model.engine})",
            why="it knows the models of its vendor, and no endpoint of the OpenAI protocol",
            do=f"set model.engine: api with such a model, or {do}",
        )
    if model.engine == "replay" and name in RESPONSES_AGENTS:
        raise InputInvalid(
            f"agent {name} cannot ask recorded answers (model.engine: replay)",
            why="it speaks the Responses protocol of OpenAI, and recordings answer the chat protocol",
            do=f"set model.engine: api, or {do}",
        )
    if recipe.serve.public_url is None and not shares_network:
        raise InputInvalid(
            f"agent {name} cannot reach its model",
            why=f"it runs inside the {sandbox} sandbox, and the model server listens on 127.0.0.1 outside of it",
            do=f"set model.engine: api, or {do}",
        )


def _is_loopback(url: str) -> bool:
    found = _HOST.match(url)
    host = found.group(1).strip("[]").lower() if found else ""
    try:
        address = ip_address(host)
    except ValueError:
        # A name, not an address.
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def _timeout(recipe: Recipe) -> dict[str, Any]:
    return {} if recipe.agent.timeout_sec is None else {"override_timeout_sec": recipe.agent.timeout_sec}


def _defaults(recipe: Recipe, name: str | None) -> dict[str, Any]:
    if name == "bash":
        return {**_turns(recipe, name), **_bash_kwargs(recipe)}
    if name == DEFAULT_AGENT:
        return {**_turns(recipe, name), **_terminus_kwargs(recipe)}
    return _turns(recipe, name)


def _turns(recipe: Recipe, name: str | None) -> dict[str, Any]:
    """The limit of turns, by the agent's own word for it."""
    wanted = recipe.agent.max_turns
    if wanted is None:
        return {}
    argument = "max_turns" if name in (None, "bash") else TURNS_ARGUMENT.get(name)
    if argument is None:
        raise InputInvalid(
            f"agent.max_turns: agent {name} of Harbor has no limit of turns",
            do="leave it out (--set agent.max_turns=null) and limit the time with agent.timeout_sec, "
            f"or take an agent that has one: bash, {', '.join(TURNS_ARGUMENT)}",
        )
    return {argument: wanted}


def _bash_kwargs(recipe: Recipe) -> dict[str, Any]:
    sampling = _request(recipe)
    kwargs = {"temperature": sampling.pop("temperature", None), "llm_kwargs": sampling or None}
    kwargs["max_tokens"] = recipe.model.max_output_tokens
    return {name: value for name, value in kwargs.items() if value is not None}


def _terminus_kwargs(recipe: Recipe) -> dict[str, Any]:
    """For training data: the model's own text, one linear history, and no recording, which would install a program.

    Without `model.sampling` no temperature is sent. A provider's own model keeps the sizes and prices that litellm
    knows of it: what is given here would replace them.
    """
    sampling = _request(recipe)
    temperature = {"temperature": sampling.pop("temperature")} if "temperature" in sampling else {}
    info = _model_info(recipe)
    output = {"max_tokens": info["max_output_tokens"]} if "max_output_tokens" in info else {}
    threshold = info.get("max_input_tokens", 4 * _SUMMARIZE_BELOW) // 4
    return {
        **temperature,
        "record_terminal_session": False,
        "trajectory_config": {"raw_content": True, "linear_history": True},
        **({"llm_call_kwargs": {**output, **sampling}} if output or sampling else {}),
        **({"model_info": info} if info else {}),
        # Of a small context, Harbor's threshold leaves nothing: it would sum up after every turn.
        **({"proactive_summarization_threshold": threshold} if threshold < _SUMMARIZE_BELOW else {}),
    }


def _request(recipe: Recipe) -> dict[str, Any]:
    """What every request carries; the longest wait for an answer only where it is not our own."""
    model, plain = recipe.model, Model()
    is_plain = model.request_timeout_sec == plain.request_timeout_sec
    return {**({} if is_plain else {"timeout": model.request_timeout_sec}), **model.sampling}


def _model_info(recipe: Recipe) -> dict[str, Any]:
    """Sizes in tokens; all four fields for a server of ours, for which Harbor demands them."""
    model = recipe.model
    if model.engine == "api" and model.base_url is None:
        stated = {"max_input_tokens": model.max_input_tokens, "max_output_tokens": model.max_output_tokens}
        return {name: value for name, value in stated.items() if value is not None} | token_prices(model)
    # What vLLM serves when nothing limits it is the model's own affair; this is what agents may count on.
    context = recipe.serve.max_model_len or max(_DEFAULT_CONTEXT, 2 * (model.max_output_tokens or 0))
    output = model.max_output_tokens or min(_DEFAULT_OUTPUT, context // 4)
    sizes = {"max_input_tokens": model.max_input_tokens or max(context - output, 1), "max_output_tokens": output}
    free = {"input_cost_per_token": 0.0, "output_cost_per_token": 0.0}
    return {**sizes, **(token_prices(model) if model.engine == "api" else free)}


def _merged(ours: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(ours)
    for name, value in own.items():
        below = merged.get(name)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[name] = _merged(cast("dict[str, Any]", below), cast("dict[str, Any]", value)) if both else value
    return merged

"""An agent's arguments in upstream files (`agents[].kwargs`, `extra_agent_kwargs`) -> `agent` and `model`."""

from collections.abc import Callable, Mapping

from otcloud.recipe.harbor_names import TURNS_ARGUMENT
from otcloud.recipe.suggest import nearest
from otcloud.recipe.upstream.agent_options import AGENT_OPTIONS
from otcloud.recipe.upstream.options import state_once
from otcloud.recipe.upstream.reading import Reading
from otcloud.recipe.upstream.rules import Rule, Rules, idle, read
from otcloud.recipe.written import Written

DEFAULT_AGENT = "terminus-2"
_GONE = "Harbor 0.24 has it no more"


def arguments(agent: str) -> Rules:
    """What becomes of the arguments of an agent that is not given a plain place in `agent.kwargs`."""
    turns = read(_turns(agent), "agent.max_turns")
    return {
        "max_episodes": turns,
        "episodes": turns,
        "max_turns": turns,
        "max_iterations": turns,
        "model_info": read(_model_info(agent), "model.max_input_tokens, model.max_output_tokens"),
        "extra_body": read(_extra_body(agent), "agent.kwargs.llm_call_kwargs.extra_body"),
        "collect_engine_metrics": read(_metrics, "", f"{_GONE}: otcloud watches the server itself"),
        "metrics_endpoint": idle(f"{_GONE}: otcloud watches the server itself"),
        "metrics_timeout_sec": idle(f"{_GONE}: otcloud watches the server itself"),
        "enable_episode_logging": idle(_GONE),
        "enable_pane_logging": idle(_GONE),
        "api_base": Rule(why="otcloud gives agents the address of the server; model.base_url is that of an API"),
        "api_key": Rule(why="keys are named, not written (model.api_key)"),
    }


def read_arguments(reading: Reading, written: Written, key: str, agent: str | None) -> None:
    """Read the arguments of an agent; None is a class of the user's own, which takes what it takes."""
    name = agent or ""
    known = AGENT_OPTIONS.get(name)

    def other(child: Written, path: str, word: str) -> None:
        if known is not None and word not in known:
            near = nearest(word, sorted(known))
            told = f"is left out: {name} of Harbor 0.24 does not take it"
            reading.warn(child, path, f"{told}{f'; did you mean {near}?' if near else ''}")
        else:
            reading.state_key(("agent", "kwargs", word), child)

    reading.walk(reading.mapping(written, key), arguments(name), key, other)


def _turns(agent: str) -> Callable[[Reading, Written, str], None]:
    def read_turns(reading: Reading, written: Written, key: str) -> None:
        if agent in AGENT_OPTIONS and agent not in TURNS_ARGUMENT:
            reading.drop(written, key, f"{agent} has no limit of turns; agent.timeout_sec limits its time")
        elif agent == "" or agent not in (*TURNS_ARGUMENT, "bash"):
            reading.state_key(("agent", "kwargs", key.rsplit(".", 1)[-1]), written)
        else:
            state_once(reading, "agent.max_turns", written, key)

    return read_turns


def _model_info(agent: str) -> Callable[[Reading, Written, str], None]:
    """Sizes go to the model. Prices, and for other agents than terminus-2 all of it, stay with the agent."""

    def read_info(reading: Reading, written: Written, key: str) -> None:
        known = AGENT_OPTIONS.get(agent)
        takes = known is None or "model_info" in known
        for name, child in reading.mapping(written, key).items():
            size = name in ("max_input_tokens", "max_output_tokens")
            if child.empty:
                continue
            if size:
                state_once(reading, f"model.{name}", child, f"{key}.{name}")
            priced = child.value not in (0, 0.0)
            if takes and (agent != DEFAULT_AGENT or (not size and priced)):
                reading.state_key(("agent", "kwargs", "model_info", name), child)
            elif not size and priced:
                reading.drop(child, f"{key}.{name}", f"{agent} does not take model_info")

    return read_info


def _extra_body(agent: str) -> Callable[[Reading, Written, str], None]:
    def read_body(reading: Reading, written: Written, key: str) -> None:
        if agent == DEFAULT_AGENT:
            reading.state_key(("agent", "kwargs", "llm_call_kwargs", "extra_body"), written)
        elif agent in AGENT_OPTIONS:
            reading.drop(written, key, f"{agent} of Harbor 0.24 does not take it")
        else:
            reading.state_key(("agent", "kwargs", "extra_body"), written)

    return read_body


def _metrics(reading: Reading, written: Written, key: str) -> None:
    wanted = reading.switch(written, key)
    why = f"{_GONE}: otcloud watches the server itself"
    reading.drop(written, key, why, quiet=not wanted)


def agent_of(content: Mapping[str, Written], reading: Reading, key: str) -> str | None:
    """The name of the agent that a mapping describes; None for a class by import path."""
    name, path = content.get("name"), content.get("import_path")
    if path is not None and not path.empty:
        return None
    return reading.text(name, f"{key}.name") if name is not None and not name.empty else DEFAULT_AGENT

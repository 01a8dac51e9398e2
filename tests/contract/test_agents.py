"""What is compiled for agents against Harbor's own classes: where they run, what they take, what they send."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from otcloud import process
from otcloud.programs import Harbor
from otcloud.recipe.harbor_names import AGENTS, IN_PROCESS, OPENAI_URL_AGENTS, TURNS_ARGUMENT, UNUSABLE_AGENTS
from tests.conftest import REAL_ENVIRON
from tests.unit.planned import plan_of, recipe_of

CLASSES = """
import importlib.util, json
from harbor.agents.factory import AgentFactory
from harbor.agents.installed.base import BaseInstalledAgent
from harbor.models.agent.name import AgentName
limits = ("max_turns", "max_iterations", "max_steps", "max_agent_steps", "max_model_steps")
found = {}
for name in AgentName:
    try:
        kind = AgentFactory.get_agent_class(name)
    except ValueError:
        found[name.value] = None
        continue
    options = kind.options_model.model_fields if kind.options_model else {}
    turns = next((each for each in limits if each in options), None)
    found[name.value] = {"inside": issubclass(kind, BaseInstalledAgent), "turns": turns}
print(json.dumps({"agents": found, "dspy": importlib.util.find_spec("dspy") is not None}))
"""

CONNECTIONS = """
import json, sys, tempfile
from pathlib import Path
from harbor.agents.factory import AgentFactory
from harbor.models.trial.config import AgentConfig
found = {}
for entry in json.load(sys.stdin):
    config = AgentConfig.model_validate(entry)
    agent = AgentFactory.create_agent_from_config(config, Path(tempfile.mkdtemp()))
    if agent.MODEL_CONNECTION is None:
        found[config.name] = [agent._get_env("LLM_BASE_URL"), agent._get_env("LLM_API_KEY")]
    else:
        found[config.name] = [agent.model_connection.configured_base_url, agent.model_connection.api_key]
print(json.dumps(found))
"""

ASK = """
import asyncio, json, sys, tempfile
from pathlib import Path
from harbor.agents.factory import AgentFactory
from harbor.models.trial.config import AgentConfig
config = AgentConfig.model_validate(json.load(sys.stdin))
agent = AgentFactory.create_agent_from_config(config, Path(tempfile.mkdtemp()))
asyncio.run(agent._llm.call("hello", **agent._llm_call_kwargs))
options = agent.options.model_dump(mode="json")
limits = [agent._llm.get_model_context_limit(), agent._llm.get_model_output_limit()]
print(json.dumps({"options": options, "limits": limits}))
"""

ANSWER = {"choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop", "index": 0}]}
"""The least that is an answer of the OpenAI protocol."""


class Endpoint(BaseHTTPRequestHandler):
    """Answers every request, and keeps what it asked for."""

    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        """One completion."""
        self.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        body = json.dumps(
            {"id": "1", "object": "chat.completion", "created": 1, "model": "m", **ANSWER, "usage": usage}
        )
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A model's endpoint: its URL, and the requests that came."""
    asked: list[dict[str, Any]] = []
    server = HTTPServer(("127.0.0.1", 0), type("Kept", (Endpoint,), {"asked": asked}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1", asked
    server.shutdown()
    thread.join()
    server.server_close()


def compiled(folder: Path, *sets: str) -> dict[str, Any]:
    """The agent's entry in the job file."""
    return plan_of(recipe_of(folder, *sets)).harbor.job["agents"][0]


def run(harbor: Harbor, script: str, document: object, **env: str) -> Any:
    """Run a script in Harbor's interpreter; gives the JSON that it prints last."""
    environ = harbor.environment(REAL_ENVIRON, env)
    done = process.run([harbor.python, "-c", script], env=environ, stdin=json.dumps(document))
    assert done.code == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_where_agents_run_and_what_limits_their_turns(harbor: Harbor) -> None:
    found = run(harbor, CLASSES, None)
    agents: dict[str, Any] = found["agents"]
    assert list(agents) == list(AGENTS)
    gone = {name for name, facts in agents.items() if facts is None}
    assert {name for name, facts in agents.items() if facts and not facts["inside"]} == set(IN_PROCESS)
    assert gone | ({"dspy-rlm"} if not found["dspy"] else set()) == set(UNUSABLE_AGENTS)
    turns = {name: facts["turns"] for name, facts in agents.items() if facts and facts["turns"]}
    assert {name: turns[name] for name in turns if name not in UNUSABLE_AGENTS} == TURNS_ARGUMENT


def test_agents_inside_the_sandbox_are_given_url_and_key(harbor: Harbor, tmp_path: Path) -> None:
    served = ("model.engine=vllm", "model.recording=")
    entries = [compiled(tmp_path / "work", f"agent.name={name}", *served) for name in OPENAI_URL_AGENTS]
    assert not any("/v1" in json.dumps(entry) for entry in entries), "a job file holds no URL"
    url, key = "http://127.0.0.1:9/v1", "key-of-the-run"
    found = run(harbor, CONNECTIONS, entries, HOSTED_VLLM_API_BASE=url, HOSTED_VLLM_API_KEY=key)
    assert found == {name: [url, key] for name in OPENAI_URL_AGENTS}


@pytest.mark.parametrize("model", ["hosted_vllm/workload", "openai/org/workload"])
def test_terminus_sends_what_the_recipe_says_and_nothing_else(
    harbor: Harbor, tmp_path: Path, endpoint: tuple[str, list[dict[str, Any]]], model: str
) -> None:
    url, asked = endpoint
    env = {"HOSTED_VLLM_API_BASE": url, "OPENAI_BASE_URL": url, "OPENAI_API_BASE": url}
    keys = {"HOSTED_VLLM_API_KEY": "k", "OPENAI_API_KEY": "k"}
    sampled = {"temperature": 0.25, "top_p": 0.5, "top_k": 20}
    for sampling in ({}, sampled):
        sets = ("agent.name=terminus-2", f"model.sampling={json.dumps(sampling)}", "serve.max_model_len=16384")
        entry = {**compiled(tmp_path / "work", *sets), "model_name": model}
        told = run(harbor, ASK, entry, **env, **keys)
        request = asked.pop()
        assert request.pop("messages")[-1]["content"] == "hello"
        assert request == {"model": model.partition("/")[2], "max_tokens": 4096, **sampling}
        assert told["limits"] == [12288, 4096]
        options = told["options"]
        assert options["trajectory_config"] == {"raw_content": True, "linear_history": True}
        off = ("record_terminal_session", "store_all_messages", "collect_rollout_details", "interleaved_thinking")
        assert not any(options[name] for name in off)
        assert options["temperature"] == sampling.get("temperature")

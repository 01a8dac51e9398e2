"""The bash agent and a model server that misbehaves: what is asked again, what is not, and what a request holds."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, override

import pytest

CONTEXT = "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens."

# What the server says to a conversation's requests, one after the other; the last stands for all that follow.
SCRIPTS: dict[str, list[tuple[int, dict[str, str], str]]] = {
    "503 then well": [(503, {}, "starting"), (200, {}, "TASK_COMPLETE")],
    "429 then well": [(429, {"Retry-After": "0"}, "slow down"), (200, {}, "TASK_COMPLETE")],
    "hung up then well": [(0, {}, ""), (200, {}, "TASK_COMPLETE")],
    "500 for ever": [(500, {}, "broken")],
    "400": [(400, {}, "no such parameter")],
    "401": [(401, {}, "wrong key")],
    "404": [(404, {}, "no such model")],
    "context": [(400, {}, CONTEXT)],
    "two turns": [(200, {}, "```bash\necho 1\n```"), (200, {}, "TASK_COMPLETE")],
    "surrogate": [(200, {}, "half \ud800 a character\nTASK_COMPLETE")],
    "patience": [(429, {"Retry-After": "7"}, "wait"), (503, {}, "x"), (500, {}, "x"), (408, {}, "x"), (200, {}, "ok")],
    "null": [(200, {}, ""), (200, {}, "TASK_COMPLETE")],
}

PATIENCE = """
import asyncio, json
from otcloud.harbor_ext.bash.model_client import ModelClient

waits = []

async def sleep(seconds):
    waits.append(seconds)

client = ModelClient("hosted_vllm/tiny", {}, retries=5, sleep=sleep, jitter=lambda: 1.0)
reply = asyncio.run(client.ask([{"role": "user", "content": "patience"}]))
print(json.dumps([reply.text, waits]))
"""


class Scripted(ThreadingHTTPServer):
    """Answers each conversation, known by its first user message, as its script says; keeps what it was asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.asked: list[dict[str, Any]] = []
        self.counts: Counter[str] = Counter()
        self.lock = threading.Lock()

    def next(self, request: dict[str, Any]) -> tuple[int, dict[str, str], str]:
        name = next(message["content"] for message in request["messages"] if message["role"] == "user")
        with self.lock:
            self.asked.append(request)
            self.counts[name] += 1
            return SCRIPTS[name][min(self.counts[name], len(SCRIPTS[name])) - 1]

    def requests(self, name: str) -> list[dict[str, Any]]:
        """All requests of one conversation, in order."""
        return [asked for asked in self.asked if name in (message["content"] for message in asked["messages"])]


class Exchange(BaseHTTPRequestHandler):
    server: Scripted

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, headers, text = self.server.next(request)
        if status == 0:
            self.connection.close()
            return
        message = {"role": "assistant", "content": text or None}
        answer = {
            "id": "x",
            "object": "chat.completion",
            "created": 1,
            "model": "tiny",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
        }
        error = {"error": {"message": text, "type": "x", "param": None, "code": status}}
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer if status == 200 else error).encode())

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def server() -> Iterator[Scripted]:
    """The server, on a free port."""
    with Scripted() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def stage(server: Scripted, stage_on: Callable[[int], Any]) -> Any:
    """Harbor's interpreter beside that server."""
    return stage_on(server.server_port)


@pytest.fixture(scope="module")
def ends(stage: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """All scripts but one played, side by side."""
    plans: dict[str, Any] = {name: {"kwargs": {"retries": 1}} for name in SCRIPTS if name != "patience"}
    plans["two turns"]["kwargs"] = {"temperature": 0.5, "max_tokens": 9, "llm_kwargs": {"top_p": 0.9}}
    return stage.drive(tmp_path_factory.mktemp("logs"), plans)


def test_waits_grow_and_the_servers_wish_is_honoured(stage: Any) -> None:
    assert stage.output("-c", PATIENCE) == ["ok", [8.0, 2.0, 4.0, 8.0]]


@pytest.mark.parametrize("name", ["503 then well", "429 then well", "hung up then well"])
def test_what_passes_is_asked_again(ends: Any, server: Scripted, name: str) -> None:
    assert ends.results[name]["error"] is None
    assert ends.results[name]["context"]["metadata"] == {"turns": 1, "stop_reason": "completed"}
    assert server.counts[name] == 2


def test_patience_ends(ends: Any, server: Scripted) -> None:
    assert ends.results["500 for ever"]["error"]["type"] == "InternalServerError"
    assert server.counts["500 for ever"] == 2


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("400", "BadRequestError", "no such parameter"),
        ("401", "AgentAuthenticationError", "refused the key"),
        ("404", "ModelNotFoundError", "no such model"),
        ("context", "ContextLengthExceededError", "maximum context length"),
    ],
)
def test_what_does_not_pass_is_not_asked_again(ends: Any, server: Scripted, name: str, kind: str, said: str) -> None:
    end = ends.results[name]
    assert end["error"]["type"] == kind
    assert said in end["error"]["text"]
    assert end["context"]["metadata"] == {"turns": 0, "stop_reason": kind}
    assert server.counts[name] == 1


def test_a_request_holds_what_the_options_say_and_no_more(ends: Any, server: Scripted) -> None:
    asked = server.requests("two turns")
    given = {"model": "tiny", "temperature": 0.5, "max_tokens": 9, "top_p": 0.9}
    assert [{key: value for key, value in each.items() if key != "messages"} for each in asked] == [given, given]
    (plain,) = server.requests("401")
    assert set(plain) == {"model", "messages"}


def test_the_conversation_can_be_rebuilt_from_the_trajectory(ends: Any, server: Scripted) -> None:
    messages: list[dict[str, str]] = []
    for step in json.loads((ends.root / "two turns" / "trajectory.json").read_text(encoding="utf-8"))["steps"]:
        role = "assistant" if step["source"] == "agent" else step["source"]
        messages.append({"role": role, "content": step["message"]})
        if "observation" in step:
            messages.append({"role": "user", "content": step["observation"]["results"][0]["content"]})
    assert server.requests("two turns")[-1]["messages"] == messages[:-1]
    assert messages[-1] == {"role": "assistant", "content": "TASK_COMPLETE"}


def test_odd_answers_are_survived(ends: Any) -> None:
    assert ends.results["surrogate"]["error"] is None
    text = (ends.root / "surrogate" / "trajectory.json").read_text(encoding="utf-8")
    assert json.loads(text)["steps"][-1]["message"] == "half ? a character\nTASK_COMPLETE"
    assert ends.results["null"]["context"]["metadata"] == {"turns": 2, "stop_reason": "completed"}

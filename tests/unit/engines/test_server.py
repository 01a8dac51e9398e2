"""The server as a process: routes, the key, keep-alive, many at once, and its end."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
import pytest

from otcloud.engines.recording import WARM_UP

HELLO = "Say hello in two languages: ß, 日本語."


def ask(*contents: str) -> list[dict[str, object]]:
    return [{"role": "assistant" if n % 2 else "user", "content": content} for n, content in enumerate(contents)]


def test_routes(served: Any) -> None:
    assert served.request("GET", "/health") == (200, {"status": "ok"})
    status, models = served.request("GET", "/v1/models")
    assert (status, [model["id"] for model in models["data"]]) == (200, ["tiny"])
    status, refused = served.request("GET", "/v1/completions?x=1")
    assert (status, refused["error"]["message"]) == (404, "There is no GET /v1/completions here.")
    assert served.request("PUT", "/v1/models", "x")[0] == 501


def test_recorded_turns_come_back(served: Any) -> None:
    status, first = served.chat(ask(HELLO))
    message = first["choices"][0]["message"]
    assert status == 200
    assert message["content"].startswith("Hello and 日本語")
    assert message["reasoning_content"] == "Which languages?"
    _, second = served.chat(ask(HELLO, "whatever", "And now?"))
    assert second["choices"][0]["message"]["content"] == "Bye."
    assert served.chat(ask(HELLO)) == (status, first)
    assert served.chat(ask(WARM_UP))[1]["choices"][0]["message"]["content"] == "ready"
    status, unknown = served.chat(ask("something else"))
    assert (status, unknown["error"]["type"]) == (422, "NoRecordedAnswer")


def test_streaming_on_one_connection_with_other_requests(served: Any) -> None:
    _, whole = served.chat(ask(HELLO))
    connection = HTTPConnection("127.0.0.1", served.port, timeout=20)
    streamed = {"model": "tiny", "messages": ask(HELLO), "stream": True, "stream_options": {"include_usage": True}}
    for _ in range(3):
        connection.request("POST", "/v1/chat/completions", json.dumps(streamed))
        response = connection.getresponse()
        assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        events = response.read().decode().removesuffix("\n\n").split("\n\n")
        assert events[-1] == "data: [DONE]"
        chunks = [json.loads(event.removeprefix("data: ")) for event in events[:-1]]
        deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
        assert "".join(delta.get("content", "") for delta in deltas) == whole["choices"][0]["message"]["content"]
        assert chunks[-1]["usage"] == whole["usage"]
        connection.request("GET", "/health")
        assert connection.getresponse().read() == b'{"status": "ok"}'
    connection.close()


def test_many_at_once_get_their_own_answers(served: Any) -> None:
    """More connections than conversations, all open at the same time, each asked twice."""
    connections = [HTTPConnection("127.0.0.1", served.port, timeout=30) for _ in range(120)]
    for connection in connections:
        connection.connect()

    def talk(number: int) -> list[str]:
        answers: list[str] = []
        for _ in range(2):
            request = {"model": "tiny", "messages": ask(f"Number {number % 60}?")}
            connections[number].request("POST", "/v1/chat/completions", json.dumps(request))
            answers.append(json.load(connections[number].getresponse())["choices"][0]["message"]["content"])
        return answers

    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(talk, range(120)))
    assert answers == [[f"It is {n % 60}."] * 2 for n in range(120)]
    assert psutil.Process(served.process.pid).memory_info().rss < 40 * 2**20
    for connection in connections:
        connection.close()


def test_the_key(start: Callable[..., Any]) -> None:
    server = start(key="canary-5f1c")
    assert server.request("GET", "/health", headers={})[0] == 200
    for headers in ({}, {"Authorization": "Bearer canary-5f1"}, {"Authorization": "canary-5f1c"}):
        status, refused = server.request("GET", "/v1/models", headers=headers)
        assert (status, refused["error"]["type"]) == (401, "AuthenticationError")
    assert server.chat(ask(HELLO))[0] == 200
    server.process.terminate()
    assert "canary" not in server.process.stderr.read()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Content-Length: 99999999999\r\n", 413),
        (b"Content-Length: x\r\n", 400),
        (b"Transfer-Encoding: chunked\r\n", 411),
    ],
)
def test_bodies_that_are_not_read(served: Any, head: bytes, status: int) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as raw:
        raw.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n")
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"Connection: close" in answer


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_well_with_requests_open(start: Callable[..., Any], sig: int) -> None:
    server = start("--latency-ms", "600000")
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as raw:
        body = json.dumps({"model": "tiny", "messages": ask(HELLO)}).encode()
        raw.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        assert server.request("GET", "/health")[0] == 200
        server.process.send_signal(sig)
        assert server.process.wait(20) == 0
    assert "Traceback" not in server.process.stderr.read()


def test_it_ends_with_its_parent(recording_file: Path) -> None:
    """A parent that is killed leaves no server behind."""
    argv = [sys.executable, "-m", "otcloud.engines", "--recording", str(recording_file)]
    argv += ["--port", "0", "--served-name", "tiny"]
    code = f"import subprocess; p = subprocess.Popen({argv!r}); print(p.pid, flush=True); p.wait()"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stderr is not None
        server = psutil.Process(int(parent.stdout.readline()))
        assert b"recorded answers" in parent.stderr.readline()
        parent.kill()
    assert psutil.wait_procs([server], timeout=20)[1] == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--recording", "/nonexistent", "--port", "0"], 3, "the recording cannot be read"),
        (["--port", "70000"], 3, "cannot listen on 127.0.0.1:70000"),
        (["--port", "0", "--latency-ms", "-1"], 2, "whole number of milliseconds"),
    ],
)
def test_what_cannot_be_served(recording_file: Path, arguments: list[str], code: int, said: str) -> None:
    argv = [sys.executable, "-m", "otcloud.engines", "--recording", str(recording_file), "--served-name", "tiny"]
    done = subprocess.run([*argv, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr

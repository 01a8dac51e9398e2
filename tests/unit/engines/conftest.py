"""A small recording, and the replay server as a process of its own, as a node starts it."""

import os
import re
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from json import dumps, loads
from pathlib import Path
from typing import Any

import pytest

from otcloud.engines.recording import Conversation, Recording, from_conversations

MODEL = "tiny"
HELLO = "Say hello in two languages: ß, 日本語."


def said(content: str | None, **fields: object) -> dict[str, object]:
    """An assistant's message."""
    return {"role": "assistant", "content": content, **fields}


def asked(*contents: str) -> list[dict[str, object]]:
    """A conversation that waits for an answer: user, assistant, user and so on."""
    return [
        {"role": "assistant" if index % 2 else "user", "content": content} for index, content in enumerate(contents)
    ]


@dataclass(frozen=True)
class Served:
    """A running replay server."""

    process: "subprocess.Popen[str]"
    port: int
    key: str | None

    def request(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and parsed body of one request on a connection of its own; without headers the key is sent."""
        if headers is None:
            headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body if isinstance(body, bytes) else dumps(body), headers)
            response = connection.getresponse()
            return response.status, loads(response.read())
        finally:
            connection.close()

    def chat(self, messages: list[dict[str, object]], **fields: object) -> tuple[int, Any]:
        """Status and parsed body of one chat request."""
        return self.request("POST", "/v1/chat/completions", {"model": MODEL, "messages": messages, **fields})


@contextmanager
def serve(recording: Path, *arguments: str, key: str | None = None) -> Generator[Served]:
    """A replay server on a free port, ended with the block."""
    env = {name: value for name, value in os.environ.items() if name != "VLLM_API_KEY"}
    argv = [sys.executable, "-m", "otcloud.engines", "--recording", str(recording)]
    process = subprocess.Popen(
        [*argv, "--host", "127.0.0.1", "--port", "0", "--served-name", MODEL, *arguments],
        stderr=subprocess.PIPE,
        env=env if key is None else {**env, "VLLM_API_KEY": key},
        text=True,
    )
    assert process.stderr is not None
    try:
        started = process.stderr.readline()
        match = re.search(r":(\d+)/v1$", started.strip())
        assert match is not None, started
        yield Served(process, int(match[1]), key)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.fixture(scope="session")
def recording() -> Recording:
    """Two turns of one conversation with thinking, a tool call, and 60 short conversations."""
    call = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    first = said(
        "Hello and 日本語: a text that is longer than one streamed piece.", reasoning_content="Which languages?"
    )
    talk = [*asked(HELLO), first, *asked("And now?"), said("Bye.", reasoning="told apart by vLLM")]
    tool = [*asked("Use a tool."), said(None, tool_calls=[call])]
    many = [Conversation(f"n{n}", [*asked(f"Number {n}?"), said(f"It is {n}.")]) for n in range(60)]
    return from_conversations(
        "org/tiny", "a test", "2026-01-02", [Conversation("talk", talk), Conversation("tool", tool), *many]
    )


@pytest.fixture(scope="session")
def recording_file(recording: Recording, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording on disk."""
    path = tmp_path_factory.mktemp("recording") / "recording.jsonl"
    recording.dump(path)
    return path


@pytest.fixture(scope="session")
def served(recording_file: Path) -> Iterator[Served]:
    """A server without a key, shared by the tests that only ask."""
    with serve(recording_file) as server:
        yield server


@dataclass(frozen=True)
class Start:
    """Starts servers of a test's own, which end with the test."""

    recording: Path
    stack: ExitStack

    def __call__(self, *arguments: str, key: str | None = None) -> Served:
        return self.stack.enter_context(serve(self.recording, *arguments, key=key))


@pytest.fixture
def start(recording_file: Path) -> Iterator[Start]:
    """start(*arguments, key=...) is a server of the test's own."""
    with ExitStack() as stack:
        yield Start(recording_file, stack)

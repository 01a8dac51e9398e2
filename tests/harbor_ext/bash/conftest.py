"""The bash agent's conversations, held by the driver in Harbor's interpreter against the replay server."""

import json
import os
import subprocess
import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from otcloud.engines.recording import Conversation, from_conversations
from otcloud.engines.replay import Replay
from otcloud.engines.server import ReplayServer
from otcloud.programs import Harbor

DRIVER = Path(__file__).with_name("drive.py")
KEY = "k" * 20

type Answers = dict[str, list[str | tuple[str, str]]]


@dataclass(frozen=True)
class Ends:
    """What the driver left: each conversation's context and error, trajectory and folder."""

    root: Path
    results: dict[str, Any]

    def trajectory(self, name: str) -> dict[str, Any]:
        """The trajectory as written."""
        return json.loads((self.root / name / "trajectory.json").read_text(encoding="utf-8"))

    def told(self, name: str) -> list[str]:
        """What the model was told after each of its answers; empty where nothing."""
        steps = [step for step in self.trajectory(name)["steps"] if step["source"] == "agent"]
        return [step["observation"]["results"][0]["content"] if "observation" in step else "" for step in steps]

    def stop(self, name: str) -> tuple[int, str]:
        """(turns, stop reason) of a conversation that ended without an error."""
        assert self.results[name]["error"] is None
        metadata = self.results[name]["context"]["metadata"]
        assert self.trajectory(name)["extra"] == metadata
        return metadata["turns"], metadata["stop_reason"]


@dataclass(frozen=True)
class Stage:
    """Harbor's interpreter with the agent, and a model server on a port."""

    harbor: Harbor
    port: int
    driver: Path = DRIVER

    def start(self, *arguments: str | Path, stdin: str = "") -> "subprocess.Popen[str]":
        """A program in Harbor's interpreter, its stdin given."""
        address = f"http://127.0.0.1:{self.port}/v1"
        env = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | {
            "PYTHONPATH": str(self.harbor.code),
            "HOSTED_VLLM_API_BASE": address,
            "OPENAI_API_BASE": address,
            "HOSTED_VLLM_API_KEY": KEY,
            "OPENAI_API_KEY": KEY,
        }
        argv = [self.harbor.python, *arguments]
        program = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, text=True)
        assert program.stdin is not None
        program.stdin.write(stdin)
        program.stdin.close()
        return program

    def output(self, *arguments: str | Path, stdin: str = "") -> Any:
        """What such a program prints, as JSON."""
        with self.start(*arguments, stdin=stdin) as program:
            assert program.stdout is not None
            text = program.stdout.read()
        assert program.returncode == 0
        return json.loads(text)

    def drive(self, root: Path, plans: dict[str, Any]) -> Ends:
        """Hold these conversations, side by side."""
        return Ends(root, self.output(self.driver, root, stdin=json.dumps(plans)))


@contextmanager
def replaying(answers: Answers) -> Generator[int]:
    """A replay server with these answers by first user message; (thinking, text) as vLLM tells them apart. Its port."""
    talks: list[Conversation] = []
    for instruction, texts in answers.items():
        messages: list[dict[str, object]] = [{"role": "user", "content": instruction}]
        for text in texts:
            said = {"content": text} if isinstance(text, str) else {"reasoning": text[0], "content": text[1]}
            messages.append({"role": "assistant", **said})
        talks.append(Conversation(instruction, messages))
    replay = Replay(from_conversations("tiny", "a test", "2026-01-01", talks), "tiny")
    with ReplayServer(("127.0.0.1", 0), replay, api_key=KEY, latency_sec=0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def stage_on(harbor: Harbor) -> Callable[[int], Stage]:
    """stage_on(port): a stage whose model server listens there."""
    return lambda port: Stage(harbor, port)


@pytest.fixture(scope="session")
def replay() -> Callable[[Answers], AbstractContextManager[int]]:
    """replay(answers): a replay server in a `with`; gives its port."""
    return replaying

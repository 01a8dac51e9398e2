"""A made-up workload: tasks that take a known time, the recording that solves them, and the recipe that runs them."""

import json
from pathlib import Path

from otcloud.engines.recording import Conversation, from_conversations

_TASK_TOML = """schema_version = "1.4"

[task]
name = "made/{name}"

[environment]
network_mode = "no-network"

[verifier]
timeout_sec = 60

[agent]
timeout_sec = 120
"""
_TEST = """#!/bin/bash
mkdir -p /logs/verifier
if grep -qx {name} /app/answer.txt; then echo 1; else echo 0; fi > /logs/verifier/reward.txt
"""


def make(folder: Path, tasks: int, seconds: float) -> Path:
    """Write `tasks` tasks of about `seconds` seconds each with recording and recipe; gives the recipe's path."""
    folder.mkdir(parents=True, exist_ok=True)
    conversations = [_task(folder / "tasks" / f"sleep-{index:03d}", seconds) for index in range(tasks)]
    recording = from_conversations("made/workload", "made by a test or a benchmark", "2026-11-20", conversations)
    recording.dump(folder / "recording.jsonl")
    recipe = {
        "kind": "tracegen",
        "name": "workload",
        "model": {"id": "made/workload", "engine": "replay", "recording": "recording.jsonl"},
        "agent": {"name": "bash"},
        "sandbox": {"type": "local"},
        "tasks": {"path": "tasks"},
        "limits": {"max_hours": 1},
    }
    (folder / "recipe.yaml").write_text(json.dumps(recipe))
    return folder / "recipe.yaml"


def _task(folder: Path, seconds: float) -> Conversation:
    for part in ("environment", "tests"):
        (folder / part).mkdir(parents=True)
    instruction = f"Write the word {folder.name} into /app/answer.txt."
    (folder / "instruction.md").write_text(instruction)
    (folder / "task.toml").write_text(_TASK_TOML.format(name=folder.name))
    (folder / "environment" / "Dockerfile").write_text("FROM debian:bookworm-slim\nWORKDIR /app\n")
    (folder / "tests" / "test.sh").write_text(_TEST.format(name=folder.name))
    (folder / "tests" / "test.sh").chmod(0o755)
    work = f"```bash\nsleep {seconds}\necho {folder.name} > answer.txt\n```"
    messages = [
        {"role": "user", "content": instruction},
        {"role": "assistant", "content": work},
        {"role": "user", "content": "(output)"},
        {"role": "assistant", "content": "TASK_COMPLETE"},
    ]
    return Conversation(folder.name, messages)

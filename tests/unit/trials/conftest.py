"""Trials as Harbor 0.24 writes them, for the tests of this folder."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

type Result = dict[str, Any]


def _phase(start: int, end: int) -> dict[str, str]:
    return {"started_at": f"2026-03-01T10:00:{start:02d}.000000Z", "finished_at": f"2026-03-01T10:00:{end:02d}.500000Z"}


@pytest.fixture
def passed() -> Result:
    """result.json of a terminus-2 trial that passed: Harbor's own, shortened by what otcloud does not read."""
    return {
        "task_name": "hello",
        "trial_name": "hello__CHKFeJ5",
        "task_id": {"path": "tasks/ab12/set/hello"},
        "source": "set",
        "config": {
            "task": {"path": "tasks/ab12/set/hello", "source": None},
            "trials_dir": "jobs/0000-00",
            "verifier": {"override_timeout_sec": None, "disable": False},
        },
        "agent_info": {
            "name": "terminus-2",
            "version": "2.0.0",
            "model_info": {"name": "tiny", "provider": "hosted_vllm"},
        },
        "agent_result": {
            "n_input_tokens": 400,
            "n_cache_tokens": 10,
            "n_output_tokens": 80,
            "cost_usd": 0.25,
            "metadata": {"n_episodes": 4},
        },
        "verifier_result": {"rewards": {"reward": 1.0}},
        "exception_info": None,
        "started_at": "2026-03-01T10:00:00.000000Z",
        "finished_at": "2026-03-01T10:00:50.000000Z",
        "environment_setup": _phase(1, 2),
        "agent_setup": _phase(3, 4),
        "agent_execution": _phase(5, 30),
        "verifier": _phase(31, 40),
        "step_results": None,
    }


@pytest.fixture
def write_trial(tmp_path: Path) -> Callable[..., Path]:
    """Write a trial's folder: `write_trial(result, {"agent/trajectory.json": {...}})`; bytes stay as they are."""

    def write(result: object, files: dict[str, object] | None = None) -> Path:
        folder = tmp_path / "jobs" / "0000-00" / "hello__CHKFeJ5"
        for name, content in {"result.json": result, **(files or {})}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return folder

    return write

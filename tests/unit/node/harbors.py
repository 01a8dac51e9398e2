"""What Harbor leaves on disk, in the shape of 0.24, and a stand-in for its command."""

import json
from pathlib import Path
from typing import Any

from otcloud.node.slots import TaskEntry
from otcloud.programs import Harbor
from otcloud.runs.journal import write_json
from otcloud.runs.layout import RunDir
from otcloud.trials.published import read_index

TASKS = [TaskEntry(name, f"digest-{name}", f"tasks/d/set/{name}") for name in ("one", "two")]
START, END = "2026-03-01T10:00:00.000000Z", "2026-03-01T10:00:10.000000Z"
INFRA = "DaytonaError"
"""An exception that may be tried again and says nothing about the agent."""


def trial_result(task: str, name: str, reward: float | None = 1.0, exception: str | None = None) -> dict[str, Any]:
    """result.json of a finished trial."""
    phase = {"started_at": START, "finished_at": END}
    raised = {"exception_type": exception, "exception_message": "it broke", "occurred_at": START}
    return {
        "task_name": task,
        "trial_name": name,
        "config": {"task": {"path": f"tasks/d/set/{task}"}, "verifier": {"disable": False}},
        "verifier_result": None if reward is None else {"rewards": {"reward": reward}},
        "exception_info": raised if exception else None,
        "started_at": START,
        "finished_at": END,
        "agent_execution": phase,
        "verifier": phase if reward is not None else None,
    }


def write_trial(run: RunDir, job: str, name: str, reward: float | None = 1.0, exception: str | None = None) -> Path:
    """Write the folder of a finished trial; its task is the name's first part."""
    folder = run.jobs / job / name
    write_json(folder / "result.json", trial_result(name.partition("__")[0], name, reward, exception))
    return folder


def index(run: RunDir) -> list[tuple[str, int | None, str]]:
    """What is published: (trial, rollout, outcome)."""
    return [(trial.trial, trial.rollout, str(trial.outcome)) for trial in read_index(run.published_index)]


def stand_in(folder: Path, script: str) -> Harbor:
    """A bash script in Harbor's place; `trial NAME REWARD` in it leaves a finished trial and its event."""
    command = folder / "harbor"
    result = json.dumps(trial_result("TASK", "NAME")).replace("1.0", "REWARD")
    command.write_text(f"""#!/bin/bash
trap 'exit 130' INT
while [ $# -gt 0 ]; do case $1 in --job-name) job=$2; shift 2;; *) shift;; esac; done
trial() {{
  mkdir -p jobs/$job/$1 events
  echo '{result}' | sed "s/TASK/${{1%%__*}}/g; s/NAME/$1/; s/REWARD/$2/" > jobs/$job/$1/result.json
  echo "{{\\"job\\":\\"$job\\",\\"event\\":\\"end\\",\\"trial\\":\\"$1\\",\\"exception\\":null}}" >> events/harbor.jsonl
}}
{script}
""")
    command.chmod(0o755)
    return Harbor(folder / "no-python", command, folder / "no-code")

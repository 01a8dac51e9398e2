"""Our pass@k against the real Harbor's, which has it for k of 2 and more where every task has that many attempts."""

import json
import subprocess
from pathlib import Path
from random import Random

import pytest

from otcloud.trials.score import score
from otcloud.trials.trial import Outcome, Trial

PASS_AT_K = """
import json, sys
from types import SimpleNamespace as Fake
from harbor.utils.pass_at_k import _compute_pass_at_k_for_trials as compute

def trial(task, reward):
    graded = Fake(rewards=None if reward is None else {"reward": reward})
    return Fake(task_name=task, verifier_result=graded)

print(json.dumps([compute([trial(*each) for each in job]) for job in json.load(sys.stdin)]))
"""

type Job = list[tuple[str, float | None]]


def made(chance: Random) -> Job:
    """Up to five tasks, with as many attempts each as chance will have it; some left no reward."""
    return [
        (str(task), chance.choice([0.0, 1.0, 1.0, None]))
        for task in range(chance.randint(1, 5))
        for _ in range(chance.randint(1, 24))
    ]


def ours(job: Job) -> dict[str, float]:
    """Of the same attempts, where every task has enough of them; one without a reward is the agent's own failure."""
    trials = [
        Trial(
            trial=str(number),
            task=task,
            rollout=number,
            outcome=Outcome.PASSED if reward == 1.0 else Outcome.FAILED,
            reward=reward,
            rewards={} if reward is None else {"reward": reward},
        )
        for number, (task, reward) in enumerate(job)
    ]
    found = score(trials, {})
    return {str(each.k): each.rate for each in found.pass_at_k if each.tasks == found.tasks}


def test_pass_at_k_is_harbors(harbor_python: Path) -> None:
    """For every k that Harbor has; beyond those we have 1 and the fewest attempts."""
    chance = Random(7)
    jobs = [made(chance) for _ in range(200)]
    command = [str(harbor_python), "-c", PASS_AT_K]
    done = subprocess.run(command, input=json.dumps(jobs), capture_output=True, text=True, check=True)
    harbors: list[dict[str, float]] = json.loads(done.stdout)
    assert max(map(len, harbors)) > 5
    for job, expected in zip(jobs, harbors, strict=True):
        found = ours(job)
        fewest = min(sum(name == task for name, _ in job) for task, _ in job)
        assert set(found) == set(expected) | {"1", str(fewest)}
        assert expected == pytest.approx({k: found[k] for k in expected})

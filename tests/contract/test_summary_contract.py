"""Our figures and our table against the real Harbor, in its own interpreter."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from otcloud.trials.failures import not_retryable
from otcloud.trials.summary import mean_reward
from otcloud.trials.trial import Outcome, Trial
from otcloud.trials.verdict import primary_reward

MEAN = "import json, sys; from harbor.metrics.mean import Mean; print(json.dumps(Mean().compute(json.load(sys.stdin))))"
EXCLUDED = """
import json
from harbor.models.job.config import RetryConfig
print(json.dumps(sorted(RetryConfig().exclude_exceptions)))
"""

JOBS: dict[str, list[dict[str, float] | None]] = {
    "plain": [{"reward": 1.0}, {"reward": 0.0}, {"reward": 1.0}],
    "partial": [{"reward": 0.5}, {"reward": 1}, {"reward": 0.25}],
    "errored": [{"reward": 1.0}, None, None, {"reward": 0.5}],
    "all errored": [None, None],
    "other name": [{"accuracy": 0.5}, None, {"accuracy": 1.0}],
    "several": [{"reward": 0.5, "style": 1.0}, {"style": 1.0}, None],
    "empty": [{}, {"reward": 1.0}],
}


def ask(harbor_python: Path, program: str, document: object = None) -> Any:
    command = [str(harbor_python), "-c", program]
    done = subprocess.run(command, input=json.dumps(document), capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def trial(number: int, rewards: dict[str, float] | None) -> Trial:
    reward = primary_reward(rewards or {})
    outcome = Outcome.INFRA if reward is None else Outcome.PASSED if reward >= 1.0 else Outcome.FAILED
    return Trial(trial=str(number), task="t", rollout=number, outcome=outcome, reward=reward, rewards=rewards or {})


@pytest.mark.parametrize("job", JOBS)
def test_the_mean_reward_is_harbors(harbor_python: Path, job: str) -> None:
    rewards = JOBS[job]
    harbors = ask(harbor_python, MEAN, rewards)
    expected = harbors.get("mean", harbors.get("reward"))
    assert mean_reward([trial(number, each) for number, each in enumerate(rewards)]) == pytest.approx(expected)


def test_what_harbor_would_not_retry_we_do_not_either(harbor_python: Path) -> None:
    excluded = ask(harbor_python, EXCLUDED)
    assert "AgentTimeoutError" in excluded
    assert set(excluded) <= set(not_retryable())

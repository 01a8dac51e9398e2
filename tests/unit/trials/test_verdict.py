"""What a trial is evidence of: every rule of the verdict."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from otcloud.trials.trial import Outcome
from otcloud.trials.verdict import Ending, Verdict, decide, primary_reward

START = datetime(2026, 3, 1, 10, tzinfo=UTC)
END = START + timedelta(seconds=30)
BEFORE, AFTER = START - timedelta(seconds=5), END + timedelta(seconds=5)
TESTED: dict[str, Any] = {"verifier_started": START, "verifier_finished": END}
TIMEOUT = "Agent execution timed out after 60.0 seconds"


def timeout(**facts: Any) -> Ending:
    given: dict[str, Any] = {"message": TIMEOUT, "raised_at": BEFORE, "agent_sec": 60.01, **facts}
    return Ending(exception="AgentTimeoutError", **given)


CASES = {
    "passed": (Ending(rewards={"reward": 1.0}, **TESTED), Verdict(Outcome.PASSED)),
    "more than full": (Ending(rewards={"reward": 1.5}, **TESTED), Verdict(Outcome.PASSED)),
    "partial": (Ending(rewards={"reward": 0.5}, **TESTED), Verdict(Outcome.FAILED)),
    "verification off": (Ending(verification=False), Verdict(Outcome.UNVERIFIED)),
    "no reward, nothing raised": (Ending(**TESTED), Verdict(Outcome.INFRA, cause="no-reward")),
    "timeout, passed": (
        timeout(rewards={"reward": 1.0}, **TESTED),
        Verdict(Outcome.PASSED, timed_out=True, cause="agent-timeout"),
    ),
    "timeout, failed": (
        timeout(rewards={"reward": 0.0}, **TESTED),
        Verdict(Outcome.FAILED, timed_out=True, cause="agent-timeout"),
    ),
    "timeout, tests broke": (timeout(**TESTED), Verdict(Outcome.INFRA, timed_out=True, cause="no-reward")),
    "timeout, verification off": (
        timeout(verification=False),
        Verdict(Outcome.UNVERIFIED, timed_out=True, cause="agent-timeout"),
    ),
    "timeout long before the limit": (
        timeout(agent_sec=12.0, rewards={"reward": 0.0}, **TESTED),
        Verdict(Outcome.INFRA, cause="inner-timeout"),
    ),
    "timeout without an answer of the model": (
        timeout(turns=0, rewards={"reward": 0.0}, **TESTED),
        Verdict(Outcome.INFRA, cause="model-silent"),
    ),
    "timeout after an answer": (
        timeout(turns=1, rewards={"reward": 0.0}, **TESTED),
        Verdict(Outcome.FAILED, timed_out=True, cause="agent-timeout"),
    ),
    "timeout without a limit": (
        timeout(message="Agent execution timed out after None seconds", rewards={"reward": 1.0}, **TESTED),
        Verdict(Outcome.INFRA, cause="inner-timeout"),
    ),
    "timeout, limit unreadable": (
        timeout(message="Agent execution timed out after 1.2.3 seconds", rewards={"reward": 0.0}, **TESTED),
        Verdict(Outcome.FAILED, timed_out=True, cause="agent-timeout"),
    ),
    "sandbox would not stop": (
        Ending(exception="RuntimeError", raised_at=AFTER, rewards={"reward": 1.0}, **TESTED),
        Verdict(Outcome.PASSED, cause="sandbox"),
    ),
    "cancelled after its tests": (
        Ending(exception="CancelledError", raised_at=AFTER, rewards={"reward": 0.0}, **TESTED),
        Verdict(Outcome.FAILED, cause="cancelled"),
    ),
    "cancelled": (Ending(exception="CancelledError", raised_at=BEFORE), Verdict(Outcome.CANCELLED, cause="cancelled")),
    "model refused service, yet passed": (
        Ending(exception="ApiRateLimitError", raised_at=BEFORE, rewards={"reward": 1.0}, **TESTED),
        Verdict(Outcome.INFRA, cause="model-rate-limit"),
    ),
    "infrastructure, verification off": (
        Ending(exception="RuntimeError", raised_at=BEFORE, verification=False),
        Verdict(Outcome.INFRA, cause="sandbox"),
    ),
    "context too long": (
        Ending(exception="ContextLengthExceededError", raised_at=BEFORE),
        Verdict(Outcome.FAILED, cause="context-length"),
    ),
    "agent's program, by its reward": (
        Ending(exception="NonZeroAgentExitCodeError", raised_at=BEFORE, rewards={"reward": 1.0}, **TESTED),
        Verdict(Outcome.PASSED, cause="agent-exit"),
    ),
    "agent's program at set-up": (
        Ending(exception="NonZeroAgentExitCodeError", agent_started=False),
        Verdict(Outcome.INFRA, cause="agent-setup"),
    ),
    "an installation without a network is no fault of the model server": (
        Ending(exception="NetworkConnectionError", agent_started=False),
        Verdict(Outcome.INFRA, cause="agent-setup"),
    ),
    "the same while the agent is at work": (
        Ending(exception="NetworkConnectionError"),
        Verdict(Outcome.INFRA, cause="model-server"),
    ),
    "never heard of": (Ending(exception="WeirdError"), Verdict(Outcome.INFRA, cause="unknown")),
    "reward file missing": (
        Ending(exception="RewardFileNotFoundError", raised_at=AFTER, **TESTED),
        Verdict(Outcome.INFRA, cause="no-reward"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_rule(name: str) -> None:
    ending, expected = CASES[name]
    assert decide(ending) == expected


def test_the_primary_reward_is_the_one_named_reward_else_the_first() -> None:
    assert primary_reward({"style": 0.1, "reward": 0.7}) == 0.7
    assert primary_reward({"style": 0.1, "speed": 0.7}) == 0.1
    assert primary_reward({}) is None

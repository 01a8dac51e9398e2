"""Judging the attempts that ended lately."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcloud.node.health import EMPTY, Attempt, attempt_of, trouble
from otcloud.recipe.schema.trials import EarlyStop

RULES = EarlyStop(smoke_trials=4, window=10, max_infra_rate=0.5, max_empty_rate=0.5)


def attempts(causes: str) -> list[Attempt]:
    """One attempt for each letter: s(ound), l(ost to a failing server), k(ey refused), e(mpty)."""
    names = {"s": "", "l": "model-server", "k": "model-auth", "e": EMPTY}
    return [Attempt(f"t{index}", names[letter], f"example {letter}") for index, letter in enumerate(causes)]


@pytest.mark.parametrize(
    ("causes", "worked", "found"),
    [
        ("", False, None),
        ("lll", False, None),  # too few for the smoke test
        ("llll", False, "none of the first 4 attempts came through"),
        ("lele", False, "none of the first 4 attempts came through"),
        ("llls", False, None),
        ("llll", True, None),  # something worked before: the window decides, and it is too short
        ("sllll", True, "4 of the last 5 attempts were lost to infrastructure"),
        ("sl" * 6, True, None),  # half is not more than half
        ("sslll" + "l" * 5, True, "8 of the last 10 attempts were lost to infrastructure"),
        ("s" * 30 + "l" * 5, True, None),
        ("s" * 30 + "l" * 6, True, "6 of the last 10 attempts were lost to infrastructure"),
        ("s" * 4 + "e" * 6, True, "the model gave empty answers in 6 of the last 10 trials"),
        ("s" * 4 + "eeelll", True, None),  # neither rate alone is passed
    ],
)
def test_what_is_trouble(causes: str, worked: bool, found: str | None) -> None:
    """The smoke test first, then the window."""
    seen = trouble(attempts(causes), RULES, worked=worked)
    assert (seen.what if seen else None) == found


def test_a_diagnosis_counts_causes_and_gives_one_example_each() -> None:
    """The most frequent first, with what helps."""
    seen = trouble(attempts("lkll"), RULES, worked=False)
    assert seen is not None
    lines = seen.diagnosis().splitlines()
    assert [line.split(" (")[0] for line in lines] == ["  - 3 x model-server", "  - 1 x model-auth"]
    assert "example l" in lines[0]
    assert "logs/server.log" in lines[0]
    assert not seen.hopeless


def test_a_cause_that_lasts_is_hopeless() -> None:
    """A refused key does not mend itself; a failing server may, and so may an empty answer."""
    for causes, hopeless in (("kkkl", True), ("kkll", False), ("eeee", False)):
        seen = trouble(attempts(causes), RULES, worked=False)
        assert seen is not None
        assert seen.hopeless is hopeless


@pytest.mark.parametrize(
    ("event", "cause"),
    [
        ({"outcome": "passed"}, ""),
        ({"outcome": "failed", "exception": "AgentTimeoutError"}, ""),
        ({"outcome": "failed", "empty": True}, EMPTY),
        ({"outcome": "infra", "cause": "no-reward"}, "no-reward"),
        ({"outcome": "infra", "cause": "network", "empty": True}, "network"),
        ({"outcome": "infra", "exception": "APIError"}, "model-server"),
        ({"outcome": "cancelled"}, None),
        ({"exception": "DaytonaError"}, "sandbox"),  # the folder could not be read
        ({"exception": "AgentTimeoutError"}, ""),
        ({"exception": "NeverHeardOf"}, "unknown"),
        ({}, ""),
    ],
)
def test_what_an_event_says(event: dict[str, Any], cause: str | None) -> None:
    """An attempt that was cut off says nothing; one that Harbor retries counts like any other."""
    seen = attempt_of({"event": "end", "trial": "t", **event})
    assert (None if seen is None else seen.cause) == cause


@given(st.text("slke", max_size=80), st.booleans(), st.floats(0, 1), st.integers(1, 30), st.integers(1, 60))
def test_sound_attempts_are_never_trouble(causes: str, worked: bool, rate: float, smoke: int, window: int) -> None:
    """Whatever the rules: trouble needs a bad attempt, and its figures are those of the window."""
    rules = EarlyStop(smoke_trials=smoke, window=window, max_infra_rate=rate, max_empty_rate=rate)
    seen = trouble(attempts(causes), rules, worked=worked)
    if seen is not None:
        assert any(attempt.cause for attempt in seen.attempts)
        assert len(seen.attempts) <= window
        assert seen.diagnosis()
    if set(causes) <= {"s"}:
        assert seen is None

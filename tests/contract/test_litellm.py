"""What otcloud relies on in the litellm of Harbor's venv: names of keys, roads to endpoints, thinking, patience."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from otcloud import process
from otcloud.programs import Harbor
from otcloud.recipe.api_providers import PROVIDER_SECRETS
from tests.conftest import REAL_ENVIRON
from tests.lab.teacher import KEY, Teacher
from tests.lab.teaching import Answer, Fault, Refuses, Says, in_order, scripted
from tests.unit.architecture.source import ROOT

ROADS = ["hosted_vllm/teacher-1", "openai/org/teacher-1"]


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    """A teacher that knows a name with a slash and one without."""
    with Teacher(scripted("yes"), models=["teacher-1", "org/teacher-1"]) as made:
        yield made


def ask(harbor: Harbor, question: dict[str, Any], teacher: Teacher | None = None) -> Any:
    """Ask in Harbor's interpreter, in the environment that otcloud gives it."""
    url = "" if teacher is None else teacher.url
    roads = {"HOSTED_VLLM_API_BASE": url, "OPENAI_API_BASE": url, "OPENAI_BASE_URL": url}
    keys = {"HOSTED_VLLM_API_KEY": KEY, "OPENAI_API_KEY": KEY}
    env = harbor.environment(REAL_ENVIRON, {**roads, **keys} if teacher is not None else {})
    done = process.run([harbor.python, ROOT / "tests/harbor_ext/asking.py", json.dumps(question)], env=env)
    assert done.code == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_variables_of_every_provider_are_litellms(harbor: Harbor) -> None:
    """litellm is content with what we ask for; of bedrock it does not say that it needs a region."""
    found = ask(harbor, {"kind": "providers", "names": list(PROVIDER_SECRETS)})
    for name, missing in found.items():
        ours = set(PROVIDER_SECRETS[name]) - {"AWS_REGION_NAME"}
        assert ours <= set(missing), name
        assert set(missing) - ours <= {"GOOGLE_API_KEY"}, name


def test_known_prices_are_known_and_others_not(harbor: Harbor) -> None:
    models = {"openai/gpt-4o-mini": True, "anthropic/claude-sonnet-4-5": True, "openai/org/teacher-1": False}
    assert ask(harbor, {"kind": "prices", "models": list(models)}) == models


FORMS: list[tuple[dict[str, str], list[str | None]]] = [
    ({"content": "text", "reasoning": "why"}, ["text", "why"]),
    ({"content": "text", "reasoning_content": "why"}, ["text", "why"]),
    ({"content": "<think>\nwhy\n</think>\n\ntext"}, ["\n\ntext", "\nwhy\n"]),
    ({"content": "why\n</think>\n\ntext"}, ["why\n</think>\n\ntext", None]),
]


@pytest.mark.parametrize(("message", "kept"), FORMS, ids=["reasoning", "reasoning_content", "think", "half"])
def test_thinking_reaches_harbor_over_both_roads(
    harbor: Harbor, teacher: Teacher, message: dict[str, str], kept: list[str | None]
) -> None:
    """litellm maps `reasoning`, and takes a leading section of thinking out of the text; nothing is lost."""
    teacher.behaviour = scripted(message)
    assert ask(harbor, {"kind": "forms", "models": ROADS}, teacher) == [kept, kept]


def tries(harbor: Harbor, teacher: Teacher, behaviour: Answer | tuple[Answer, ...], rounds: int = 1) -> Any:
    """What comes of so many requests, each with a second to spare."""
    teacher.behaviour = in_order(*behaviour) if isinstance(behaviour, tuple) else scripted(behaviour)
    return ask(harbor, {"kind": "tries", "model": ROADS[1], "timeout": 1.0, "rounds": rounds}, teacher)


def test_a_rate_limit_is_waited_for(harbor: Harbor, teacher: Teacher) -> None:
    """As long as it asks; where it does not say, a little longer each time; an empty account not at all."""
    slow, blind = Refuses(429, headers={"Retry-After": "90"}), Refuses(429)
    found = tries(harbor, teacher, (slow, slow, blind, Says({"content": "yes"})))
    assert found["ends"] == ["yes"]
    assert [90 <= wait < 92 for wait in found["waits"]] == [True, True, False]
    assert len(teacher.requests) == 4
    for_ever = tries(harbor, teacher, blind)
    assert (for_ever["ends"], len(for_ever["waits"])) == (["RateLimitError"], 5)
    empty = tries(harbor, teacher, Refuses(429, "insufficient_quota", "insufficient_quota"))
    assert (empty["ends"], empty["waits"]) == (["RateLimitError"], [])


def test_a_server_that_hangs_is_tried_twice_of_harbors_nine_times(harbor: Harbor, teacher: Teacher) -> None:
    """Then the next attempt at the trial begins anew."""
    found = tries(harbor, teacher, Fault.HANG, rounds=10)
    assert found["ends"] == ["Timeout"] * 10
    assert len(teacher.requests) == 3


def test_an_answer_without_a_choice_has_a_name(harbor: Harbor, teacher: Teacher) -> None:
    assert tries(harbor, teacher, Fault.NO_CHOICES)["ends"] == ["NoChoiceError"]

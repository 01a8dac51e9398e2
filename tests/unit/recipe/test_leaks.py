"""A secret that stands in a recipe is refused, and no message repeats it."""

from collections.abc import Callable

import pytest

from otcloud.recipe.leaks import is_secret

type Problems = Callable[..., list[str]]

SECRETS = (
    "hf_" + "AbCdEfGhIjKlMnOp",
    "sk-" + "proj-abcdefghijklmnop",
    "AKIA" + "IOSFODNN7EXAMPLE",
    "ghp_" + "0123456789abcdefghij",
    "https://me:hunter22@host/v1",
)
REFUSAL = "looks like a secret; secrets are named, not written (`secrets: [NAME]`)"


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("model: {{id: {0}}}", "model.id"),
        ("model: {{base_url: '{0}'}}", "model.base_url"),
        ("agent: {{kwargs: {{a: {{b: ['{0}']}}}}}}", "agent.kwargs.a.b"),
        ("secrets: ['{0}']", "secrets"),
        ("serve: {{vllm: {{'{0}': 1}}}}", "(not shown)"),
    ],
)
def test_a_known_form_is_refused_anywhere_and_not_repeated(
    problems: Problems, secret: str, text: str, key: str
) -> None:
    told = problems(text.format(secret))
    assert secret not in "\n".join(told)
    assert len(told) == 1
    assert told[0] == f"r.yaml:1: {key}: {REFUSAL}"


@pytest.mark.parametrize("secret", SECRETS[:3])
@pytest.mark.parametrize(
    "text",
    [
        "{0}: 1",
        "model: {{engine: {0}}}",
        "trials: {{attempts: {0}}}",
        "trials: {0}",
        "a: *{0}",
        "a: !{0} 1",
        "name: {0}\nname: {0}",
        "preset: {0}",
        "secrets: [A={0}]",
        "secrets: {{A: {0}}}",
        "secrets: {0}",
        "compute: {{regions: {0}}}",
    ],
)
def test_no_message_repeats_a_secret(problems: Problems, secret: str, text: str) -> None:
    told = "\n".join(problems(text.format(secret)))
    assert secret not in told


def test_settings_and_flags_repeat_none_either(problems: Problems) -> None:
    told = problems(sets=[SECRETS[0], f"agent.kwargs.x={SECRETS[0]}"], flags={"agent_kwarg": [f"key={SECRETS[1]}"]})
    assert len(told) == 3
    assert not any(secret in "\n".join(told) for secret in SECRETS)


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("api_key", "abcdefghij0123456789", True),
        ("hfToken", "abcdefghij0123456789", True),
        ("auth-token", "abcdefghij0123456789", True),
        ("api_key", "OPENAI_API_KEY_2_LONG_NAME", False),
        ("api_key", "my_key", False),
        ("tokenizer", "org/some-tokenizer-7b-instruct", False),
        ("max_tokens", "abcdefghij0123456789", False),
        ("monkey", "abcdefghij0123456789", False),
        ("stop_token", "a sentence with 20 words or so", False),
        ("commit", "0123456789abcdef0123456789abcdef01234567", False),
        ("anything", "task-force-sk-lowest", False),
    ],
)
def test_a_name_and_a_long_mixed_text_make_a_secret(name: str, value: str, secret: bool) -> None:
    assert is_secret(name, value) is secret

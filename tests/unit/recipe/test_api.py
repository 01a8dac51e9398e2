"""`engine: api` in a recipe: what cannot work is refused with what helps, and never quotes a password."""

import pytest

from tests.unit.recipe.conftest import LoadText, Problems

API = "model: {{engine: api, {0}}}"


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("id: antropic/claude", "`antropic` is no provider that otcloud knows; did you mean `anthropic/claude`?"),
        ("id: Qwen/Qwen3-8B", "`Qwen` is no provider that otcloud knows"),
        ("id: mistral-large", "`mistral-large` names no provider"),
        ("id: m, base_url: h/v1", "does not begin with https:// or http://"),
        ("id: m, base_url: 'ftp://h/v1'", "does not begin with https:// or http://"),
        ("id: m, base_url: 'https:///v1'", "does not begin with https:// or http://"),
        ("id: m, base_url: 'http://h:port/v1'", "is no address"),
        ("id: m, base_url: 'https://[h/v1'", "is no address"),
        ("id: m, base_url: 'http://h/v1?key=x'", "holds a `?`"),
        ("id: m, base_url: 'http://h/v1/chat/completions'", "names one call"),
        ("id: gpt-4o, input_usd_per_mtok: 1", "goes with model.output_usd_per_mtok"),
    ],
)
def test_what_cannot_work_is_refused(problems: Problems, model: str, told: str) -> None:
    assert any(told in line for line in problems(API.format(model)))


@pytest.mark.parametrize("url", ["https://user:hunter2@h/v1", "user:hunter2@h/v1", "https://hunter2@h/v1"])
def test_a_password_in_an_address_is_refused_and_not_repeated(problems: Problems, url: str) -> None:
    told = problems(API.format(f"id: m, base_url: '{url}'"))
    assert any("model.base_url" in line for line in told)
    assert not any("hunter2" in line for line in told)


def test_a_budget_needs_a_price(problems: Problems, load_text: LoadText) -> None:
    text = "{0}\nlimits: {{max_cost: 5}}\n"
    elsewhere = API.format("id: gpt-4o, base_url: 'http://h/v1'")
    assert any("limits.max_cost: what the tokens" in line for line in problems(text.format(elsewhere)))
    for model in (
        "id: gpt-4o",
        "id: gpt-4o, base_url: 'https://api.openai.com/v1'",
        "id: m, base_url: 'http://h/v1', input_usd_per_mtok: 0, output_usd_per_mtok: 0",
    ):
        assert load_text(text.format(API.format(model))).recipe.limits.max_cost == 5

"""How values are read: YAML 1.2's plain values, and texts as written where a text is wanted."""

from collections.abc import Callable
from typing import Any

import pytest

from otcloud.recipe.load import Loaded
from otcloud.recipe.written import plain_value

type LoadText = Callable[..., Loaded]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("true", True), ("False", False), ("yes", "yes"), ("on", "on"),
        ("12", 12), ("-3", -3), ("012", 12), ("0x1F", 31), ("0o17", 15), ("1e3", 1000.0), ("1.", 1.0), (".5", 0.5),
        ("-.inf", float("-inf")), ("1:30", "1:30"), ("2026-11-20", "2026-11-20"), ("1_000", "1_000"), ("0b1", "0b1"),
        ("9" * 400, float("inf")), ("e3", "e3"), ("+", "+"), (".", "."), ("=", "="), ("<<", "<<"),
    ],
)  # fmt: skip
def test_plain_values(text: str, value: object) -> None:
    assert plain_value(text) == value
    assert type(plain_value(text)) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("model: {revision: 12e4567}", "12e4567"),
        ("model: {revision: 0123456}", "0123456"),
        ("programs: {ray: 2.50}", "2.50"),
        ("compute: {zone: no}", "no"),
        ("compute: {zone: 'null'}", "null"),
        ("compute: {zone: null}", None),
        ("compute: {spot: yes}", True),
        ("compute: {spot: off}", False),
        ("trials: {retries: '4'}", 4),
        ("trials: {retry_min_sec: 1e1}", 10.0),
        ("compute: {regions: [no, 1.10]}", ["no", "1.10"]),
        ("compute: {providers: [Google, k8s, lambda_cloud]}", ["gcp", "kubernetes", "lambda"]),
        ("model: {sampling: {a: 1e3, b: no, c: '1', d: [true, ~], 5: x}}",
         {"a": 1000.0, "b": "no", "c": "1", "d": [True, None], "5": "x"}),
        ("serve: {hf_overrides: {a: &x {b: 1}, c: *x, d: {<<: *x, e: 2}}}",
         {"a": {"b": 1}, "c": {"b": 1}, "d": {"b": 1, "e": 2}}),
        ("serve: {hf_overrides: {<<: [{a: 1}, {a: 2, b: 2}], b: 3}}", {"a": 1, "b": 3}),
    ],
)  # fmt: skip
def test_values_by_their_field(load_text: LoadText, text: str, value: object) -> None:
    found: Any = load_text(text).recipe
    section, _, rest = text.partition(": {")
    assert getattr(getattr(found, section), rest.split(":")[0]) == value

"""Repairing text and times."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otcloud.trials.moment import moment, seconds_between
from otcloud.trials.text import whole


@pytest.mark.parametrize(
    ("broken", "repaired"),
    [
        ("plain é 😀", "plain é 😀"),
        ("\ud83d\ude00", "😀"),
        ("a\ud83db", "a\ufffdb"),
        ("\ude00", "\ufffd"),
        ("\ud83d", "\ufffd"),
    ],
)
def test_surrogates(broken: str, repaired: str) -> None:
    assert whole(broken) == repaired


@settings(deadline=None)
@given(st.text(st.characters()))
def test_every_text_can_be_encoded(text: str) -> None:
    assert whole(text).encode().decode() == whole(text)


@settings(deadline=None)
@given(st.text() | st.none())
def test_no_time_raises(text: str | None) -> None:
    assert moment(text) is None or moment(text) is not None


def test_seconds_are_never_negative() -> None:
    assert seconds_between("2026-03-01T10:00:00Z", "2026-03-01T10:00:01.5+00:00") == 1.5
    assert seconds_between("2026-03-01T10:00:01Z", "2026-03-01T10:00:00Z") == 0.0
    assert seconds_between("", "2026-03-01T10:00:00Z") is None
    assert moment("0001-01-01T00:00:00+14:00") is None

"""The tree of errors is the list of exit codes."""

import pytest

from otcloud.errors import (
    Cancelled,
    InputInvalid,
    NotBuiltYet,
    OtcloudError,
    exit_codes,
    from_exit_code,
    join_problems,
)

CODES = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 130)
"""The contract with scripts that call otcloud."""


def test_every_code_stands_in_the_table_once() -> None:
    assert tuple(row.code for row in exit_codes()) == CODES
    assert all(row.title for row in exit_codes())


@pytest.mark.parametrize("code", [code for code in CODES if code])
def test_a_code_gives_its_error_back(code: int) -> None:
    error = from_exit_code(code, "what", why="why", do="do")
    assert error.exit_code == code
    assert str(error) == "what\nwhy\ndo"


@pytest.mark.parametrize("code", [0, 13, 120, 137, -9])
def test_a_code_that_is_no_error_of_ours_is_a_bug_that_names_it(code: int) -> None:
    error = from_exit_code(code, "the node ended")
    assert type(error) is OtcloudError
    assert str(code) in error.why


def test_an_error_without_a_code_of_its_own_has_its_parents() -> None:
    assert NotBuiltYet("x").exit_code == InputInvalid.exit_code
    assert type(from_exit_code(InputInvalid.exit_code, "x")) is InputInvalid


def test_a_message_holds_only_what_was_given() -> None:
    assert str(Cancelled("gone")) == "gone"
    assert str(Cancelled("gone", do="again")) == "gone\nagain"
    assert Cancelled("gone").document == {}
    assert join_problems(["one", "two"]) == "  - one\n  - two"

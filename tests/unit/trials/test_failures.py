"""The table of failures: it is consistent, and it knows what our own code raises inside Harbor."""

import ast
from pathlib import Path

import otcloud
from otcloud.trials.failures import FAILURES, UNKNOWN, explain, failure_of, not_retryable, retryable

EXTENSION = Path(otcloud.__file__).parent / "harbor_ext"


def test_an_unknown_exception_is_infrastructure_and_may_be_tried_again() -> None:
    assert failure_of("NobodyKnowsThisError") is UNKNOWN
    assert (UNKNOWN.counts, UNKNOWN.retry) == (False, True)


def test_no_type_is_listed_under_two_causes() -> None:
    causes = {failure.cause: failure for failure in FAILURES.values()}
    assert all(causes[failure.cause] == failure for failure in FAILURES.values())
    assert sum(len(failure.explain) > 20 for failure in causes.values()) == len(causes)


def test_what_counts_is_never_tried_again() -> None:
    # Another try of the agent's own failures would turn one attempt into the best of several.
    assert not [name for name, failure in FAILURES.items() if failure.counts and failure.retry]


def test_the_lists_for_harbor_split_the_table() -> None:
    assert set(retryable()) | set(not_retryable()) | {"CancelledError"} == set(FAILURES)
    assert not set(retryable()) & set(not_retryable())
    assert {"AgentTimeoutError", "AgentAuthenticationError", "SandboxUnsupported"} <= set(not_retryable())
    assert {"EnvironmentStartTimeoutError", "ApiRateLimitError", "DaytonaError"} <= set(retryable())


def test_every_cause_is_explained() -> None:
    assert "agent.timeout_sec" in explain("agent-timeout")
    assert explain("inner-timeout") and explain("agent-setup") and explain("unknown")
    assert explain("no such cause") == ""


def test_the_table_knows_every_exception_that_our_code_raises_inside_harbor() -> None:
    raised = {
        node.name
        for file in EXTENSION.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base).endswith(("Error", "Exception")) for base in node.bases)
    }
    assert "NoBash" in raised
    assert raised <= set(FAILURES)

"""What the events of trials tell."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from otcloud.runs.events import InFlight, awaiting


def event(name: str, trial: str = "a__1", **facts: Any) -> dict[str, Any]:
    """One event of a trial; its task is what stands before the random letters."""
    return {"event": name, "trial": trial, "task": trial.split("__")[0], **facts}


def lost(trial: str) -> list[dict[str, Any]]:
    """An attempt that infrastructure lost."""
    return [event("start", trial), event("end", trial, outcome="infra")]


def test_what_waits_for_another_try() -> None:
    """Lost last, and not published; one that was started again, cut off, or came through does not wait."""
    events = [*lost("a__1"), *lost("a__2"), *lost("b__1"), event("start", "b__1"), *lost("c__1")]
    events += [event("start", "c__1"), event("end", "c__1", outcome="passed"), *lost("d__1")]
    assert awaiting(events, {"d__1"}) == {"a": 2}
    assert awaiting([*events, event("job-start")], ()) == {}
    assert awaiting([*lost("a__1"), event("start", "a__1"), event("cancel", "a__1")], ()) == {}


def test_who_is_in_flight() -> None:
    """From start to end or cancel; held ones are not; a new job begins with nobody."""
    seen = InFlight()
    for each in (event("job-start"), event("held", "a"), event("held", "b"), event("start", "a"), event("start", "c")):
        seen.take(each)
    assert (seen.running, seen.held) == ({"a", "c"}, {"b"})
    for each in (event("end", "a"), event("cancel", "b")):
        seen.take(each)
    assert (seen.running, seen.held) == ({"c"}, set())
    seen.take(event("job-start"))
    assert not seen.running


@given(
    st.lists(st.dictionaries(st.sampled_from(["event", "trial", "task", "outcome"]), st.sampled_from(["end", 1, None])))
)
def test_odd_events_do_no_harm(events: list[dict[str, Any]]) -> None:
    """Fields that are missing or of another kind."""
    awaiting(events, ())
    seen = InFlight()
    for each in events:
        seen.take(each)

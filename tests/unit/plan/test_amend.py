"""What may differ between two starts of one run, and how a plan takes a change."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcloud.errors import InputInvalid
from otcloud.plan.amend import changes, check_changes, check_identity, flat, patched
from otcloud.plan.compile import compile_plan
from otcloud.plan.plan import Plan
from otcloud.recipe.fields import dotted, fields
from otcloud.recipe.schema import Recipe
from tests.unit.plan.made import facts, recipe


def plan(**sections: Any) -> Plan:
    """The plan of a recipe on frozen facts."""
    return compile_plan(recipe(**sections), facts(), "lock")


def refused(kind: str, *keys: str) -> InputInvalid:
    """The refusal of a change of these keys."""
    with pytest.raises(InputInvalid) as raised:
        check_changes(kind, keys)
    return raised.value


def test_a_recipe_is_flat_by_its_fields() -> None:
    keys = {dotted(key) for key, field in fields().items() if field.shape != "section"}
    assert set(flat(Recipe())) == keys


def test_changes_are_the_keys_in_which_recipes_differ() -> None:
    before = recipe(sandbox={"type": "local", "kwargs": {"a": {"b": 1}}})
    after = recipe(sandbox={"type": "docker"}, trials={"concurrency": 3})
    assert changes(before, after) == {
        "sandbox.type": ("local", "docker"),
        "sandbox.kwargs": ({"a": {"b": 1}}, {}),
        "trials.concurrency": (16, 3),
    }
    assert changes(before, before) == {}


def test_every_key_is_decided_and_those_of_a_trial_are_refused() -> None:
    settled = {dotted(key) for key, field in fields().items() if field.shape != "section" and _is_refused(dotted(key))}
    assert {"model.id", "agent.kwargs", "tasks.include", "model.sampling", "trials.timeout_multiplier"} <= settled
    assert {"programs.harbor", "serve.vllm", "kind", "compute.providers", "trials.attempts"} <= settled
    assert not settled & {"trials.concurrency", "trials.retries", "limits.max_cost", "sandbox.type", "publish.episodes"}
    assert not settled & {"trials.early_stop.window", "serve.ready_timeout_min", "serve.max_restarts", "sandbox.cpus"}


def _is_refused(key: str, kind: str = "tracegen") -> bool:
    try:
        check_changes(kind, [key])
    except InputInvalid:
        return True
    return False


def test_every_refused_key_is_named_with_its_reason() -> None:
    error = refused("tracegen", "model.id", "trials.retries", "trials.attempts", "compute.spot")
    assert error.exit_code == 3
    told = error.why.splitlines()
    assert [line.split(":")[0].strip(" -") for line in told] == ["model.id", "trials.attempts", "compute.spot"]
    assert "--add-attempts" in told[1]
    assert "--new" in error.do


def test_the_attempts_of_one_score_have_equal_conditions() -> None:
    assert "equal conditions" in refused("eval", "sandbox.type").why
    for key in ("sandbox.memory_mb", "sandbox.kwargs", "sandbox.cpus"):
        assert _is_refused(key, "eval")
        assert not _is_refused(key)
    for key in ("sandbox.force_build", "sandbox.delete", "trials.concurrency", "limits.max_hours"):
        assert not _is_refused(key, "eval")


def test_a_change_reaches_the_plan_and_nothing_else_does() -> None:
    before, after = plan(), plan(trials={"concurrency": 3, "retries": 7, "attempts": 4}, limits={"max_hours": 2})
    stored = before.model_copy(
        update={"otcloud_version": "0.0.1", "warnings": ("of then",), "recipe_digest": "of-then"}
    )
    found = patched(stored, before, after)
    assert found == after.model_copy(
        update={"otcloud_version": "0.0.1", "warnings": ("of then",), "recipe_digest": "of-then"}
    )
    assert found.harbor.job["n_concurrent_trials"] == 3
    assert patched(stored, before, before) == stored


def test_another_sandbox_takes_the_place_of_the_former_whole() -> None:
    before, after = plan(sandbox={"type": "daytona"}), plan(sandbox={"type": "local"})
    found = patched(before, before, after)
    assert found.harbor.job["environment"] == after.harbor.job["environment"]
    assert (found.sandbox, found.secrets) == (after.sandbox, after.secrets)


def test_what_another_otcloud_decided_otherwise_stays() -> None:
    """Only the one server setting that was changed moves; the price of then stays."""
    before, after = plan(), plan(serve={"max_restarts": 9})
    [candidate] = before.candidates
    stored = before.model_copy(update={"candidates": (candidate.model_copy(update={"hourly_usd": 1.5}),)})
    [found] = patched(stored, before, after).candidates
    assert (found.hourly_usd, found.serve.max_restarts) == (1.5, 9)


def test_a_change_that_reaches_what_a_trial_is_is_refused() -> None:
    before = plan()
    check_identity(before, plan(trials={"concurrency": 2}, serve={"max_restarts": 1}, sandbox={"type": "docker"}))
    for after, said in (
        (plan(agent={"name": "oracle"}), "agent"),
        (plan(trials={"timeout_multiplier": 2.0}), "Harbor's job"),
        (plan(tasks={"path": "elsewhere"}), "tasks"),
    ):
        with pytest.raises(InputInvalid, match=said):
            check_identity(before, after)


documents = st.recursive(
    st.integers(0, 2), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner)
)


@given(st.dictionaries(st.sampled_from("abc"), documents), st.dictionaries(st.sampled_from("abc"), documents))
def test_a_patch_of_the_same_is_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Whatever changes in Harbor's job, a plan that is as it was compiled becomes what would be compiled now."""
    first = plan()
    one = first.model_copy(update={"harbor": first.harbor.model_copy(update={"job": before})})
    two = first.model_copy(update={"harbor": first.harbor.model_copy(update={"job": after})})
    assert patched(one, one, two).harbor.job == after

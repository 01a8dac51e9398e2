"""Names that fit every provider, and the ends of a machine."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcloud.plan.machine import GRACE_SEC, MAX_LABEL, cluster_name, label, machine
from tests.unit.plan.made import CLOUD, recipe

RUN_IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", fullmatch=True)
"""What `--job-name` takes."""


@given(RUN_IDS)
def test_a_label_is_one_at_every_provider(run_id: str) -> None:
    """Lower-case letters, digits and inner dashes, as many as GCP and Kubernetes take."""
    made = label(run_id)
    assert 0 < len(made) <= MAX_LABEL
    assert made == label(made)
    assert all(each in "abcdefghijklmnopqrstuvwxyz0123456789-" for each in made)
    assert made[0] != "-" != made[-1]


@given(RUN_IDS, RUN_IDS)
def test_two_runs_are_two_clusters(one: str, other: str) -> None:
    """Also those that a provider's rules would fold into one."""
    assert (cluster_name(one) == cluster_name(other)) == (one == other)
    assert (cluster_name(one) == cluster_name(one.upper())) == (one == one.upper())


def test_a_usual_name_stays_readable() -> None:
    """The id that otcloud makes is the name; what cannot stay as it is carries a hash."""
    assert cluster_name("tracegen-20261120-120000-ab12") == "otc-tracegen-20261120-120000-ab12"
    assert cluster_name("My_Run.v2").startswith("otc-my-run-v2-")
    assert len(cluster_name("a" * 100)) == MAX_LABEL


@pytest.mark.parametrize(
    ("sections", "hours", "idle_min"),
    [
        ({}, 24 + 11.5, 30),
        ({"sync": {"store": "s3://made"}}, 24 + GRACE_SEC / 3600, 30),
        ({"limits": {"hold_hours": 0}}, 24 + GRACE_SEC / 3600, 30),
        ({"limits": {"autostop_min": 0}}, 24 + GRACE_SEC / 3600, 12 * 60 - 10),
        ({"limits": {"end": "keep", "hold_hours": 2}}, 24 + GRACE_SEC / 3600, 110),
        ({"limits": {"max_hours": 0.5, "hold_hours": 1}}, 1.0, 30),
    ],
)
def test_job_and_idling_fill_lifetime_and_holding(sections: dict[str, Any], hours: float, idle_min: int) -> None:
    """Whatever is to become of the machine, its end is counted from the start."""
    asked = machine(recipe(**{**CLOUD, **sections}), "run", None)
    assert (asked.run_sec, asked.idle_min) == (round(hours * 3600), idle_min)


@pytest.mark.parametrize(
    ("compute", "store", "managed"),
    [
        ({}, None, False),
        ({"spot": True}, None, False),
        ({"spot": True}, "s3://made", True),
        ({"spot": True, "managed": False}, "s3://made", False),
        ({"managed": True}, None, True),
    ],
)
def test_a_job_is_managed_where_it_can_recover(compute: dict[str, Any], store: str | None, managed: bool) -> None:
    """On spot machines whose results lie elsewhere, unless the recipe says."""
    sections = {**CLOUD, "compute": {"providers": ["gcp"], **compute}, "sync": {"store": store}}
    assert machine(recipe(**sections), "run", None).managed is managed


def test_the_disk_holds_the_weights() -> None:
    """Of a model whose size is known, with the system beside it."""
    assert machine(recipe(**CLOUD), "run", 594.0).weights_disk_gb == 120 + 660

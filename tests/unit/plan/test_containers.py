"""The Compose settings of docker and podman runs, and how they meet the user's own."""

import pytest

from otcloud.errors import InputInvalid
from otcloud.plan.compile import compile_plan
from otcloud.plan.containers import Machine, compose_environment, compose_overlay, fit_overlay, without_overlay
from otcloud.plan.plan import Plan
from tests.unit.plan.made import facts, recipe

MAIN = {"init": True, "stop_grace_period": "1s", "labels": {"otcloud.run": "r1"}}
OVERLAY = {"services": {"main": MAIN}}


def plan_of(**sandbox: object) -> Plan:
    """A plan with this sandbox."""
    return compile_plan(recipe(sandbox=sandbox), facts(run_id="r1"), "harbor-0.24.0")


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_a_plan_holds_the_overlay_and_its_job_names_the_file(engine: str) -> None:
    plan = plan_of(type=engine, kwargs={"keep_containers": True})
    assert plan.harbor.compose == OVERLAY
    environment = plan.harbor.job["environment"]
    assert environment["type"] == engine
    assert environment["extra_docker_compose"] == ["node/compose.json"]
    assert environment["kwargs"] == {"keep_containers": True}


def test_other_sandboxes_have_none() -> None:
    for sandbox in ("local", "daytona", "modal"):
        plan = plan_of(type=sandbox)
        assert plan.harbor.compose is None
        assert "extra_docker_compose" not in plan.harbor.job["environment"]
        assert compose_overlay(sandbox, "r1") is None
    kept = {"extra_docker_compose": ["mine.yaml"], "other": 1}
    assert compose_environment("daytona", kept) == {"kwargs": kept}


def test_the_users_files_come_after_ours() -> None:
    assert compose_environment("docker", {"extra_docker_compose": ["/a.yaml", "~/b.yaml"], "other": 1}) == {
        "extra_docker_compose": ["node/compose.json", "/a.yaml", "~/b.yaml"],
        "kwargs": {"other": 1},
    }
    one = compose_environment("podman", {"extra_docker_compose": "/a.yaml"})
    assert one["extra_docker_compose"] == ["node/compose.json", "/a.yaml"]
    with pytest.raises(InputInvalid, match=r"mine\.yaml is a relative path"):
        plan_of(type="docker", kwargs={"extra_docker_compose": ["mine.yaml"]})


def test_the_question_about_tasks_is_asked_without_our_file() -> None:
    job = plan_of(type="docker", kwargs={"extra_docker_compose": ["/a.yaml"]}).harbor.job
    asked = without_overlay(job)
    assert asked["environment"]["extra_docker_compose"] == ["/a.yaml"]
    assert job["environment"]["extra_docker_compose"] == ["node/compose.json", "/a.yaml"]
    local = plan_of(type="local").harbor.job
    assert without_overlay(local) == local


def test_docker_takes_the_overlay_as_it_is() -> None:
    poor = Machine(has_podman_init=False, max_files=1024, max_processes=100)
    assert fit_overlay(OVERLAY, "docker", poor) == OVERLAY


def test_podman_gets_what_the_machine_has() -> None:
    whole = Machine(has_podman_init=True, max_files=None, max_processes=None)
    assert fit_overlay(OVERLAY, "podman", whole) == OVERLAY
    poor = fit_overlay(OVERLAY, "podman", Machine(has_podman_init=False, max_files=1024, max_processes=100))
    limits = {"nofile": {"soft": 1024, "hard": 1024}, "nproc": {"soft": 100, "hard": 100}}
    rest = {name: value for name, value in MAIN.items() if name != "init"}
    assert poor == {"services": {"main": {**rest, "ulimits": limits}}}
    assert OVERLAY["services"]["main"] is MAIN
    assert "init" in MAIN


def test_a_named_engine_that_does_not_work_is_a_warning_of_the_plan() -> None:
    lacking = facts(run_id="r1", sandboxes={"docker": "the program docker is not installed"})
    plan = compile_plan(recipe(sandbox={"type": "docker"}), lacking, "harbor-0.24.0")
    assert "sandbox docker does not work on this machine: the program docker is not installed" in plan.warnings
    working = compile_plan(recipe(sandbox={"type": "docker"}), facts(sandboxes={"docker": None}), "harbor-0.24.0")
    assert not [text for text in working.warnings if "does not work" in text]

"""The node's side of docker and podman: the Compose file, and the sweep of what a killed Harbor left.

The engine is a script over a folder of files here; tests/lab drives the real ones.
"""

import json
from pathlib import Path

import pytest

from otcloud.errors import CredentialOrProgramMissing
from otcloud.node.containers import Containers, belongs, projects, this_machine
from otcloud.node.status import Status
from otcloud.plan.plan import Plan
from otcloud.runs.journal import read_json, read_lines, write_json
from otcloud.runs.layout import RunDir
from tests.unit.engines_on_path import Programs
from tests.unit.planned import plan_of, recipe_of

ENGINE = """
case $1 in info) exit 0;; compose) echo 2.1; exit 0;; esac
cd {store} || exit 1
echo "$@" >> calls
case $1-$2 in
image-ls) [ -e images ] && cat images;;
image-rm) : > images;;
*-ls) ls $1;;
*-inspect) cat $1/$3;;
*-rm) for name in "$@"; do [ -e $1/$name ] && [ ! -e stubborn ] && rm $1/$name; done;;
esac
exit 0
"""
TRIAL = "fix-script__9nCrji3"


def containers(tmp_path: Path, *sets: str, script: str = ENGINE) -> tuple[Containers, RunDir, Path]:
    """The containers of a run with one trial, and the store of its engine."""
    store, run = tmp_path / "store", RunDir(tmp_path / "run")
    for kind in ("container", "network", "volume"):
        (store / kind).mkdir(parents=True)
    (run.jobs / "0000-00" / TRIAL).mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    programs = Programs(tmp_path).put("docker", script.format(store=store))
    environ = {"PATH": f"{programs.environ['PATH']}:/usr/bin:/bin"}
    return Containers(run, made_plan(tmp_path, *sets), environ, Status(run)), run, store


def made_plan(tmp_path: Path, *sets: str) -> Plan:
    """A plan with the docker sandbox, of the run `r1`."""
    plan = plan_of(recipe_of(tmp_path / "work", "sandbox.type=docker", *sets))
    return plan.model_copy(update={"run_id": "r1"})


def put(store: Path, kind: str, name: str, project: str, run: str = "", folder: Path | None = None) -> None:
    """One thing in the engine's store; `folder`: where it was started from."""
    labels = {"com.docker.compose.project": project} | ({"otcloud.run": run} if run else {})
    labels |= {"com.docker.compose.project.working_dir": str(folder)} if folder else {}
    body = {"Id": name, "Config": {"Labels": labels}} if kind == "container" else {"name": name, "labels": labels}
    (store / kind / name).write_text(json.dumps([body]))


def test_a_project_belongs_to_the_trial_that_it_is_named_after() -> None:
    trials = {TRIAL, "with.dot__AbCdEfG"}
    for name in ("fix-script__9ncrji3__env", "fix-script__9ncrji3__verifier__a__b", "with-dot__abcdefg__env"):
        assert belongs(name, projects(trials))
        assert belongs(f"{name}-main:latest", projects(trials))
    for name in ("", "fix-script", "fix-script__9ncrji3", "fix-script__another__env", "mine__env"):
        assert not belongs(name, projects(trials))


def test_the_file_is_written_for_this_machine(tmp_path: Path) -> None:
    ours, run, _ = containers(tmp_path)
    ours.prepare()
    assert (read_json(run.compose) or {})["services"]["main"]["stop_grace_period"] == "1s"
    machine = this_machine()
    assert machine.max_files is None or machine.max_files > 0


def test_an_engine_that_does_not_work_ends_the_node_before_anything_starts(tmp_path: Path) -> None:
    ours, run, _ = containers(tmp_path, script="echo no daemon >&2; exit 1")
    with pytest.raises(CredentialOrProgramMissing, match="does not answer"):
        ours.prepare()
    assert not run.compose.exists()


@pytest.mark.parametrize(
    ("kind", "run_label"), [("container", ""), ("network", ""), ("volume", ""), ("container", "r1")]
)
def test_what_is_ours_goes_and_nothing_else(tmp_path: Path, kind: str, run_label: str) -> None:
    ours, run, store = containers(tmp_path)
    put(store, kind, "mine", "renamed" if run_label else "fix-script__9ncrji3__env", run_label)
    ours.sweep()
    assert not (store / kind / "mine").exists()
    put(store, kind, "theirs", "another__1234567__env", "r2")
    ours.sweep()
    assert (store / kind / "theirs").exists()
    [noted] = [line for line in read_lines(run.node_events) if line["event"] == "swept"]
    assert noted[kind] == 1


def test_images_go_by_their_name_and_stay_where_the_recipe_keeps_sandboxes(tmp_path: Path) -> None:
    ours, _, store = containers(tmp_path)
    (store / "images").write_text("fix-script__9ncrji3__env-main:latest\ndebian:bookworm-slim\n")
    ours.sweep()
    calls = (store / "calls").read_text()
    assert "image rm -f fix-script__9ncrji3__env-main:latest\n" in calls
    assert "debian" not in calls
    kept = tmp_path / "kept"
    kept.mkdir()
    ours, _, store = containers(kept, "sandbox.delete=false")
    put(store, "volume", "mine", "fix-script__9ncrji3__env")
    (store / "images").write_text("fix-script__9ncrji3__env-main:latest\n")
    ours.sweep()
    assert " rm " not in (store / "calls").read_text()


def test_nothing_is_asked_where_nothing_can_be(tmp_path: Path) -> None:
    ours, run, store = containers(tmp_path)
    (run.jobs / "0000-00" / TRIAL).rmdir()
    ours.sweep()
    for index, setting in enumerate(("sandbox.type=local", "sandbox.kwargs={keep_containers: true}")):
        folder = tmp_path / str(index)
        folder.mkdir()
        ours, _, other = containers(folder, setting)
        ours.sweep()
        assert not (other / "calls").exists()
    assert not (store / "calls").exists()


def test_an_engine_that_is_gone_or_stubborn_is_noted_and_holds_nothing_up(tmp_path: Path) -> None:
    ours, run, store = containers(tmp_path)
    put(store, "container", "mine", "fix-script__9ncrji3__env")
    (store / "stubborn").write_text("")
    ours.sweep()
    (tmp_path / "bin" / "docker").write_text("#!/bin/sh\necho no daemon >&2; exit 1\n")
    ours.sweep()
    (tmp_path / "bin" / "docker").unlink()
    ours.sweep()
    reasons = [str(line["reason"]) for line in read_lines(run.node_events) if line["event"] == "sweep-failed"]
    assert [bool(reason) for reason in reasons] == [True, True, True]
    assert "still there" in reasons[0]
    assert "no daemon" in reasons[1]


def test_a_copy_of_the_run_leaves_the_containers_of_the_original_alone(tmp_path: Path) -> None:
    """Both have the same names; a folder that is gone, or that is in no run, is another matter."""
    ours, run, store = containers(tmp_path)
    original = RunDir(tmp_path / "original")
    for each in (run, original):
        write_json(each.run, {})
    where = {
        "theirs": original.tasks / "d/slug/task/environment",
        "own": run.tasks / "d/slug/task/environment",
        "moved": tmp_path / "gone/tasks/d/slug/task/environment",
        "elsewhere": tmp_path,
    }
    for name, folder in where.items():
        put(store, "container", name, "fix-script__9ncrji3__env", "r1", folder)
    ours.sweep()
    assert [path.name for path in (store / "container").iterdir()] == ["theirs"]


def test_the_containers_of_a_sandbox_that_was_changed_since_are_swept(tmp_path: Path) -> None:
    """The run began with docker and goes on in the local sandbox."""
    _, run, store = containers(tmp_path)
    write_json(run.plan, {"sandbox": "docker"})
    plan = made_plan(tmp_path, "sandbox.type=local")
    environ = {"PATH": f"{Programs(tmp_path).environ['PATH']}:/usr/bin:/bin"}
    put(store, "container", "old", "fix-script__9ncrji3__env")
    Containers(run, plan, environ, Status(run)).sweep()
    assert not (store / "container" / "old").exists()

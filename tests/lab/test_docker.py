"""The whole chain with the docker sandbox, on a real docker: what it makes, and what is left after any end."""

import json
import os
import signal

import pytest

from otcloud import process
from otcloud.runs.journal import read_json, read_lines
from otcloud.runs.layout import RunDir
from otcloud.trials.published import read_index
from tests.flow.command import Otcloud, wait_for
from tests.lab.conftest import sample_recipe, with_engine
from tests.lab.containers import Engine
from tests.lab.test_kills import find

WORDS = ("--sandbox", "docker", "-q")
LABEL = "label=otcloud.run=kept"


@pytest.fixture
def dock(otcloud: Otcloud, docker: Engine) -> Otcloud:
    """The command line with the session's docker."""
    return with_engine(otcloud, docker)


def no_daemon(dock: Otcloud) -> dict[str, str]:
    """An environment in which docker's daemon is gone."""
    return {"DOCKER_HOST": f"unix://{dock.folder}/no.sock"}


def wait_for_containers(docker: Engine, count: int, command: process.Child) -> list[str]:
    """Wait until so many containers of the run are up; gives their ids."""

    def seen() -> list[str]:
        assert command.poll() is None, "the run ended before its containers were seen"
        found = docker("ps", "--quiet", "--filter", LABEL).split()
        return found if len(found) >= count else []

    return wait_for(seen, f"{count} containers run")


def test_the_quickstart_in_docker(dock: Otcloud, docker: Engine) -> None:
    """Five trials, four solved as in any other sandbox; each container had an init, a short grace and a label."""
    recipe = sample_recipe(dock.folder)
    command = dock.start("tracegen", recipe, *WORDS, "--job-name", "kept", "--n-concurrent", "3")
    first = wait_for_containers(docker, 1, command)[0]
    config = json.loads(docker("inspect", first))[0]
    assert (config["HostConfig"]["Init"], config["Config"]["StopTimeout"]) == (True, 1)
    assert command.wait(200) == 0, (dock.folder / "otcloud.log").read_text()
    run = RunDir(dock.folder / "runs" / "kept")
    rewards = {trial.task: trial.reward for trial in read_index(run.published_index)}
    assert rewards == {"count-code": 0.0} | dict.fromkeys(
        ("edit-config", "fix-script", "parse-log", "word-pipeline"), 1.0
    )
    assert len((run.traces / "traces.jsonl").read_text().splitlines()) == 5
    assert not [line for line in read_lines(run.node_events) if line["event"].startswith("swe")]
    assert str(dock.folder) not in (run.jobs / "0000-00.json").read_text()
    assert dock("resume", "kept", "-q", env=no_daemon(dock)).code == 0, (
        "a finished run needs no daemon to be looked over"
    )


def test_kill_nine_of_harbor_leaves_no_container(dock: Otcloud, docker: Engine) -> None:
    """The node sweeps what it left, and goes on by itself with what is missing."""
    recipe = sample_recipe(dock.folder, "edit-config", "fix-script", "parse-log")
    command = dock.start("tracegen", recipe, *WORDS, "--job-name", "kept", "--n-concurrent", "2")
    wait_for_containers(docker, 2, command)
    pid = find(dock, "harbor")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert command.wait(200) == 0, (dock.folder / "otcloud.log").read_text()
    run = RunDir(dock.folder / "runs" / "kept")
    events = [line["event"] for line in read_lines(run.node_events)]
    assert events.index("harbor-died") < events.index("swept") < len(events) - 1
    assert sorted(trial.task for trial in read_index(run.published_index)) == ["edit-config", "fix-script", "parse-log"]


def test_ctrl_c_leaves_nothing_and_the_run_goes_on_elsewhere(dock: Otcloud, docker: Engine) -> None:
    """Exit code 130; then the run directory is moved, and resumed there."""
    recipe = sample_recipe(dock.folder, "edit-config", "fix-script", "parse-log")
    command = dock.start("tracegen", recipe, *WORDS, "--job-name", "kept", "--n-concurrent", "2")
    wait_for_containers(docker, 1, command)
    command.send(signal.SIGINT)
    assert command.wait(120) == 130
    assert not docker.left()
    assert not dock.pids()
    moved = dock.folder / "elsewhere" / "kept"
    moved.parent.mkdir()
    (dock.folder / "runs" / "kept").rename(moved)
    done = dock("resume", moved, "-q")
    assert done.code == 0, done.stderr
    assert len(list(read_index(RunDir(moved).published_index))) == 3


def test_kill_nine_of_everything_is_swept_by_the_next_node(dock: Otcloud, docker: Engine) -> None:
    """Node and Harbor die together, as on a machine that runs out of memory: `resume` removes what they left."""
    recipe = sample_recipe(dock.folder, "edit-config", "fix-script")
    command = dock.start("tracegen", recipe, *WORDS, "--job-name", "kept", "--n-concurrent", "2")
    wait_for_containers(docker, 1, command)
    pids = [find(dock, target) for target in ("harbor", "node")]
    for pid in pids:
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    assert command.wait(120) == 12
    assert docker.containers()
    done = dock("resume", "kept", "-q")
    assert done.code == 0, done.stderr
    assert (read_json(RunDir(dock.folder / "runs" / "kept").run) or {})["exit_code"] == 0


def test_a_daemon_that_is_gone_is_told_before_anything_is_created(dock: Otcloud) -> None:
    """Exit code 4 with the command that helps; a plan only warns."""
    recipe = sample_recipe(dock.folder, "edit-config")
    gone = no_daemon(dock)
    refused = dock("tracegen", recipe, *WORDS, env=gone)
    assert refused.code == 4
    assert "docker's daemon does not answer" in refused.stderr
    assert not dock.runs()
    planned = dock("plan", recipe, "--sandbox", "docker", env=gone)
    assert planned.code == 0
    assert "does not work on this machine" in planned.stdout + planned.stderr

"""The whole chain with the podman sandbox, on a real podman."""

import os
import signal

from otcloud.runs.journal import read_json, read_lines
from otcloud.runs.layout import RunDir
from otcloud.trials.published import read_index
from tests.flow.command import Otcloud, wait_for
from tests.lab.conftest import sample_recipe, with_engine
from tests.lab.containers import Engine
from tests.lab.test_kills import find

WORDS = ("--sandbox", "podman", "-q", "--job-name", "kept", "--n-concurrent", "2")


def test_a_killed_harbor_and_a_solved_task_in_podman(otcloud: Otcloud, podman: Engine) -> None:
    """kill -9 of Harbor in the middle: swept, gone on with, solved; nothing is left."""
    pod = with_engine(otcloud, podman)
    recipe = sample_recipe(pod.folder, "edit-config")
    command = pod.start("tracegen", recipe, *WORDS)
    ours = ("ps", "--quiet", "--filter", "label=otcloud.run=kept")
    wait_for(lambda: command.poll() is not None or podman(*ours).split(), "a container runs")
    pid = find(pod, "harbor")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert command.wait(280) == 0, (pod.folder / "otcloud.log").read_text()
    run = RunDir(pod.folder / "runs" / "kept")
    assert [(trial.task, trial.reward) for trial in read_index(run.published_index)] == [("edit-config", 1.0)]
    assert "swept" in [line["event"] for line in read_lines(run.node_events)]
    assert (read_json(run.compose) or {})["services"]["main"]["stop_grace_period"] == "1s"

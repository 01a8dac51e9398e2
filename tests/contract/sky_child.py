"""Asks the real SkyPilot about tasks, in a process of its own: importing it writes below HOME and takes seconds.

`python sky_child.py parse|choose|names ANSWER` reads JSON from stdin and writes its answer to the file ANSWER, for
SkyPilot talks on stdout.
"""

import copy
import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from otcloud.plan.machine import cluster_name, label
from otcloud.plan.skytask import LABEL


def parse(tasks: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Name -> what `sky.Task.from_yaml_config` made of the task, or its error."""
    sky = importlib.import_module("sky")
    answers: dict[str, Any] = {}
    for name, config in tasks.items():
        try:
            answers[name] = _seen(sky.Task.from_yaml_config(copy.deepcopy(config)))
            values = [(secret, "made-up-value") for secret in answers[name]["secrets"]]
            filled = sky.Task.from_yaml_config(copy.deepcopy(config), secrets_overrides=values)
            answers[name]["filled"] = sorted(filled.secrets), len(filled._managed_secret_refs)
        except Exception as error:
            answers[name] = f"{type(error).__name__}: {error}"
    return answers


def _seen(task: Any) -> dict[str, Any]:
    ordered = list(task.resources)
    first = ordered[0]
    return {
        "name": task.name,
        "nodes": task.num_nodes,
        "run": task.run,
        "setup": task.setup,
        "api_server_access": task.api_server_access,
        "envs": task.envs,
        "secrets": sorted([*task.secrets, *(each.name for each in task._managed_secret_refs)]),
        "in_order": isinstance(task.resources, list),
        "clouds": [str(each.cloud).lower() for each in ordered],
        "places": [[each.region, each.zone] for each in ordered],
        "autostop": [_autostop(each) for each in ordered],
        "labels": [each.labels for each in ordered],
        "recovery": first.job_recovery,
        "image": first.extract_docker_image(),
        "disk": [each.disk_size if each.disk_size_specified else None for each in ordered],
        "overrides": first.cluster_config_overrides,
    }


def _autostop(resources: Any) -> list[Any]:
    config = resources.autostop_config
    return [config.enabled, config.idle_minutes, config.down, config.wait_for and config.wait_for.value]


def choose(asked: dict[str, Any]) -> dict[str, Any]:
    """Name -> the candidate that the real optimizer takes for a task, with the clouds of `enabled`."""
    sky = importlib.import_module("sky")
    state = importlib.import_module("sky.global_user_state")
    cloud = importlib.import_module("sky.clouds.cloud")
    workspace = importlib.import_module("sky.skylet.constants").SKYPILOT_DEFAULT_WORKSPACE
    # Where the two lists of allowed clouds differ, SkyPilot would look for credentials.
    allowed = importlib.import_module("sky.check")._get_workspace_allowed_clouds(workspace)
    state.set_allowed_clouds(allowed, workspace)
    state.set_enabled_clouds(asked["enabled"], cloud.CloudCapability.COMPUTE, workspace)
    answers: dict[str, Any] = {}
    for name, config in asked["tasks"].items():
        with sky.Dag() as dag:  # what is made inside belongs to it
            task = sky.Task.from_yaml_config(copy.deepcopy(config))
        try:
            sky.Optimizer.optimize(dag, quiet=True)
            best = task.best_resources
            answers[name] = [str(best.cloud).lower(), best.region, best.instance_type, best.accelerators, best.use_spot]
        except Exception as error:
            answers[name] = f"{type(error).__name__}: {error}"
    return answers


def names(examples: int) -> str:
    """Whether SkyPilot's own checks pass the names of so many runs: the cluster's, and the label on every cloud."""
    sky = importlib.import_module("sky")
    common = importlib.import_module("sky.utils.common_utils")
    clouds = importlib.import_module("sky.utils.registry").CLOUD_REGISTRY
    assert sky.clouds.GCP.is_label_valid("otcloud-run", "Capitals")[0] is False

    @settings(max_examples=examples, deadline=None, database=None)
    @given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", fullmatch=True))
    def holds(run_id: str) -> None:
        name = cluster_name(run_id)
        common.check_cluster_name_is_valid(name)
        assert not common.cluster_name_looks_like_file_path(name)
        # Nothing is left to fold: on the cloud the name is the same, and the user's hash.
        assert common.make_cluster_name_on_cloud(name, None).startswith(f"{name}-")
        for cloud in clouds.values():
            valid, why = cloud.is_label_valid(LABEL, label(run_id))
            assert valid, why

    holds()
    return "held"


_QUESTIONS: dict[str, Callable[[Any], Any]] = {"parse": parse, "choose": choose, "names": names}

if __name__ == "__main__":
    question, answer = sys.argv[1:]
    Path(answer).write_text(json.dumps(_QUESTIONS[question](json.load(sys.stdin))))

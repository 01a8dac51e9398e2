"""Docker and podman sandboxes as the plan sees them: the Compose settings that every trial of a run gets, as data.

Harbor merges such a file over the task's own, for its service `main`. Writing the file, and fitting it to the machine
that it is written on, is the node's part.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from otcloud.errors import InputInvalid
from otcloud.runs.layout import COMPOSE

CONTAINER_SANDBOXES = ("docker", "podman")
"""Sandbox types that run on a container engine of the machine itself."""
RUN_LABEL = "otcloud.run"
"""The label that every container of a run carries, with the run's id."""
_USERS_OWN = "extra_docker_compose"


def compose_overlay(sandbox: str, run_id: str) -> dict[str, Any] | None:
    """The Compose settings of a run; None for a sandbox that is no container of this machine.

    Harbor's container waits in `sleep`, which as process 1 does not hear SIGTERM: unless there is an init before it,
    every trial ends with the whole grace of ten seconds.
    """
    if sandbox not in CONTAINER_SANDBOXES:
        return None
    return {
        "services": {"main": {"init": True, "stop_grace_period": "1s", "labels": {RUN_LABEL: run_id}}},
    }


@dataclass(frozen=True)
class Machine:
    """What decides over containers on one machine: whether podman has an init program, and the limits for open files
    and processes that the node may not exceed (None: it may raise them)."""

    has_podman_init: bool
    max_files: int | None
    max_processes: int | None


def fit_overlay(overlay: Mapping[str, Any], sandbox: str, machine: Machine) -> dict[str, Any]:
    """The Compose settings as this machine can honour them; docker's daemon has rights and an init of its own.

    Podman asks for an init program by name (catatonit) and starts nothing without it; as root it raises the limits of
    every container to 1,048,576, which a root without CAP_SYS_RESOURCE may not.
    """
    if sandbox != "podman":
        return dict(overlay)
    main = dict(overlay["services"]["main"])
    if not machine.has_podman_init:
        main.pop("init", None)
    limits = {"nofile": machine.max_files, "nproc": machine.max_processes}
    known = {name: {"soft": limit, "hard": limit} for name, limit in limits.items() if limit is not None}
    return {**overlay, "services": {**overlay["services"], "main": main | ({"ulimits": known} if known else {})}}


def compose_environment(sandbox: str, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """`extra_docker_compose` and `kwargs` of Harbor's environment, for a sandbox with these arguments.

    The run's own file comes first and the user's after it: on a point that both name, the user's word holds. Harbor
    would take a list among the arguments *instead of* the job's. Errors: InputInvalid for a relative path of the
    user's, because Harbor works in the run directory.
    """
    if sandbox not in CONTAINER_SANDBOXES:
        return {"kwargs": dict(kwargs)}
    named: Any = kwargs.get(_USERS_OWN) or ()
    files = [str(path) for path in ((named,) if isinstance(named, str) else named)]
    for path in files:
        if not path.startswith(("/", "~")):
            raise InputInvalid(
                f"sandbox.kwargs.{_USERS_OWN}: {path} is a relative path",
                why="it is read by Harbor, which works in the run directory",
                do="give an absolute path on the machine where the sandboxes run",
            )
    rest = {name: value for name, value in kwargs.items() if name != _USERS_OWN}
    return {_USERS_OWN: [str(COMPOSE), *files], "kwargs": rest}


def without_overlay(job: Mapping[str, Any]) -> dict[str, Any]:
    """The job without the run's own Compose file, for a question that is asked before there is a run directory."""
    environment: dict[str, Any] = dict(job["environment"])
    if _USERS_OWN in environment:
        environment[_USERS_OWN] = [path for path in environment[_USERS_OWN] if PurePosixPath(path) != COMPOSE]
    return {**job, "environment": environment}

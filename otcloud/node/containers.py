"""The run's docker or podman containers from the node's side: the Compose file before Harbor starts, and the sweep of
what a killed Harbor left behind.

A trial's container, networks, volumes and image belong to one Compose project, which Harbor names after the trial; the
container also carries the run's label. An engine that does not answer is noted, and holds nothing up.
"""

import json
import re
import resource
import shutil
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from otcloud import containers, process
from otcloud.node.status import Status
from otcloud.plan.containers import CONTAINER_SANDBOXES, RUN_LABEL, Machine, fit_overlay
from otcloud.plan.plan import Plan
from otcloud.runs.journal import write_json
from otcloud.runs.layout import RunDir
from otcloud.runs.stored import sandboxes_used

_PROJECT = "com.docker.compose.project"
_FOLDER = "com.docker.compose.project.working_dir"
"""Labels of Docker Compose; podman-compose sets them too."""
_CAP_SYS_RESOURCE = 24  # include/uapi/linux/capability.h
_INITS = ("/usr/libexec/podman/catatonit", "/usr/lib/podman/catatonit")
_SWEEP_SEC = 40.0
_COMMAND_SEC = 15.0
_AGAIN_SEC = 0.5
_TRIES = 6
"""Looks that find the same things before the sweep gives up on them."""
_REMOVE = {"container": ("rm", "-f", "-v"), "network": ("rm",), "volume": ("rm", "-f"), "image": ("rm", "-f")}
"""In this order: a container holds the others."""

type Left = dict[str, list[str]]
"""What is left of a run: kind -> ids or names."""


class Containers:
    """The containers of one run; does nothing for other sandboxes."""

    def __init__(self, run: RunDir, plan: Plan, environ: Mapping[str, str], status: Status) -> None:
        self._run, self._plan, self._environ, self._status = run, plan, environ, status
        environment = plan.harbor.job.get("environment", {})
        used = set[str]() if _keeps(environment) else {plan.sandbox, *sandboxes_used(run)}
        self._engines = [engine for engine in CONTAINER_SANDBOXES if engine in used]
        self._kinds = [kind for kind in _REMOVE if environment.get("delete", True) or kind in ("container", "network")]

    def prepare(self) -> None:
        """See that the engine works, and write the Compose file, fitted to this machine.

        Error: CredentialOrProgramMissing.
        """
        containers.require(self._plan.sandbox, self._environ)
        if self._plan.harbor.compose is not None:
            write_json(self._run.compose, fit_overlay(self._plan.harbor.compose, self._plan.sandbox, this_machine()))

    def sweep(self) -> None:
        """Remove what trials of this run left, until nothing of it is there; for at most forty seconds."""
        trials = projects(path.name for path in self._run.jobs.glob("*/*__*")) if self._engines else frozenset[str]()
        for engine in self._engines if trials else ():
            try:
                removed = self._remove_all(engine, trials, time.monotonic() + _SWEEP_SEC)
            except OSError as error:
                # The engine is gone, hangs or cannot remove it: the run's results do not depend on that.
                self._status.event("sweep-failed", reason=str(error))
            else:
                if removed:
                    self._status.event("swept", **{kind: len(names) for kind, names in removed.items()})

    def _remove_all(self, engine: str, trials: Collection[str], end: float) -> Left:
        removed: Left = {}
        looks: list[Left] = []
        while left := self._left(engine, trials, end):
            looks.append(left)
            if looks[-_TRIES:] == [left] * _TRIES:
                raise OSError(f"still there: {left}")
            for kind, names in left.items():
                removed[kind] = sorted({*removed.get(kind, ()), *names})
                self._ask(engine, [kind, *_REMOVE[kind], *names], end)
            # One that was being made when its Harbor died may still appear.
            time.sleep(_AGAIN_SEC)
        return removed

    def _left(self, engine: str, trials: Collection[str], end: float) -> Left:
        found: Left = {}
        for kind in self._kinds:
            names = self._images(engine, trials, end) if kind == "image" else self._labelled(engine, kind, trials, end)
            if names:
                found[kind] = sorted(names)
        return found

    def _labelled(self, engine: str, kind: str, trials: Collection[str], end: float) -> list[str]:
        every = ["--all"] if kind == "container" else []
        listed = self._ask(engine, [kind, "ls", *every, "--quiet", "--filter", f"label={_PROJECT}"], end, must=True)
        if not listed.split():
            return []
        seen = _documents(self._ask(engine, [kind, "inspect", *listed.split()], end))
        return [name for name, labels in map(_identity, seen) if self._owns(labels, trials)]

    def _images(self, engine: str, trials: Collection[str], end: float) -> list[str]:
        """Compose names the image of a task after the project: `<project>-main`, podman-compose `<project>_main`."""
        listed = self._ask(engine, ["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"], end, must=True).split()
        return [name for name in listed if belongs(name.rpartition("/")[2], trials)]

    def _owns(self, labels: Mapping[str, str], trials: Collection[str]) -> bool:
        if labels.get(RUN_LABEL) != self._plan.run_id and not belongs(labels.get(_PROJECT, ""), trials):
            return False
        # A copy of a run directory has the same names: what was started from another directory is that one's.
        here, folder = self._run.root.resolve(), Path(labels.get(_FOLDER, "/"))
        return next((path for path in folder.parents if RunDir(path).run.is_file()), here) == here

    def _ask(self, engine: str, words: list[str], end: float, *, must: bool = False) -> str:
        """One command of the engine. Errors: OSError when it does not answer, and for a failure where it `must` not."""
        program = shutil.which(engine, path=self._environ.get("PATH", "")) or engine
        bound = min(_COMMAND_SEC, end - time.monotonic())
        done = process.run([program, *words], env=self._environ, timeout_sec=max(bound, 0.1))
        if done.code < 0 or (must and done.code != 0):
            raise OSError(f"{engine} {words[0]} {words[1]}: {done.stderr.strip()[-300:] or 'no answer'}")
        return done.stdout


def _keeps(environment: Mapping[str, Any]) -> bool:
    """Whether the recipe asks Harbor to keep containers, for a look inside."""
    return bool(environment.get("kwargs", {}).get("keep_containers"))


def belongs(project: str, trials: Collection[str]) -> bool:
    """Whether a Compose project (or a name that begins with one) is of one of these trials, as `projects` gives them.

    Harbor's projects are `<trial>__env` and `<trial>__verifier__<step>`; a trial ends with seven random letters.
    """
    parts = project.split("__")
    return any("__".join(parts[:cut]) in trials for cut in range(2, len(parts)))


def projects(trials: Iterable[str]) -> frozenset[str]:
    """Trials by the names that Compose projects begin with: small letters, and `-` for what Compose does not take."""
    return frozenset(re.sub(r"[^a-z0-9_-]", "-", trial.lower()) for trial in trials)


def this_machine() -> Machine:
    """What decides over containers here: an init for podman, and the limits that this process may not raise."""
    effective = re.search(r"^CapEff:\s*([0-9a-f]+)", Path("/proc/self/status").read_text(), re.MULTILINE)
    raises = effective is not None and bool(int(effective[1], 16) >> _CAP_SYS_RESOURCE & 1)
    files, processes = (resource.getrlimit(kind)[1] for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC))
    most = int(Path("/proc/sys/kernel/pid_max").read_text())
    return Machine(
        has_podman_init=shutil.which("catatonit") is not None or any(Path(path).exists() for path in _INITS),
        max_files=None if raises or files == resource.RLIM_INFINITY else files,
        max_processes=None if raises else most if processes == resource.RLIM_INFINITY else min(processes, most),
    )


def _documents(text: str) -> list[dict[str, Any]]:
    """What `inspect` found; without those that were gone by then."""
    try:
        found: Any = json.loads(text)
    except ValueError:
        return []  # all were gone, and podman then says nothing
    return [document for document in cast("list[Any]", found) if isinstance(document, dict)]


def _identity(document: Mapping[str, Any]) -> tuple[str, Mapping[str, str]]:
    """The id (a volume's name) and the labels; podman writes its networks in small letters."""
    known = {key.lower(): value for key, value in document.items()}
    labels: Any = known.get("labels") or known.get("config", {}).get("Labels") or {}
    return str(known.get("id") or known.get("name")), labels

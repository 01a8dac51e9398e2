"""The client's course of a run on this machine: create or take up a run directory, drive it, build what it made.

`launch` executes a Plan as it stands; nothing here compiles.
"""

import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from otcloud import containers
from otcloud.datasets import tasks
from otcloud.errors import (
    Cancelled,
    Interrupted,
    NotBuiltYet,
    OtcloudError,
    PublishFailed,
    UsageError,
    from_exit_code,
)
from otcloud.launch import agent_code
from otcloud.launch.base import launcher
from otcloud.launch.endpoint_check import check_endpoint, check_price
from otcloud.launch.follow import View, follow
from otcloud.launch.place import Place
from otcloud.launch.score import write_score
from otcloud.launch.tasks_check import check
from otcloud.launch.traces import build_traces
from otcloud.plan.plan import Plan
from otcloud.programs import ensure_harbor
from otcloud.recipe.schema.agent import Agent
from otcloud.runs.create import created, note, opened, writing
from otcloud.runs.index import register
from otcloud.runs.journal import is_locked, read_json, utc_now
from otcloud.runs.layout import RECORDING, RunDir
from otcloud.runs.log import last_lines
from otcloud.runs.state import last_end, read_state
from otcloud.runs.stored import lift, stored_plan
from otcloud.trials.record import mapping, number, text

_NODE_END_SEC = 200.0
"""Longer than a node takes that was told to end (150 s, node/__main__.py)."""
_NODE_POLL_SEC = 0.2


@dataclass(frozen=True)
class Inputs:
    """What a new run takes along: the resolved recipe as YAML, the folder of its tasks, its recording, its agent."""

    recipe: str
    tasks: Path
    recording: Path | None
    agent: Agent = field(default_factory=Agent)


@dataclass(frozen=True)
class Ended:
    """A run that this process drove to its end; `failure` is None when all that was asked for was done."""

    run: RunDir
    failure: OtcloudError | None


def refuse_not_built(plan: Plan) -> None:
    """Error: NotBuiltYet, naming every part of the plan that this version has no code for."""
    if plan.not_built:
        raise NotBuiltYet(
            f"this version cannot execute: {', '.join(plan.not_built)}", do="the plan itself: add --dry-run"
        )


def launch(plan: Plan, inputs: Inputs, place: Place, view: View, warn: Callable[[str], None]) -> Ended:
    """Start a new run and drive it to its end.

    Errors: what keeps it from starting (a missing secret, no sound task, a name that is taken), with nothing created.
    """
    refuse_not_built(plan)
    secrets = place.secrets.require(plan.secrets.required)
    _require_sandbox(plan, place)
    check_endpoint(plan, secrets, place.environ, view.say)
    harbor = ensure_harbor(plan.harbor.lock, place.cache, place.environ, view.say)
    check_price(plan, harbor, harbor.environment(place.environ, secrets))
    source = tasks.source_folder(inputs.tasks)
    with agent_code.copied(inputs.agent) as code:
        checked = check(plan, source, harbor, harbor.environment(place.environ, secrets, code), warn)
    run = RunDir(place.runs_dir / plan.run_id)

    def fill(building: RunDir) -> None:
        tasks.materialise(checked.sound, source, building)
        agent_code.write(inputs.agent, building.agent)
        if inputs.recording is not None:
            (building.root / RECORDING).parent.mkdir(parents=True)
            shutil.copyfile(inputs.recording, building.root / RECORDING)

    record = {
        "run_id": plan.run_id,
        "kind": plan.kind,
        "created": plan.created,
        "recipe_digest": plan.recipe_digest,
        "planned": len(checked.sound.tasks) * plan.harbor.attempts,
        "left_out": dict(checked.left_out),
    }
    document = plan.model_dump(mode="json")
    with created(run, inputs.recipe, document, record, fill):
        _register(run, place, view)
        view.say(f"run {run.run_id} in {run.root}")
        return Ended(run, _drive(run, plan, secrets, place, view))


def resume(run: RunDir, place: Place, view: View, repair: Callable[[], bool] | None = None) -> Ended:
    """Take up a run where it stopped, with the plan that is in force.

    `repair`, called while nobody else can drive the run, may amend that plan; when it says that there is nothing to
    do, the run's last end is given. Errors: UsageError when somebody drives it, InputInvalid when the directory holds
    no plan; those of `repair`.
    """
    with opened(run):
        _await_node(run, view)
        if repair is not None and not repair():
            return Ended(run, last_end(run))
        plan = stored_plan(run)
        secrets = place.secrets.require(plan.secrets.required)
        if repair is None:
            with writing(run):
                lift(run, utc_now())
        _register(run, place, view)
        state = read_state(run)
        if state is None or state.exit_code != 0:
            check_endpoint(plan, secrets, place.environ, view.say)
            _require_sandbox(plan, place)
        verb = "looking over the finished" if state is not None and state.exit_code == 0 else "resuming"
        view.say(f"{verb} run {run.run_id} in {run.root}")
        return Ended(run, _drive(run, plan, secrets, place, view))


def _await_node(run: RunDir, view: View) -> None:
    """A node whose client was killed ends within minutes, and publishes until then: wait for it.

    Error: UsageError when it does not end.
    """
    end, told = time.monotonic() + _NODE_END_SEC, False
    while is_locked(run.node_lock):
        if not told:
            view.say(f"waiting for the programs of the last start of {run.run_id} to end")
            told = True
        if time.monotonic() > end:
            raise UsageError(
                f"programs of the last start of {run.run_id} have not ended",
                why=f"somebody holds {run.node_lock}",
                do="look for them (ps aux | grep otcloud), end them, and type it again",
            )
        time.sleep(_NODE_POLL_SEC)


def _require_sandbox(plan: Plan, place: Place) -> None:
    """Error: CredentialOrProgramMissing, when the run takes place here and its container engine does not work."""
    if plan.launcher == "local":
        containers.require(plan.sandbox, place.environ)


def _drive(run: RunDir, plan: Plan, secrets: Mapping[str, str], place: Place, view: View) -> OtcloudError | None:
    begin, execution, ended = time.monotonic(), None, False
    try:
        with writing(run):
            run.status.unlink(missing_ok=True)
            note(run, "drive", t=utc_now(), exit_code=None, error=None, pid=os.getpid(), **_planned(run, plan))
            execution = launcher(plan.launcher).start(run, place.environ, secrets)
        code = follow(execution, run, view)
        ended = True
    finally:
        if execution is not None and not ended:
            execution.kill()
    failure, traces = _failure(run, code), None
    unscored = write_score(run, plan)
    failure = failure or unscored
    if not isinstance(failure, Interrupted):
        built, traces = build_traces(run, plan)
        failure = failure or built
    return _ended(run, failure, time.monotonic() - begin, traces)


def _planned(run: RunDir, plan: Plan) -> dict[str, int]:
    """The trials that the plan in force asks for; nothing where the tasks cannot be read, which the node will tell."""
    tasks = (read_json(run.tasks_lock) or {}).get("tasks")
    return {"planned": len(cast("list[object]", tasks)) * plan.harbor.attempts} if isinstance(tasks, list) else {}


def _ended(
    run: RunDir, failure: OtcloudError | None, seconds: float = 0.0, traces: dict[str, object] | None = None
) -> OtcloudError | None:
    """Note how the run ended, the time it was driven in all, and what became of its dataset."""
    said = None if failure is None else {"what": failure.what, "why": failure.why, "do": failure.do}
    driven = round((number(mapping(read_json(run.run)).get("driven_sec")) or 0.0) + seconds, 1)
    facts = {"exit_code": 0 if failure is None else failure.exit_code, "error": said, "driven_sec": driven}
    try:
        with writing(run):
            note(run, "end", t=utc_now(), **facts, **({} if traces is None else {"traces": traces}))
    except PublishFailed as unwritten:
        # The run directory cannot hold the end; the command still tells it, and what came first weighs more.
        return failure or unwritten
    return failure


def _register(run: RunDir, place: Place, view: View) -> None:
    try:
        register(place.data, run)
    except OSError as error:
        # A home that cannot be written: the run goes on, and is found in its own folder.
        view.say(f"the list of all runs cannot be written, name this run by its folder: {error}")


def _failure(run: RunDir, code: int) -> OtcloudError | None:
    """What the node said about its end, or what its silence means."""
    if code == 0:
        return None
    said = mapping(read_json(run.status), "error")
    if said:
        return from_exit_code(code, text(said.get("what")), why=text(said.get("why")), do=text(said.get("do")))
    if code == Interrupted.exit_code:
        return Interrupted("stopped at once, as asked", do=f"to go on: otcloud resume {run.run_id}")
    how = f"signal {-code}" if code < 0 else f"code {code}"
    return from_exit_code(
        Cancelled.exit_code if code < 0 else code,
        f"the node program ended with {how} and without a last word",
        why=last_lines(run.log("node")) or "it was killed, or this machine ran out of memory",
        do=f"what was published is kept; to go on: otcloud resume {run.run_id}",
    )

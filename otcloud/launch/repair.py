"""Repair: what `resume` is asked to do otherwise than before becomes an amendment of the run, or is refused.

Who calls holds the run's lock; nothing is written before everything that can be refused has been looked at.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from otcloud import containers
from otcloud.errors import InputInvalid
from otcloud.launch.changed import Base, Changed, changed
from otcloud.launch.course import refuse_not_built
from otcloud.launch.endpoint_check import check_price
from otcloud.launch.follow import View
from otcloud.launch.place import Place
from otcloud.launch.repair_words import told
from otcloud.launch.selection import Selection, Standing, select
from otcloud.launch.tasks_check import check
from otcloud.node.slots import TaskEntry, entries
from otcloud.plan.amend import Amendment, Only
from otcloud.plan.facts import TaskFact, TaskSet
from otcloud.plan.plan import Plan
from otcloud.programs import Harbor, ensure_harbor
from otcloud.runs.create import note, writing
from otcloud.runs.events import awaiting
from otcloud.runs.journal import read_json, read_lines, utc_now
from otcloud.runs.layout import RunDir
from otcloud.runs.stored import amend, lift, newest, stored_plan
from otcloud.trials.published import read_index


@dataclass(frozen=True)
class Wish:
    """What `resume` was asked for beside going on. `retry`: globs over tasks. `sets`, `flags`: as for a recipe."""

    only: Only | None = None
    add_attempts: int = 0
    retry: Sequence[str] = ()
    sets: Sequence[str] = ()
    flags: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def settles(self) -> bool:
        """Whether it is about the plan itself."""
        return bool(self.add_attempts or self.sets or any(value is not None for value in self.flags.values()))

    @property
    def asks(self) -> bool:
        """Whether it asks for anything."""
        return self.settles or self.only is not None or bool(self.retry)


def repair(run: RunDir, wish: Wish, place: Place, view: View, warn: Callable[[str], None]) -> bool:
    """Put a wish in force; False when the run has nothing of the kind, which is then told.

    Errors, with nothing written: InputInvalid for what cannot be changed, or is no task of the run; NotBuiltYet; a
    secret or a program that is missing. PublishFailed when the amendment cannot be written.
    """
    stored, earlier, tasks = stored_plan(run), newest(run), _tasks(run)
    if stored.kind == "eval" and wish.only == "failed":
        raise InputInvalid(
            "--only failed is not for an evaluation",
            why="attempts that are made again only when they failed make the score better than the model",
            do="--only infra tries again what was lost; --retry-task names tasks, and the score then says so",
        )
    if wish.add_attempts and wish.only in ("infra", "failed"):
        raise InputInvalid(
            f"--add-attempts and --only {wish.only} do not go together",
            why=f"attempts that are added have no record yet, and --only {wish.only} runs none of those",
            do="leave --only out, or add the attempts in a second step",
        )
    base = Base(run, stored, {} if earlier is None else earlier.settings, tasks)
    new = changed(base, wish.add_attempts, wish.sets, wish.flags, place) if wish.settles else Changed(stored)
    vacated = () if earlier is None else earlier.vacated
    trials = list(read_index(run.published_index))
    waited = awaiting(read_lines(run.harbor_events), {trial.trial for trial in trials})
    standing = Standing(tasks, new.plan.harbor.attempts, trials, frozenset(vacated), waited)
    selection = select(standing, wish.only, wish.retry)
    if not (new.changes or selection.again or selection.count):
        return _nothing_new(run, wish, view)
    amendment = _amendment(base, wish, new, selection, vacated)
    _check(base, amendment.plan, place, view, warn)
    for warning in new.warnings:
        warn(warning)
    with writing(run):
        # First the note that the run is unfinished: killed between the two, it is taken up again and looked over.
        note(run, "amend", t=amendment.t, exit_code=None, error=None)
        amend(run, amendment)
    view.say(f"amended: {amendment.words}")
    return True


def _nothing_new(run: RunDir, wish: Wish, view: View) -> bool:
    """The run is as the wish wants it: there is nothing to run, or just all that is missing."""
    if wish.only is not None:
        view.say(f"nothing to do: run {run.run_id} has no trial for --only {wish.only}")
        return False
    with writing(run):
        lift(run, utc_now())
    return True


def _tasks(run: RunDir) -> list[TaskEntry]:
    lock = read_json(run.tasks_lock)
    if lock is None:
        do = "start a new run with the command that started this one, and --new"
        raise InputInvalid(f"{run.tasks_lock} cannot be read", why="it is missing or torn", do=do)
    return entries(lock)


def _amendment(base: Base, wish: Wish, new: Changed, selection: Selection, vacated: Sequence[str]) -> Amendment:
    return Amendment(
        t=utc_now(),
        words=told(new.changes, wish.add_attempts, wish.only, wish.retry, selection),
        changes=new.changes,
        settings={**base.settings, **{key: value for key, (_, value) in new.changes.items()}},
        plan=_scored(new.plan, selection, wish),
        vacated=(*vacated, *selection.again),
        only=wish.only,
        slots=selection.slots,
    )


def _scored(plan: Plan, selection: Selection, wish: Wish) -> Plan:
    """The plan, with a word on the score where attempts of an evaluation are chosen to be made again."""
    if plan.kind != "eval" or not selection.again:
        return plan
    count, globs = len(selection.again), ", ".join(wish.retry)
    attempts = "1 attempt was" if count == 1 else f"{count} attempts were"
    said = f"{attempts} made again by choice (resume --retry-task {globs})"
    return plan.model_copy(update={"overrides": (*plan.overrides, said)})


def _check(base: Base, plan: Plan, place: Place, view: View, warn: Callable[[str], None]) -> None:
    """Whether the plan can be executed here; Harbor is asked about a sandbox that is not as it was, and litellm about
    the price of a model where the run had no budget yet."""
    run, tasks = base.run, base.tasks
    refuse_not_built(plan)
    secrets = place.secrets.require(plan.secrets.required)
    other_sandbox = plan.harbor.job["environment"] != base.plan.harbor.job["environment"] and bool(tasks)
    budgeted = plan.lifetime.max_cost_usd is not None and base.plan.lifetime.max_cost_usd is None
    if not (other_sandbox or budgeted):
        return
    if other_sandbox and plan.launcher == "local":
        containers.require(plan.sandbox, place.environ)
    harbor = ensure_harbor(plan.harbor.lock, place.cache, place.environ, view.say)
    env = harbor.environment(place.environ, secrets, run.agent if run.agent.is_dir() else None)
    if budgeted:
        _check_budget(plan, harbor, env)
    if other_sandbox:
        _check_sandbox(base, plan, harbor, env, warn)


def _check_budget(plan: Plan, harbor: Harbor, env: Mapping[str, str]) -> None:
    try:
        check_price(plan, harbor, env)
    except InputInvalid as refused:
        # The model of a run cannot be changed, its price neither, so the advice is another one.
        do = "leave limits.max_cost out, or start a new run that states the prices of model.id: --new"
        raise InputInvalid(refused.what, why=refused.why, do=do) from refused


def _check_sandbox(base: Base, plan: Plan, harbor: Harbor, env: Mapping[str, str], warn: Callable[[str], None]) -> None:
    run, tasks = base.run, base.tasks
    facts = tuple(TaskFact(name=task.folder, digest=task.digest) for task in tasks)
    found = TaskSet(slug=plan.tasks.slug, digest="", tasks=facts)
    asked = plan.model_copy(update={"tasks": plan.tasks.model_copy(update={"found": found, "broken": "refuse"})})
    try:
        check(asked, run.root / PurePosixPath(tasks[0].path).parent, harbor, env, warn)
    except InputInvalid as refused:
        # The run cannot leave tasks out any more, so its advice is another one.
        do = "leave the sandbox as it was, or start a new run with the other one: --new"
        raise InputInvalid(refused.what, why=refused.why, do=do) from refused

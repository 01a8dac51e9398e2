"""A plan, shown to a person in eighty columns: what is made, of what, by whom, until when, and what has to be said."""

import textwrap
from collections.abc import Sequence

from otcloud.cli.planned_cost import cost, cost_parts
from otcloud.cli.planned_machines import dropped, machines, served
from otcloud.cli.score import not_comparable
from otcloud.launch.progress import duration
from otcloud.plan.plan import Plan, TaskPlan

_NARROWEST = 80
_WIDEST = 120
"""Longer lines are no easier to read."""


def human_plan(plan: Plan, start: str, width: int | None = None) -> str:
    """Everything that would be executed, in the order in which it matters; `start` says how it is started.

    `width`: columns of the terminal; None for a file or a pipe, which get eighty.
    """
    columns = min(max(width or 80, _NARROWEST), _WIDEST)
    parts = [
        wrapped(_fields(plan), columns),
        machines(plan.candidates, columns),
        served(plan.candidates, columns),
        dropped(plan.dropped, columns),
        cost_parts(plan, columns),
        not_comparable(plan.overrides),
    ]
    if plan.not_built:
        parts.append("not in this version, refused at launch:\n" + "\n".join(f"  {name}" for name in plan.not_built))
    parts.append(f"nothing was started; {start}")
    return "\n\n".join(part for part in parts if part)


def wrapped(pairs: Sequence[tuple[str, str]], columns: int) -> str:
    """Names and values, aligned; what is longer than the columns goes on below its beginning."""
    shown = [(name, value) for name, value in pairs if value]
    wide = max((len(name) for name, _ in shown), default=0)
    lines: list[str] = []
    for name, value in shown:
        body = textwrap.wrap(value, columns - wide - 2, break_long_words=False, break_on_hyphens=False)
        lines += [f"{(name if number == 0 else '').ljust(wide)}  {line}" for number, line in enumerate(body)]
    return "\n".join(lines)


def _fields(plan: Plan) -> list[tuple[str, str]]:
    return [
        ("run", plan.run_id),
        ("makes", "agent traces" if plan.kind == "tracegen" else "a score"),
        ("tasks", _tasks(plan.tasks)),
        ("trials", _trials(plan)),
        ("agent", _agent(plan)),
        ("sandbox", plan.sandbox),
        ("machine", "this one" if all(each.provider == "local" for each in plan.candidates) else ""),
        ("harbor", plan.harbor.version),
        ("secrets", _secrets(plan)),
        ("sent", _uploads(plan)),
        ("set-up", "; ".join(plan.set_up)),
        ("lifetime", f"{duration(plan.lifetime.max_sec)} at most, then {_end(plan)}"),
        ("cost", cost(plan)),
    ]


def _tasks(tasks: TaskPlan) -> str:
    if tasks.found is None:
        return f"{tasks.reference} ({tasks.kind}; fetched at launch)"
    left_out = f", {tasks.found.left_out} left out" if tasks.found.left_out else ""
    return f"{len(tasks.found.tasks)} of {tasks.reference}{left_out}"


def _trials(plan: Plan) -> str:
    job, planned = plan.harbor.job, plan.planned_trials
    total = "as many as there are tasks" if planned is None else str(planned)
    attempts = f"{plan.harbor.attempts} a task"
    return f"{total} ({attempts}), {job['n_concurrent_trials']} at once, {plan.harbor.max_retries} retries"


def _agent(plan: Plan) -> str:
    agent = plan.harbor.job["agents"][0]
    identity = str(agent.get("name") or agent["import_path"])
    return "bash" if identity.endswith(":BashAgent") else identity


def _secrets(plan: Plan) -> str:
    if not plan.secrets.required:
        return "none needed"
    missing = set(plan.secrets.missing)
    return ", ".join(f"{name} ({'MISSING' if name in missing else 'present'})" for name in plan.secrets.required)


def _uploads(plan: Plan) -> str:
    """What goes to the machine; secrets go by a way of their own, as `secrets` says."""
    if not plan.uploads:
        return ""
    total = sum(each.size_bytes for each in plan.uploads)
    parts = ", ".join(f"{each.what} {size(each.size_bytes)}" for each in plan.uploads)
    return f"{size(total)} before compression: {parts}"


def size(number: int) -> str:
    """Bytes as a person says them."""
    for unit, least in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= least:
            return f"{number / least:.1f} {unit}"
    return f"{number} B"


def _end(plan: Plan) -> str:
    if plan.launcher == "local":
        return "everything is stopped"
    life = plan.lifetime
    held = f"; unfetched results are held for {life.hold_hours:g} h" if plan.sync.store is None else ""
    if life.end == "keep" or not life.idle_min:
        return f"the machine stays for {life.hold_hours:g} h more and goes down"
    what = "is stopped, and its disk is paid for" if life.end == "stop" else "goes down"
    return f"the machine {what}, and already after {life.idle_min} min without work{held}"

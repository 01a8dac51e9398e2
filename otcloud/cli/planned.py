"""A plan, shown to a person in eighty columns."""

from otcloud.cli.render import fields, table
from otcloud.cli.score import not_comparable
from otcloud.launch.progress import duration
from otcloud.plan.api import host_of
from otcloud.plan.plan import Candidate, Plan, TaskPlan


def human_plan(plan: Plan, start: str) -> str:
    """Everything that would be executed, in the order in which it matters; `start` says how it is started."""
    parts = [
        fields(
            [
                ("run", plan.run_id),
                ("makes", "agent traces" if plan.kind == "tracegen" else "a score"),
                ("tasks", _tasks(plan.tasks)),
                ("trials", _trials(plan)),
                ("agent", _agent(plan)),
                ("sandbox", plan.sandbox),
                ("harbor", plan.harbor.version),
                ("secrets", _secrets(plan)),
                ("lifetime", f"{duration(plan.lifetime.max_sec)} at most, then {_end(plan)}"),
                ("cost", _cost(plan)),
            ]
        ),
        table(
            ("try", "where", "price an hour", "model server"), [_row(i, c) for i, c in enumerate(plan.candidates, 1)]
        ),
    ]
    if plan.overrides:
        parts.append(not_comparable(plan.overrides))
    if plan.not_built:
        parts.append("not in this version, refused at launch:\n" + "\n".join(f"  {name}" for name in plan.not_built))
    parts.append(f"nothing was started; {start}")
    return "\n\n".join(parts)


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


def _end(plan: Plan) -> str:
    return "everything is stopped" if plan.launcher == "local" else plan.lifetime.end


def _cost(plan: Plan) -> str:
    if plan.ceiling.known_usd == 0 and not plan.ceiling.unknown:
        return "nothing: it runs on this machine"
    known = "unknown" if plan.ceiling.known_usd is None else f"${plan.ceiling.known_usd:.2f} at most"
    return known + (f", plus {', '.join(plan.ceiling.unknown)}" if plan.ceiling.unknown else "")


def _row(number: int, candidate: Candidate) -> tuple[str, ...]:
    where = " ".join(part for part in (candidate.provider, candidate.region, candidate.accelerator) if part)
    where = "this machine" if candidate.provider == "local" else where
    price = "unknown" if candidate.hourly_usd is None else f"${candidate.hourly_usd:.2f}"
    serve = candidate.serve
    at = "" if serve.api is None else f" at {host_of(serve.api, serve.model)}"
    server = "none" if serve.engine == "none" else f"{serve.engine}: {serve.model}{at}"
    return str(number), where, price, server

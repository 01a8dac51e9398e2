"""What a run's end looks like: the table of figures, the tasks, and the next commands to type."""

import shlex
from typing import Any

from otcloud.cli import score
from otcloud.cli.record import read_record
from otcloud.cli.render import Output, fields, table
from otcloud.launch.course import Ended
from otcloud.launch.progress import duration
from otcloud.launch.score import read_score
from otcloud.money import dollars
from otcloud.runs.journal import read_json
from otcloud.runs.layout import RunDir
from otcloud.runs.state import read_state
from otcloud.trials.published import read_index
from otcloud.trials.record import count, number
from otcloud.trials.summary import Summary, summarize


def summary_of(run: RunDir) -> Summary:
    """The run's figures, from its index of published trials."""
    state = read_state(run)
    planned = state.planned if state is not None and state.planned is not None else 0
    return summarize(read_index(run.published_index), planned)


def show_end(ended: Ended, out: Output) -> None:
    """Show how a run ended. Error: the run's own failure, for the boundary to tell and to end with."""
    failure = ended.failure
    if failure is None:
        out.result(document(ended.run), lambda: out.typed(human(ended.run)))
        return
    try:
        if not out.as_json:
            out.result(None, lambda: out.typed(human(ended.run)))
        failure.document = document(ended.run)
    except Exception as unshown:
        # How the run ended weighs more than whatever keeps its report from sight.
        raise failure from unshown
    raise failure


def document(run: RunDir) -> dict[str, Any]:
    """The run's end for `--json`."""
    state, scored = read_state(run), read_score(run)
    return {
        "run_id": run.run_id,
        "path": str(run.root),
        "state": state.state if state is not None else None,
        "exit_code": state.exit_code if state is not None else None,
        "error": state.error if state is not None else None,
        "score": scored.document() if scored is not None else None,
        "summary": summary_of(run).model_dump(mode="json"),
        "spent_usd": number((read_json(run.status) or {}).get("spent_usd")),
        "traces": [str(path) for path in sorted(run.traces.glob("*")) if path.is_file()],
        **read_record(run).document(),
    }


def human(run: RunDir) -> str:
    """The run's end for a person."""
    done, record, scored = summary_of(run), read_record(run), read_score(run)
    wall_sec = done.wall_sec if record.driven_sec is None else record.driven_sec
    figures = fields(
        [
            ("run", run.run_id),
            *(score.figures(scored) if scored is not None else ()),
            ("trials", f"{done.done} of {done.planned}"),
            ("left out", record.tasks()),
            ("passed", done.passed),
            ("failed", done.failed),
            ("unverified", done.unverified or None),
            ("infrastructure failures", done.infra),
            ("timed out", done.timed_out or None),
            ("mean reward", None if scored or done.mean_counting is None else f"{done.mean_counting:.3f}"),
            ("turns", None if done.turns_mean is None else f"{done.turns_mean:.1f} a trial"),
            ("tokens", f"{done.input_tokens:,} in, {done.output_tokens:,} out"),
            ("spent on tokens", _spent(run)),
            ("wall time", None if wall_sec is None else duration(wall_sec)),
            ("dataset", record.dataset()),
        ]
    )
    tasks = _tasks(done) if scored is None else score.tasks(scored, run)
    compared = "" if scored is None else score.not_comparable(scored.reasons)
    parts = [figures, tasks, compared, _causes(done), *record.reasons(), _next(run, done)]
    return "\n\n".join(part for part in parts if part)


def _spent(run: RunDir) -> str | None:
    """What a provider's tokens cost, over all attempts; None where nothing was bought."""
    status = read_json(run.status) or {}
    if "spent_usd" not in status:
        return None
    spent, unpriced = number(status.get("spent_usd")), count(status.get("unpriced_attempts")) or 0
    if spent is None:
        return "unknown: the recipe states no price (model.input_usd_per_mtok)"
    return dollars(spent) + (f", and what {unpriced} attempts cost is unknown" if unpriced else "")


def _tasks(done: Summary) -> str:
    if not 0 < len(done.per_task) <= score.MOST_TASKS:
        return ""
    rows = [
        (name, task.attempts, task.passed, "-" if task.mean_counting is None else f"{task.mean_counting:.2f}")
        for name, task in done.per_task.items()
    ]
    return table(("task", "trials", "passed", "mean reward"), rows)


def _causes(done: Summary) -> str:
    if not done.causes:
        return ""
    rows = [(name, cause.count, (cause.example or "")[:90]) for name, cause in done.causes.items()]
    return table(("what went wrong", "trials", "for example"), rows)


def _next(run: RunDir, done: Summary) -> str:
    state = read_state(run)
    name, traces, lines = shlex.quote(run.run_id), run.traces / "traces.jsonl", list[str]()
    if any(path.is_dir() for path in run.jobs.glob("*/*")):
        lines.append(f"  otcloud view {name}      browse the trajectories")
    if traces.is_file() and traces.stat().st_size:
        lines.append(f"  head -n 1 {shlex.quote(str(traces))}      the dataset, as JSON Lines and parquet")
    if state is not None and state.is_active:
        lines.append(f"  otcloud logs --follow {name}      what its programs say")
        lines.append(f"  otcloud wait {name}      until it ends")
    elif done.done < done.planned or (state is not None and state.state == "interrupted"):
        lines.append(f"  otcloud resume {name}      run what is missing")
    return "next:\n" + "\n".join(lines) if lines else ""

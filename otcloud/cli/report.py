"""What a run's end looks like: the table of figures, the tasks, and the next commands to type."""

import shlex
from typing import Any

from otcloud.cli.record import read_record
from otcloud.cli.render import Output, fields, table
from otcloud.launch.course import Ended
from otcloud.launch.progress import duration
from otcloud.runs.layout import RunDir
from otcloud.runs.state import read_state
from otcloud.trials.published import read_index
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
    state = read_state(run)
    return {
        "run_id": run.run_id,
        "path": str(run.root),
        "state": state.state if state is not None else None,
        "exit_code": state.exit_code if state is not None else None,
        "error": state.error if state is not None else None,
        "summary": summary_of(run).model_dump(mode="json"),
        "traces": [str(path) for path in sorted(run.traces.glob("*")) if path.is_file()],
        **read_record(run).document(),
    }


def human(run: RunDir) -> str:
    """The run's end for a person."""
    done, record = summary_of(run), read_record(run)
    wall_sec = done.wall_sec if record.driven_sec is None else record.driven_sec
    figures = fields(
        [
            ("run", run.run_id),
            ("trials", f"{done.done} of {done.planned}"),
            ("left out", record.tasks()),
            ("passed", done.passed),
            ("failed", done.failed),
            ("unverified", done.unverified or None),
            ("infrastructure failures", done.infra),
            ("timed out", done.timed_out or None),
            ("mean reward", None if done.mean_reward is None else f"{done.mean_reward:.3f}"),
            ("turns", None if done.turns_mean is None else f"{done.turns_mean:.1f} a trial"),
            ("tokens", f"{done.input_tokens:,} in, {done.output_tokens:,} out"),
            ("wall time", None if wall_sec is None else duration(wall_sec)),
            ("dataset", record.dataset()),
        ]
    )
    parts = [figures, _tasks(done), _causes(done), *record.reasons(), _next(run, done)]
    return "\n\n".join(part for part in parts if part)


def _tasks(done: Summary) -> str:
    if not 0 < len(done.per_task) <= 30:
        return ""
    rows = [
        (name, task.attempts, task.passed, "-" if task.mean_reward is None else f"{task.mean_reward:.2f}")
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

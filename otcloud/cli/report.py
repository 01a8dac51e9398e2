"""What a run's end looks like: the table of figures, the tasks, and the next commands to type."""

from typing import Any

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
    if ended.failure is not None:
        if not out.as_json:
            out.result(None, lambda: out.typed(human(ended.run)))
        ended.failure.document = document(ended.run)
        raise ended.failure
    out.result(document(ended.run), lambda: out.typed(human(ended.run)))


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
    }


def human(run: RunDir) -> str:
    """The run's end for a person."""
    done = summary_of(run)
    figures = fields(
        [
            ("run", run.run_id),
            ("trials", f"{done.done} of {done.planned}"),
            ("passed", done.passed),
            ("failed", done.failed),
            ("unverified", done.unverified or None),
            ("infrastructure failures", done.infra),
            ("timed out", done.timed_out or None),
            ("mean reward", None if done.mean_reward is None else f"{done.mean_reward:.3f}"),
            ("turns", None if done.turns_mean is None else f"{done.turns_mean:.1f} a trial"),
            ("tokens", f"{done.input_tokens:,} in, {done.output_tokens:,} out"),
            ("wall time", None if done.wall_sec is None else duration(done.wall_sec)),
        ]
    )
    parts = [figures, _tasks(done), _causes(done), _next(run, done)]
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
    lines = [f"  otcloud view {run.run_id}      browse the trajectories"]
    traces = run.traces / "traces.jsonl"
    if traces.is_file() and traces.stat().st_size:
        lines.append(f"  head -n 1 {traces}      the dataset, as JSON Lines and parquet")
    if done.done < done.planned:
        lines.append(f"  otcloud resume {run.run_id}      run what is missing")
    return "next:\n" + "\n".join(lines)

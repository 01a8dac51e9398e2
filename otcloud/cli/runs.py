"""`runs`, `status` and `wait`: what there is, how far it is, and how it ended."""

import time
from typing import Annotated

import typer

from otcloud.cli.render import fields, fitting_table
from otcloud.cli.session import RUNS, Json, Quiet, RunsDir, RunWord, output, place_of

_WAIT_POLL_SEC = 0.5


def runs(ctx: typer.Context, runs_dir: RunsDir = RUNS, as_json: Json = False, quiet: Quiet = False) -> None:
    """List all runs of this user on this machine, newest first."""
    from otcloud.runs.index import all_runs

    place = place_of(ctx, runs_dir)
    states = all_runs(place.known, place.runs_dir)

    def human() -> str:
        if not states:
            return "there are no runs yet; start one: otcloud tracegen quickstart"
        rows = [
            (s.run_id, s.state, s.exit_code, f"{s.done}/{s.planned or '?'}", s.created[:16], s.path) for s in states
        ]
        headers = ("run", "state", "exit", "trials", "created", "folder")
        return fitting_table(headers, rows, out.width(), expendable=2)

    out = output(ctx, as_json, quiet)
    out.result([state.document() for state in states], lambda: out.typed(human()))


def status(
    ctx: typer.Context, run: RunWord = None, runs_dir: RunsDir = RUNS, as_json: Json = False, quiet: Quiet = False
) -> None:
    """Show how far a run is, or how it ended."""
    from otcloud.cli.report import document, human
    from otcloud.errors import InputInvalid
    from otcloud.runs.index import resolve
    from otcloud.runs.state import read_state
    from otcloud.runs.stored import amended

    place = place_of(ctx, runs_dir)
    found = resolve(run, place.known, place.runs_dir)
    state = read_state(found)
    if state is None:
        raise InputInvalid(f"{found.run} cannot be read", why="it is missing or torn")
    error = (state.error or {}).get("what")
    head = fields(
        [
            *(("state", state.state), ("exit code", state.exit_code), ("error", error), ("folder", state.path)),
            *(("amended", f"{t}: {words}") for t, words in amended(found)),
        ]
    )
    out = output(ctx, as_json, quiet)
    out.result({**state.document(), **document(found)}, lambda: out.typed(f"{head}\n\n{human(found)}"))


def wait(
    ctx: typer.Context,
    run: RunWord = None,
    runs_dir: RunsDir = RUNS,
    timeout: Annotated[
        float | None, typer.Option("--timeout", help="Seconds to wait at most (exit code 9).", min=0)
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Wait for a run that somebody else drives, and end with its exit code."""
    from otcloud.cli.report import document, human
    from otcloud.errors import LimitReached
    from otcloud.runs.index import resolve
    from otcloud.runs.state import last_end, read_state

    place = place_of(ctx, runs_dir)
    found = resolve(run, place.known, place.runs_dir)
    end = None if timeout is None else time.monotonic() + timeout
    while (state := read_state(found)) is not None and state.is_active:
        if end is not None and time.monotonic() > end:
            raise LimitReached(f"run {found.run_id} has not ended within {timeout:g} seconds")
        time.sleep(_WAIT_POLL_SEC)
    failure = last_end(found)
    if failure is not None:
        failure.document = {} if state is None or state.exit_code is None else document(found)
        raise failure
    out = output(ctx, as_json, quiet)
    out.result(document(found), lambda: out.typed(human(found)))

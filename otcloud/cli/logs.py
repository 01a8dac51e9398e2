"""`logs`: what a run's programs say, and what its journals note."""

import shlex
import time
from pathlib import Path
from typing import Annotated

import typer

from otcloud.cli.render import Output
from otcloud.cli.session import RUNS, Json, Quiet, RunsDir, RunWord, output, place_of

_POLL_SEC = 0.3
PROGRAMS = ("harbor", "server", "node", "events")


def logs(
    ctx: typer.Context,
    run: RunWord = None,
    program: Annotated[str, typer.Option("--program", help=f"One of: {', '.join(PROGRAMS)}.")] = "harbor",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run ends.")] = False,
    tail: Annotated[int | None, typer.Option("--tail", "-n", help="Only the last so many lines.", min=0)] = None,
    runs_dir: RunsDir = RUNS,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show what a run's programs say; `--program events` shows the steps of its trials."""
    from otcloud.errors import UsageError
    from otcloud.runs.index import resolve
    from otcloud.runs.state import read_state

    if program not in PROGRAMS:
        raise UsageError(f"there is no log {program!r}", do=f"--program takes one of: {', '.join(PROGRAMS)}")
    out = output(ctx, as_json, quiet)
    place = place_of(ctx, runs_dir)
    found = resolve(run, place.known, place.runs_dir)
    path = found.harbor_events if program == "events" else found.log(program)
    offset = _show(path, 0, tail, out)
    while follow:
        state = read_state(found)
        ended = state is None or not state.is_active
        offset = _show(path, offset, None, out)
        if ended:
            return
        time.sleep(_POLL_SEC)
    if offset == 0:
        out.say(f"{path} is empty; see: otcloud status {shlex.quote(found.run_id)}")


def _show(path: Path, offset: int, tail: int | None, out: Output) -> int:
    """Show the whole lines from `offset` on; gives the offset behind them."""
    try:
        with path.open("rb") as log:
            log.seek(offset)
            data = log.read()
    except FileNotFoundError:
        return offset  # the program has not started yet
    end = data.rfind(b"\n") + 1
    lines = data[:end].decode(errors="replace").splitlines()
    for line in lines if tail is None else lines[len(lines) - min(tail, len(lines)) :]:
        out.record({"line": line}, line)
    return offset + end

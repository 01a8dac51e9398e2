"""`view`: Harbor's own browser of trajectories, on a run's job folders."""

import errno
import shlex
import socket
from typing import Annotated

import typer

from otcloud.cli.session import RUNS, Json, Quiet, RunsDir, RunWord, output, place_of
from otcloud.errors import UsageError


def view(
    ctx: typer.Context,
    run: RunWord = None,
    port: Annotated[int, typer.Option("--port", help="Port on 127.0.0.1.", min=1, max=65535)] = 8080,
    runs_dir: RunsDir = RUNS,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Browse a run's trajectories in a web browser (harbor view). Listens on 127.0.0.1 alone; Ctrl-C ends it."""
    from otcloud import process
    from otcloud.errors import InputInvalid
    from otcloud.plan.plan import Plan
    from otcloud.programs import ensure_harbor
    from otcloud.runs.index import resolve
    from otcloud.runs.journal import read_json

    out = output(ctx, as_json, quiet)
    place = place_of(ctx, runs_dir)
    found = resolve(run, place.known, place.runs_dir)
    plan = read_json(found.plan)
    if plan is None or not found.jobs.is_dir():
        raise InputInvalid(f"{found.root} holds no trials yet", do=f"otcloud status {shlex.quote(found.run_id)}")
    _check_free(port)
    harbor = ensure_harbor(Plan.model_validate(plan).harbor.lock, place.cache, place.environ, out.say)
    out.record({"run_id": found.run_id, "url": f"http://127.0.0.1:{port}"}, f"http://127.0.0.1:{port}")
    argv = [harbor.command, "view", found.jobs, "--host", "127.0.0.1", "--port", str(port), "--jobs"]
    process.replace(argv, {**place.environ, "HARBOR_TELEMETRY": "0"})


def _check_free(port: int) -> None:
    """Harbor would come up, fail to listen, and leave an address behind at which somebody else answers."""
    with socket.socket() as listener:
        # As the web server itself does: an address whose connections are closing is free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            raise UsageError(
                f"port {port} cannot be listened on: {error.strerror}",
                why="another program, or another otcloud view, has it" if taken else "",
                do="take another one with --port",
            ) from error

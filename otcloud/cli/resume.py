"""`resume`: take up a run where it stopped."""

import typer

from otcloud.cli.session import RUNS, Json, Quiet, RunsDir, RunWord, SecretsEnv, output, place_of


def resume(
    ctx: typer.Context,
    run: RunWord = None,
    runs_dir: RunsDir = RUNS,
    secrets_env: SecretsEnv = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Take up a run where it stopped, with the plan it stores: what finished is kept, what is missing is run."""
    from otcloud.cli.live import LiveView
    from otcloud.cli.report import show_end
    from otcloud.launch import course
    from otcloud.runs.index import resolve

    out = output(ctx, as_json, quiet)
    place = place_of(ctx, runs_dir, secrets_env)
    found = resolve(run, place.known, place.runs_dir)
    with LiveView(out) as view:
        ended = course.resume(found, place, view)
    show_end(ended, out)

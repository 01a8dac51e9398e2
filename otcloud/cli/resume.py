"""`resume`: take up a run where it stopped, or have a part of it made again, with other settings where that is fair."""

from typing import Annotated, Any, Literal

import typer

from otcloud.cli.options import with_flags
from otcloud.cli.session import RUNS, Json, Quiet, RunsDir, RunWord, SecretsEnv, output, place_of
from otcloud.recipe.flags import FLAGS

AMENDING = [
    flag for flag in FLAGS if flag.name in ("--n-concurrent", "--retries", "--max-hours", "--max-cost", "--sandbox")
]
"""The recipe's flags that a run can be given later; other keys that it can take go by `--set`."""

Only = Annotated[
    Literal["infra", "failed", "missing"] | None,
    typer.Option("--only", help="Run nothing but what was lost to infrastructure, what failed, or what was never run."),
]
AddAttempts = Annotated[
    int, typer.Option("--add-attempts", help="So many more rollouts of each task.", min=0, show_default=False)
]
RetryTask = Annotated[
    list[str] | None,
    typer.Option(
        "--retry-task",
        help="Run the trials of matching tasks again, whatever came of them; narrows --only. Repeat for more.",
        metavar="GLOB",
    ),
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", help="Set a value of the recipe that a run can be given later.", metavar="KEY=VALUE"),
]


@with_flags(AMENDING)
def resume(
    ctx: typer.Context,
    run: RunWord = None,
    only: Only = None,
    add_attempts: AddAttempts = 0,
    retry_task: RetryTask = None,
    sets: Sets = None,
    runs_dir: RunsDir = RUNS,
    secrets_env: SecretsEnv = None,
    as_json: Json = False,
    quiet: Quiet = False,
    **flags: Any,
) -> None:
    """Take up a run where it stopped: what finished is kept, what is missing is run.

    The run's own plan holds, with what is changed here and may be: concurrency, retries, limits, sandbox, publishing.
    """
    from otcloud.cli.live import LiveView
    from otcloud.cli.report import show_end
    from otcloud.launch import course
    from otcloud.launch.repair import Wish, repair
    from otcloud.runs.index import resolve

    out = output(ctx, as_json, quiet)
    place = place_of(ctx, runs_dir, secrets_env)
    found = resolve(run, place.known, place.runs_dir)
    wish = Wish(only, add_attempts, retry_task or (), sets or (), flags)
    with LiveView(out) as view:

        def amend() -> bool:
            return repair(found, wish, place, view, view.warn)

        ended = course.resume(found, place, view, amend if wish.asks else None)
    show_end(ended, out)

"""`tracegen`, `eval` and `plan`: from a recipe and flags to a plan, and from a plan to a run."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from otcloud.cli.complete import recipe_names
from otcloud.cli.options import with_recipe_flags
from otcloud.cli.render import Output
from otcloud.cli.session import RUNS, Json, Quiet, SecretsEnv, output, place_of

if TYPE_CHECKING:
    from otcloud.launch.order import Order
    from otcloud.launch.place import Place

Recipes = Annotated[
    list[str] | None,
    typer.Argument(
        help="Recipe files, or names of bundled ones; later files win over earlier ones.",
        metavar="RECIPE",
        autocompletion=recipe_names,
    ),
]
Preset = Annotated[str | None, typer.Option("--preset", help="A preset to build on.", metavar="NAME")]
Sets = Annotated[
    list[str] | None, typer.Option("--set", help="Set any value of the recipe. Repeat for more.", metavar="KEY=VALUE")
]
Home = Annotated[
    Path,
    typer.Option("--runs-dir", "--local-sync-dir", help="Folder that holds the run directories.", show_default=True),
]
JobName = Annotated[str | None, typer.Option("--job-name", help="The run's id.", metavar="NAME")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan and start nothing.")]
_WITHOUT = "without --dry-run the same words start it"
New = Annotated[bool, typer.Option("--new", help="Start a new run even when one of this recipe is unfinished.")]


def _command(kind: str, about: str) -> Callable[..., None]:
    @with_recipe_flags(kind)
    def command(
        ctx: typer.Context,
        recipes: Recipes = None,
        preset: Preset = None,
        sets: Sets = None,
        job_name: JobName = None,
        runs_dir: Home = RUNS,
        secrets_env: SecretsEnv = None,
        new: New = False,
        dry_run: DryRun = False,
        as_json: Json = False,
        quiet: Quiet = False,
        **flags: Any,
    ) -> None:
        from otcloud.launch.order import Order

        order = Order(kind, recipes or (), preset, sets or (), flags, job_name, new)
        _run(order, place_of(ctx, runs_dir, secrets_env), dry_run=dry_run, out=output(ctx, as_json, quiet))

    command.__doc__ = about
    return command


tracegen = _command("tracegen", "Make agent traces from a recipe. The same command resumes an unfinished run.")
evaluate = _command("eval", "Score a model on a benchmark. The same command resumes an unfinished run.")


@with_recipe_flags(None)
def plan(
    ctx: typer.Context,
    recipes: Recipes = None,
    preset: Preset = None,
    sets: Sets = None,
    secrets_env: SecretsEnv = None,
    as_json: Json = False,
    quiet: Quiet = False,
    **flags: Any,
) -> None:
    """Show what a recipe would do: machine, price, server, jobs, secrets, end. Nothing is started."""
    from otcloud.launch.order import Order

    order = Order(None, recipes or (), preset, sets or (), flags)
    _run(order, place_of(ctx, None, secrets_env), dry_run=True, out=output(ctx, as_json, quiet))


def _run(order: "Order", place: "Place", *, dry_run: bool, out: Output) -> None:
    from otcloud.cli.live import LiveView
    from otcloud.cli.planned import human_plan
    from otcloud.cli.report import show_end
    from otcloud.launch.order import execute, prepare

    prepared = prepare(order, place)
    for warning in prepared.warnings:
        out.warn(warning)
    if dry_run:
        plan = prepared.plan
        typed = f"otcloud {plan.kind} with the same words starts it" if order.kind is None else _WITHOUT
        out.result(plan.model_dump(mode="json"), lambda: human_plan(plan, out.typed(typed), out.width()))
        return
    with LiveView(out) as view:
        ended = execute(prepared, view, view.warn)
    show_end(ended, out)

"""`otcloud recipe`: list, show, validate, schema, init, import."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from otcloud.cli.complete import recipe_names
from otcloud.cli.session import Json, Quiet, output, session
from otcloud.errors import InputInvalid

app = typer.Typer(no_args_is_help=True)

Recipes = Annotated[
    list[str],
    typer.Argument(help="Recipe files, or names of bundled ones.", metavar="RECIPE", autocompletion=recipe_names),
]
Preset = Annotated[str | None, typer.Option("--preset", help="A preset to build on.", metavar="NAME")]
Sets = Annotated[
    list[str] | None, typer.Option("--set", help="Set any value of the recipe. Repeat for more.", metavar="KEY=VALUE")
]


@app.command("list")
def list_(ctx: typer.Context, as_json: Json = False, quiet: Quiet = False) -> None:
    """List the recipes and presets that ship with otcloud."""
    from otcloud.cli.render import table
    from otcloud.recipe.presets import presets, recipes

    found = [("recipe", each) for each in recipes()] + [("preset", each) for each in presets()]
    documents = [{"type": kind, "name": each.name, "about": " ".join(each.about)} for kind, each in found]
    rows = [(kind, each.name, each.headline) for kind, each in found]
    output(ctx, as_json, quiet).result(documents, lambda: table(("type", "name", "about"), rows))


@app.command()
def show(
    ctx: typer.Context,
    recipes: Recipes,
    preset: Preset = None,
    sets: Sets = None,
    defaults: Annotated[bool, typer.Option("--defaults", help="Show also what nothing states.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show the recipe that files, preset and settings make together, and where each value comes from."""
    from otcloud.recipe.load import load
    from otcloud.recipe.show import to_yaml

    out = output(ctx, as_json, quiet)
    loaded = load(recipes, preset=preset, sets=sets or [], cwd=session(ctx).cwd)
    for warning in loaded.warnings:
        out.warn(warning)
    document = {"recipe": loaded.recipe.model_dump(mode="json"), "origins": dict(loaded.origins)}
    out.result(document, lambda: to_yaml(loaded, defaults=defaults))


@app.command()
def validate(ctx: typer.Context, recipes: Recipes, as_json: Json = False, quiet: Quiet = False) -> None:
    """Check each recipe by itself. Exit code 3 when one has problems."""
    from otcloud.recipe.examine import examine

    out = output(ctx, as_json, quiet)
    found = [examine(name, session(ctx).cwd) for name in recipes]
    out.result([each.document() for each in found], lambda: [f"{each.name}: valid" for each in found if not each.error])
    for each in found:
        for warning in each.warnings:
            out.warn(f"{each.name}: {warning}")
        if each.error and not as_json:
            out.error(each.error)
    if any(each.error for each in found):
        raise typer.Exit(InputInvalid.exit_code)


@app.command()
def schema(as_json: Json = False, quiet: Quiet = False) -> None:
    """Print the JSON Schema of a recipe, for editors."""
    from otcloud.recipe.starter import schema_text

    # Both options are every command's; here they change nothing: it is JSON and no talk anyway.
    del as_json, quiet
    sys.stdout.write(schema_text())


@app.command()
def init(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(help="The file to write.", metavar="PATH")] = Path("recipe.yaml"),
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write a recipe to start from, and beside it the schema that lets editors check and complete it."""
    from otcloud.recipe.starter import LAUNCHES, write_starter

    target = session(ctx).cwd / path
    schema_file = write_starter(target)
    human = f"wrote {path} and, for editors, {path.parent / schema_file.name}"
    out = output(ctx, as_json, quiet)
    out.result({"recipe": str(target), "schema": str(schema_file)}, lambda: human)
    out.say(LAUNCHES)


@app.command("import")
def import_(
    ctx: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(help="Harbor job files, datagen files, a benchmark guide's config.yaml.", metavar="FILE"),
    ],
    target: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write it to this file instead of stdout.", metavar="PATH")
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write files of OpenThoughts-Agent as one native recipe. Warnings name what was dropped or corrected."""
    from otcloud.recipe.adopt import adopt, write_recipe

    out = output(ctx, as_json, quiet)
    adopted = adopt(files, session(ctx).cwd)
    for warning in adopted.loaded.warnings:
        out.warn(warning)
    if target is not None:
        write_recipe(session(ctx).cwd / target.expanduser(), adopted.text)
    document = {
        "recipe": None if target is None else str(session(ctx).cwd / target.expanduser()),
        "text": adopted.text,
        "origins": dict(adopted.loaded.origins),
        "warnings": list(adopted.loaded.warnings),
    }
    out.result(document, lambda: adopted.text if target is None else f"wrote {target}")

"""What the tab key offers: ids of runs, names of recipes. Cheap, and silent whatever happens."""

import typer

_MOST = 200


def run_ids(ctx: typer.Context, incomplete: str) -> list[str]:
    """Runs of the user's index that are still there, newest first."""
    from pathlib import Path

    from otcloud.cli.session import session
    from otcloud.places import data_dir
    from otcloud.runs.index import INDEX
    from otcloud.runs.journal import read_lines

    try:
        records = list(read_lines(data_dir(session(ctx).environ) / INDEX))[-_MOST:]
        paths = [Path(str(record.get("path"))) for record in reversed(records)]
        there = [path.name for path in paths if path.name.startswith(incomplete) and (path / "run.json").is_file()]
    except Exception:  # noqa: BLE001 - a key was pressed in a shell: there is nobody to tell, and no harm in silence
        return []
    return list(dict.fromkeys(there))


def recipe_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Bundled recipes, and YAML files of the working folder."""
    from otcloud.cli.session import session
    from otcloud.recipe.presets import recipes

    try:
        files = [path.name for path in session(ctx).cwd.iterdir() if path.suffix in (".yaml", ".yml")]
        names = [each.name for each in recipes()] + sorted(files)
    except Exception:  # noqa: BLE001 - as above
        return []
    return [name for name in names if name.startswith(incomplete)]

"""What every command is given: the environment, the working folder, the way to speak; and the options all share."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from otcloud.cli.render import Output

if TYPE_CHECKING:
    from otcloud.launch.place import Place

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document (JSON Lines where it streams).")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but results, warnings and errors.")]
RunsDir = Annotated[Path, typer.Option("--runs-dir", help="Folder that holds the run directories.", show_default=True)]
SecretsEnv = Annotated[
    Path | None, typer.Option("--secrets-env", help="A dotenv file of secrets; it wins over the shell.", metavar="FILE")
]
RunWord = Annotated[
    str | None, typer.Argument(help="A run's id, the start of one, or its folder; the newest run when left out.")
]
RUNS = Path("runs")


@dataclass(frozen=True)
class Session:
    """One call of otcloud."""

    environ: Mapping[str, str]
    cwd: Path


def session(ctx: typer.Context) -> Session:
    """The call that a command belongs to."""
    found = ctx.find_object(Session)
    if found is None:
        raise LookupError("a command was called without its session")
    return found


def place_of(ctx: typer.Context, runs_dir: Path, secrets_env: Path | None = None) -> "Place":
    """Where the command works."""
    from otcloud.launch.place import place

    here = session(ctx)
    return place(here.environ, here.cwd, runs_dir, secrets_env)


def output(ctx: typer.Context, as_json: bool, quiet: bool) -> Output:
    """How the command speaks."""
    return Output(as_json=as_json, quiet=quiet, program=program(session(ctx).environ))


def program(environ: Mapping[str, str]) -> str:
    """How otcloud was called: `uv run` leaves this mark, and then the bare word is on no PATH of the user's."""
    return "uv run otcloud" if "UV_RUN_RECURSION_DEPTH" in environ else "otcloud"

"""What every command is given: the environment, the working folder, the way to speak; and the options all share."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from otcloud.cli.complete import run_ids
from otcloud.cli.render import Output
from otcloud.errors import UsageError
from otcloud.launch.place import RUNS as RUNS

if TYPE_CHECKING:
    from otcloud.launch.place import Place


Json = Annotated[bool, typer.Option("--json", help="Print one JSON document (JSON Lines where it streams).")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but results, warnings and errors.")]
RunsDir = Annotated[Path, typer.Option("--runs-dir", help="Folder that holds the run directories.", show_default=True)]
SecretsEnv = Annotated[
    Path | None, typer.Option("--secrets-env", help="A dotenv file of secrets; it wins over the shell.", metavar="FILE")
]
RunWord = Annotated[
    str | None,
    typer.Argument(
        help="A run's id, the start of one, or its folder; the newest run when left out.", autocompletion=run_ids
    ),
]


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


def place_of(ctx: typer.Context, runs_dir: Path | None, secrets_env: Path | None = None) -> "Place":
    """Where the command works; no `runs_dir` for one that needs none. Error: UsageError when it cannot be a folder."""
    from otcloud.launch.place import place

    here = session(ctx)
    found = place(here.environ, here.cwd, runs_dir or RUNS, secrets_env)
    if runs_dir is not None:
        _check_folder(found.runs_dir, runs_dir)
    return found


def _check_folder(runs: Path, said: Path) -> None:
    try:
        guilty = next((path for path in (runs, *runs.parents) if path.exists() and not path.is_dir()), None)
    except OSError:
        return  # a folder that may not be looked into: who reads or writes there tells it
    if guilty is not None:
        why = "" if guilty == runs else f"{guilty} is a file"
        raise UsageError(f"{said} is no folder for runs", why=why or "it is a file", do="name another with --runs-dir")


def output(ctx: typer.Context, as_json: bool, quiet: bool) -> Output:
    """How the command speaks."""
    return Output(as_json=as_json, quiet=quiet, program=program(session(ctx).environ))


def program(environ: Mapping[str, str]) -> str:
    """How otcloud was called: `uv run` leaves this mark, and then the bare word is on no PATH of the user's."""
    return "uv run otcloud" if "UV_RUN_RECURSION_DEPTH" in environ else "otcloud"

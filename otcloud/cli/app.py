"""The command line's entry and its one error boundary. The only place that reads the environment and ends the process.

Only the command that was called is imported: `--help` needs no more than the table of names.
"""

import functools
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from otcloud import __version__
from otcloud.cli import streams
from otcloud.cli.render import Output
from otcloud.cli.session import Session, program
from otcloud.cli.streams import OutputLost
from otcloud.errors import Interrupted, OtcloudError, PublishFailed, UsageError

MAKE, SEE, PREPARE = "Make traces or a score", "See and steer runs", "Prepare"


@dataclass(frozen=True)
class Command:
    """One command: where its function (or Typer group) is, and what the overview says of it."""

    name: str
    target: str
    panel: str
    help: str


COMMANDS = (
    Command("tracegen", "otcloud.cli.start:tracegen", MAKE, "Make agent traces from a recipe."),
    Command("eval", "otcloud.cli.start:evaluate", MAKE, "Score a model on a benchmark."),
    Command("plan", "otcloud.cli.start:plan", MAKE, "Show what a recipe would do; nothing is started."),
    Command("runs", "otcloud.cli.runs:runs", SEE, "List all runs of this user on this machine."),
    Command("status", "otcloud.cli.runs:status", SEE, "Show how far a run is."),
    Command("logs", "otcloud.cli.logs:logs", SEE, "Show what a run's programs say."),
    Command("wait", "otcloud.cli.runs:wait", SEE, "Wait for a run to end and return its exit code."),
    Command("resume", "otcloud.cli.resume:resume", SEE, "Take up a run where it stopped."),
    Command("view", "otcloud.cli.view:view", SEE, "Browse a run's trajectories (harbor view)."),
    Command("recipe", "otcloud.cli.recipe:app", PREPARE, "List, show, validate and start recipes."),
)


def build(wanted: str | None, *, everything: bool = False) -> typer.Typer:
    """The Typer app: the wanted command in full, the others as lines of the overview."""
    app = typer.Typer(
        name="otcloud",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={
            "token_normalize_func": _kebab,
            "help_option_names": ["--help", "-h"],
        },
    )
    app.callback()(_root)
    for command in COMMANDS:
        _register(app, command, whole=everything or command.name == wanted)
    return app


def main() -> None:
    """Run the command line and end the process with the exit code of errors.py."""
    data = streams.take()
    signal.signal(signal.SIGTERM, _as_ctrl_c)
    argv = sys.argv[1:]
    out = Output(as_json="--json" in argv, program=program(os.environ))
    code = _call(argv, out)
    # What is still buffered must not fail at the interpreter's own exit, where nobody could tell it.
    with suppress(OutputLost):
        sys.stdout.flush()
    if data.lost is not None and not isinstance(data.lost, BrokenPipeError):
        lost = PublishFailed(f"the output cannot be written: {data.lost.strerror}")
        out.error(lost)
        code = code or lost.exit_code
    sys.exit(code)


def _call(argv: list[str], out: Output) -> int:
    """Run the command and tell how it failed; the exit code. A reader that has gone away (`| head`) is no failure."""
    completing = any(name.startswith("_OTCLOUD_COMPLETE") for name in os.environ)
    wanted = next((word for word in argv if not word.startswith("-")), None)
    try:
        build(wanted, everything=completing)(argv, prog_name="otcloud", obj=Session(os.environ, _working_folder()))
    except OtcloudError as error:
        return _told(error, out)
    except SystemExit as ended:
        # Typer has told what is wrong with the command line; `--json` still owes a document.
        if ended.code == UsageError.exit_code and out.as_json:
            with suppress(OutputLost):
                out.document(UsageError("the command line is wrong", why="stderr tells where", do="otcloud --help"))
        return ended.code if isinstance(ended.code, int) else 0
    except OutputLost:
        return 0  # the caller looks at what was lost, and why
    except Exception as error:  # noqa: BLE001 - the boundary: a bug ends in a report to paste, not in a bare traceback
        return _told(_bug(error), out)
    return 0


def _told(error: OtcloudError, out: Output) -> int:
    with suppress(OutputLost):
        out.error(error)
    return error.exit_code


def _working_folder() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        # Removed while the shell was in it.
        raise UsageError("this folder no longer exists", do="cd to one that does, and type it again") from None


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"otcloud {__version__}\n")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """One recipe in, agent traces or a benchmark score out."""


def _register(app: typer.Typer, command: Command, *, whole: bool) -> None:
    if not whole:
        app.command(command.name, help=command.help, rich_help_panel=command.panel)(_line_of_overview)
        return
    module, _, member = command.target.partition(":")
    found: Any = getattr(import_module(module), member)
    if isinstance(found, typer.Typer):
        app.add_typer(found, name=command.name, help=command.help, rich_help_panel=command.panel)
    else:
        app.command(command.name, help=command.help, rich_help_panel=command.panel)(_interruptible(found))


def _kebab(name: str) -> str:
    return name.replace("_", "-")


def _line_of_overview() -> None:
    """Stands for a command that was not called."""


def _interruptible(function: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except KeyboardInterrupt:
            # Ctrl-C outside a run: nothing is left to stop, and the exit code must say what happened.
            raise Interrupted("interrupted") from None

    return call


def _as_ctrl_c(_sig: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _bug(error: Exception) -> OtcloudError:
    report = "".join(traceback.format_exception(error)[-6:])
    return OtcloudError(
        f"a bug in otcloud {__version__}: {type(error).__name__}: {error}",
        why=f"python {sys.version.split()[0]} on {sys.platform}\n{report}",
        do="please report it with the lines above; runs and their results are not touched",
    )

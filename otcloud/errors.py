"""The error tree: one class per exit code, each error saying what happened, the likely reason, and what to do.

The only list of exit codes. An error is raised where it is understood and shown at the one boundary: `cli/app.py`, or
the node's entry, which writes it into the status file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


class OtcloudError(Exception):
    """An end that otcloud understands; `exit_code` is what the process returns.

    `what` is one sentence; `why` the likely reason; `do` the command or change that helps. Never a secret's value.
    """

    exit_code: ClassVar[int] = 1
    title: ClassVar[str] = "a bug"

    def __init__(self, what: str, *, why: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.do = do
        self.document: dict[str, Any] = {}
        """What the command has to show in spite of the error, for `--json`."""

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.why, self.do) if part)


class UsageError(OtcloudError):
    """The command line itself is wrong."""

    exit_code = 2
    title = "usage"


class InputInvalid(OtcloudError):
    """A recipe, task, recording or other input cannot be used as it is."""

    exit_code = 3
    title = "recipe or input invalid"


class NotBuiltYet(InputInvalid):
    """A recipe asks for a part that this version has a name for and no code."""


class CredentialOrProgramMissing(OtcloudError):
    """A key or a program is missing, or was refused."""

    exit_code = 4
    title = "a credential or program is missing or refused"


class NoCapacity(OtcloudError):
    """No machine could be had."""

    exit_code = 5
    title = "no capacity, or provisioning failed"


class ServerNeverReady(OtcloudError):
    """The model server never became ready, or kept dying."""

    exit_code = 6
    title = "the model server never became ready or kept dying"


class TooManyInfraFailures(OtcloudError):
    """The run finished, but more trials failed for infrastructure reasons than the recipe tolerates."""

    exit_code = 7
    title = "finished, but trials failed for infrastructure reasons beyond the recipe's tolerance"


class PublishFailed(OtcloudError):
    """Results exist but could not be synced, published or uploaded."""

    exit_code = 8
    title = "sync, publish or upload failed"


class LimitReached(OtcloudError):
    """The deadline or the budget of the recipe was reached."""

    exit_code = 9
    title = "deadline or budget reached"


class HarborFailed(OtcloudError):
    """Set-up or Harbor itself failed."""

    exit_code = 10
    title = "set-up or Harbor itself failed"


class GateRejected(OtcloudError):
    """The gate refused the result."""

    exit_code = 11
    title = "gate rejected the result"


class Cancelled(OtcloudError):
    """Somebody cancelled the run, or its machine was lost."""

    exit_code = 12
    title = "cancelled, or the machine was lost"


class Interrupted(OtcloudError):
    """Ctrl-C or SIGTERM reached this process."""

    exit_code = 130
    title = "interrupted"


@dataclass(frozen=True)
class ExitCode:
    """One row of the table of exit codes."""

    code: int
    title: str
    error: type[OtcloudError] | None


def exit_codes() -> list[ExitCode]:
    """Every exit code of otcloud, 0 first, from the classes above."""
    errors = {cls.exit_code: cls for cls in _subclasses(OtcloudError) if "exit_code" in vars(cls)}
    rows = [ExitCode(0, "done", None), ExitCode(1, OtcloudError.title, OtcloudError)]
    return rows + [ExitCode(code, cls.title, cls) for code, cls in sorted(errors.items())]


def from_exit_code(code: int, what: str, *, why: str = "", do: str = "") -> OtcloudError:
    """The error that a child process's exit code stands for (the node's, say)."""
    for row in exit_codes():
        if row.code == code and row.error is not None:
            return row.error(what, why=why, do=do)
    return OtcloudError(what, why=why or f"exit code {code} is not in otcloud's table", do=do)


def join_problems(problems: Sequence[str]) -> str:
    """Several problems of one input as a list under one headline."""
    return "\n".join(f"  - {problem}" for problem in problems)


def _subclasses(cls: type[OtcloudError]) -> list[type[OtcloudError]]:
    found: list[type[OtcloudError]] = []
    for sub in cls.__subclasses__():
        found += [sub, *_subclasses(sub)]
    return found

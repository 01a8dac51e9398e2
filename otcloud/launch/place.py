"""Where a command works: this user's folders, the environment it was given, the secrets at hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from otcloud.places import cache_dir, data_dir
from otcloud.secrets import Secrets, load

RUNS = Path("runs")
"""The folder of runs when a command names none, below the working folder."""


@dataclass(frozen=True)
class Place:
    """One command's surroundings; `cache` holds programs, `data` the index of runs.

    `narrow`: the command named a folder of runs, and means that one alone.
    """

    cwd: Path
    cache: Path
    data: Path
    runs_dir: Path
    environ: Mapping[str, str]
    secrets_env: Path | None
    narrow: bool = False

    @property
    def known(self) -> Path | None:
        """Where to look for runs beside `runs_dir`: the index; nowhere else when the command named a folder."""
        return None if self.narrow else self.data

    @cached_property
    def secrets(self) -> Secrets:
        """The secrets at hand, read when they are first asked for: `otcloud runs` needs none.

        Error: InputInvalid for a secrets file that cannot be read.
        """
        return load(self.environ, explicit=self.secrets_env, folder=self.cwd)


def place(environ: Mapping[str, str], cwd: Path, runs_dir: Path, secrets_env: Path | None = None) -> Place:
    """The surroundings of a command that works in `cwd`."""
    explicit = cwd / secrets_env.expanduser() if secrets_env is not None else None
    runs = (cwd / runs_dir.expanduser()).resolve()
    return Place(cwd, cache_dir(environ), data_dir(environ), runs, environ, explicit, narrow=runs_dir != RUNS)

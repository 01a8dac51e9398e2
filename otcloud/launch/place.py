"""Where a command works: this user's folders, the environment it was given, the secrets at hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from otcloud.places import cache_dir, data_dir
from otcloud.secrets import Secrets, load


@dataclass(frozen=True)
class Place:
    """One command's surroundings; `cache` holds programs, `data` the index of runs."""

    cwd: Path
    cache: Path
    data: Path
    runs_dir: Path
    environ: Mapping[str, str]
    secrets: Secrets


def place(environ: Mapping[str, str], cwd: Path, runs_dir: Path, secrets_env: Path | None = None) -> Place:
    """The surroundings of a command that works in `cwd`. Error: InputInvalid for a secrets file it cannot read."""
    explicit = cwd / secrets_env.expanduser() if secrets_env is not None else None
    secrets = load(environ, explicit=explicit, folder=cwd)
    return Place(cwd, cache_dir(environ), data_dir(environ), (cwd / runs_dir.expanduser()).resolve(), environ, secrets)

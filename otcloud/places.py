"""Where otcloud keeps things for this user: the programs it built, the index of runs.

Computed from a Mapping; it reads no environment of its own. Error: UsageError for a user without a home.
"""

import os
import pwd
from collections.abc import Mapping
from pathlib import Path

from otcloud.errors import UsageError


def cache_dir(environ: Mapping[str, str]) -> Path:
    """Programs and code that can be made again: `OTCLOUD_CACHE`, else the XDG cache folder."""
    return _place(environ, "OTCLOUD_CACHE", "XDG_CACHE_HOME", ".cache")


def data_dir(environ: Mapping[str, str]) -> Path:
    """What cannot be made again (the index of runs): `OTCLOUD_DATA`, else the XDG data folder."""
    return _place(environ, "OTCLOUD_DATA", "XDG_DATA_HOME", ".local/share")


def _place(environ: Mapping[str, str], own: str, xdg: str, default: str) -> Path:
    if environ.get(own):
        return Path(environ[own]).absolute()
    base = Path(environ[xdg]) if environ.get(xdg) else _home(environ) / default
    return base.absolute() / "otcloud"


def _home(environ: Mapping[str, str]) -> Path:
    if environ.get("HOME"):
        return Path(environ["HOME"])
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        # A container's user that nobody has named.
        raise UsageError("this user has no home folder", do="set HOME, or OTCLOUD_CACHE and OTCLOUD_DATA") from None

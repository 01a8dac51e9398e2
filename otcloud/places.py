"""Where otcloud keeps things for this user: the programs it built, the index of runs.

Computed from a Mapping; it reads no environment of its own.
"""

from collections.abc import Mapping
from pathlib import Path


def cache_dir(environ: Mapping[str, str]) -> Path:
    """Programs and code that can be made again: `OTCLOUD_CACHE`, else the XDG cache folder."""
    return _place(environ, "OTCLOUD_CACHE", "XDG_CACHE_HOME", ".cache")


def data_dir(environ: Mapping[str, str]) -> Path:
    """What cannot be made again (the index of runs): `OTCLOUD_DATA`, else the XDG data folder."""
    return _place(environ, "OTCLOUD_DATA", "XDG_DATA_HOME", ".local/share")


def _place(environ: Mapping[str, str], own: str, xdg: str, default: str) -> Path:
    if environ.get(own):
        return Path(environ[own]).absolute()
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    return (Path(environ[xdg]) if environ.get(xdg) else home / default).absolute() / "otcloud"

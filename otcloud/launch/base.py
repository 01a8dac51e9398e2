"""The Protocol of launchers, and their registry."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Protocol, cast

from otcloud.runs.layout import RunDir


class Execution(Protocol):
    """A node at work somewhere."""

    def poll(self) -> int | None:
        """The node's exit code, or None while it works."""
        ...

    def interrupt(self) -> None:
        """Ask the node to end: it stops its children in order and publishes what finished."""
        ...

    def kill(self) -> None:
        """End the node and all it started, now."""
        ...


class Launcher(Protocol):
    """Gets a place to run and starts the node program there."""

    def start(self, run: RunDir, environ: Mapping[str, str], secrets: Mapping[str, str]) -> Execution:
        """Start the node on a run directory that holds plan and tasks."""
        ...


LAUNCHERS: Mapping[str, str] = {"local": "otcloud.launch.local:LocalLauncher"}
"""Name in a plan -> where the launcher is; imported when it is used."""


def launcher(name: str) -> Launcher:
    """The launcher of a plan."""
    module, _, member = LAUNCHERS[name].partition(":")
    return cast("Callable[[], Launcher]", getattr(import_module(module), member))()

"""The local launcher: the node program as a child of this process, on this machine."""

import signal
import sys
from collections.abc import Mapping

from otcloud import process
from otcloud.runs.layout import RunDir


class LocalExecution:
    """The node as a child; it ends itself when this process dies."""

    def __init__(self, child: process.Child) -> None:
        self._child = child

    def poll(self) -> int | None:
        """The node's exit code, or None while it works."""
        return self._child.poll()

    def interrupt(self) -> None:
        """SIGTERM: the node stops its children in order and publishes what finished."""
        self._child.send(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to the node's whole group; its children die with it."""
        self._child.stop(sig=signal.SIGKILL, grace_sec=0.0)


class LocalLauncher:
    """Starts the node on this machine."""

    def start(self, run: RunDir, environ: Mapping[str, str], secrets: Mapping[str, str]) -> LocalExecution:
        """Start the node with this environment and the run's secrets."""
        # -P: what lies in the working folder is no module of ours.
        argv = [sys.executable, "-P", "-m", "otcloud.node", run.root]
        env = {**environ, **secrets}
        return LocalExecution(process.start(argv, name="node", log=run.log("node"), env=env))

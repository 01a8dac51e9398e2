"""The model server: start it, know when it answers, notice its death at once, start it again a bounded number of times.

Ready means that a completion was answered. Nothing here waits: `tick` looks, decides and returns.
"""

import contextlib
import secrets
import socket
import sys
import time
from collections.abc import Mapping
from typing import Protocol

from otcloud import process
from otcloud.engines.recording import WARM_UP
from otcloud.errors import ServerNeverReady
from otcloud.node.asking import Asking
from otcloud.node.gate import Gate
from otcloud.node.probe import Endpoint
from otcloud.node.status import Status
from otcloud.plan.plan import ServeSpec
from otcloud.runs.journal import utc_now, write_json
from otcloud.runs.layout import RunDir
from otcloud.runs.log import last_lines

HOST = "127.0.0.1"
HOLDER = "server"
"""The server's name at the gate."""

_PROBE_EVERY_SEC = 0.05
_PORTS = range(20000, 30000)
"""Below the range from which Linux takes the ports of outgoing connections (32768 on): while a dead server is started
again, no connection of Harbor can sit on the port that Harbor was told."""


class ModelServer(Protocol):
    """What the runner wants of a server."""

    @property
    def ready(self) -> bool:
        """Whether trials may start."""
        ...

    @property
    def variables(self) -> Mapping[str, str]:
        """What agents are given to find the model: the address and the key, by the names that they read."""
        ...

    def start(self) -> None:
        """Start it; it need not be ready yet."""
        ...

    def tick(self) -> None:
        """Look after it."""
        ...

    def stop(self) -> None:
        """End it with all it started."""
        ...


class NoServer:
    """The server of agents that ask no model: the gate is open from start to stop."""

    ready = True

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self.variables: Mapping[str, str] = {}

    def start(self) -> None:
        """Let trials start."""
        self._gate.release(HOLDER)

    def tick(self) -> None:
        """Nothing can go wrong with nothing."""

    def stop(self) -> None:
        """Let no further trial start."""
        self._gate.hold(HOLDER)


class Server:
    """The server of one run, on one port with one key for as long as the node lives.

    It holds the gate while it does not answer. Errors of `tick`: ServerNeverReady.
    """

    def __init__(
        self, spec: ServeSpec, run: RunDir, gate: Gate, environ: Mapping[str, str], status: Status, lock: int
    ) -> None:
        self.spec = spec
        self.port = _free_port()
        self.key = secrets.token_urlsafe(32)
        self.ready = False
        self._run = run
        self._gate = gate
        self._environ = environ
        self._status = status
        self._lock = lock
        self._child: process.Child | None = None
        self._starts = 0
        self._deadline = 0.0
        self._next_probe = 0.0
        self._asking: Asking | None = None

    @property
    def endpoint(self) -> tuple[str, str]:
        """Root of the OpenAI protocol, and the key."""
        return f"http://{HOST}:{self.port}/v1", self.key

    @property
    def variables(self) -> Mapping[str, str]:
        """Address and key as litellm reads them for `hosted_vllm/`."""
        return {"HOSTED_VLLM_API_BASE": self.endpoint[0], "HOSTED_VLLM_API_KEY": self.key}

    def start(self) -> None:
        """Start the program; it is not ready yet."""
        self._close()
        self._starts += 1
        self._asking = None
        self._deadline = time.monotonic() + self.spec.ready_timeout_sec
        env = {**self._environ, "VLLM_API_KEY": self.key}
        log = self._run.log("server")
        self._child = process.start(self._argv(), name="server", log=log, env=env, hold=(self._lock,))
        self._status.event("server-start", pid=self._child.pid, start=self._starts)

    def tick(self) -> None:
        """Look after the server: restart it when it died, open the gate when it first answers."""
        if self._child is None:
            return
        code = self._child.poll()
        if code is not None:
            self._died(self._child, code)
        elif not self.ready:
            if self._answers():
                self._open()
            elif time.monotonic() > self._deadline:
                raise ServerNeverReady(
                    f"the model server has not answered within {self.spec.ready_timeout_sec / 60:g} minutes",
                    why=self._last_words(),
                    do="raise serve.ready_timeout_min, or read logs/server.log in the run directory",
                )

    def stop(self) -> None:
        """End the server with all it started, then close the gate: a full disk does not keep the server alive."""
        if self._child is not None:
            self._child.stop(grace_sec=5)
            self._child = None
        self._close()

    def _argv(self) -> list[str]:
        recording = str(self._run.root / (self.spec.recording or ""))
        served = self.spec.served_name or ""
        program = [sys.executable, "-P", "-m", "otcloud.engines", "--recording", recording]
        return [*program, "--host", HOST, "--port", str(self.port), "--served-name", served]

    def _died(self, child: process.Child, code: int) -> None:
        self._close()
        child.stop(grace_sec=0)  # what it leaves behind holds the port, or the accelerator
        self._status.event("server-died", code=code)
        if self._starts > self.spec.max_restarts:
            raise ServerNeverReady(
                f"the model server ended {self._starts} times, the last time with code {code}",
                why=self._last_words(),
                do="read logs/server.log in the run directory",
            )
        self.start()

    def _close(self) -> None:
        self.ready = False
        self._gate.hold(HOLDER, "the model server does not answer")
        self._run.endpoint.unlink(missing_ok=True)

    def _open(self) -> None:
        self.ready = True
        endpoint = {"model": self.spec.served_name, "url": self.endpoint[0], "engine": self.spec.engine}
        write_json(self._run.endpoint, {**endpoint, "ready_at": utc_now()})
        self._gate.release(HOLDER)
        self._status.event("server-ready", start=self._starts)

    def _answers(self) -> bool:
        """Whether the last question was answered; asks the next one when it is due. Waits for nothing."""
        now = time.monotonic()
        if self._asking is None and now >= self._next_probe:
            model = self.spec.served_name or ""
            self._asking = Asking(Endpoint(self.endpoint[0], model, self.key, prompt=WARM_UP))
        if self._asking is None or not self._asking.over:
            return False
        fault, self._asking, self._next_probe = self._asking.fault, None, now + _PROBE_EVERY_SEC
        return fault is None

    def _last_words(self) -> str:
        return last_lines(self._run.log("server"))


def _free_port() -> int:
    for port in secrets.SystemRandom().sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):  # somebody else listens there: the next one
            probe.bind((HOST, port))
            return port
    raise ServerNeverReady(f"every port from {_PORTS[0]} to {_PORTS[-1]} is taken on this machine")

"""The model server: start it, know when it answers, notice its death at once, start it again a bounded number of times.

Ready means that a completion was answered. Nothing here waits: `tick` looks, decides and returns.
"""

import contextlib
import json
import secrets
import socket
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any, Protocol

from otcloud import process
from otcloud.engines.recording import WARM_UP
from otcloud.errors import ServerNeverReady
from otcloud.node.status import Status
from otcloud.plan.plan import ServeSpec
from otcloud.runs.journal import utc_now, write_json
from otcloud.runs.layout import RunDir
from otcloud.runs.log import last_lines

HOST = "127.0.0.1"
_PROBE_TIMEOUT_SEC = 5.0
_PROBE_EVERY_SEC = 0.05
_PORTS = range(20000, 30000)
"""Below the range from which Linux takes the ports of outgoing connections (32768 on): while a dead server is started
again, no connection of Harbor can sit on the port that Harbor was told."""


class ModelServer(Protocol):
    """What the runner wants of a server; `endpoint` is (URL, key), None when no model is asked."""

    @property
    def ready(self) -> bool:
        """Whether trials may start."""
        ...

    @property
    def endpoint(self) -> tuple[str, str] | None:
        """Root of the OpenAI protocol, and the key."""
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
    endpoint = None

    def __init__(self, run: RunDir) -> None:
        self._run = run

    def start(self) -> None:
        """Let trials start."""
        self._run.gate.touch()

    def tick(self) -> None:
        """Nothing can go wrong with nothing."""

    def stop(self) -> None:
        """Let no further trial start."""
        self._run.gate.unlink(missing_ok=True)


class Server:
    """The server of one run, on one port with one key for as long as the node lives.

    `gate` exists while it answers. Errors of `tick`: ServerNeverReady.
    """

    def __init__(self, spec: ServeSpec, run: RunDir, environ: Mapping[str, str], status: Status, lock: int) -> None:
        self.spec = spec
        self.port = _free_port()
        self.key = secrets.token_urlsafe(32)
        self.ready = False
        self._run = run
        self._environ = environ
        self._status = status
        self._lock = lock
        self._child: process.Child | None = None
        self._starts = 0
        self._deadline = 0.0
        self._next_probe = 0.0

    @property
    def endpoint(self) -> tuple[str, str]:
        """Root of the OpenAI protocol, and the key."""
        return f"http://{HOST}:{self.port}/v1", self.key

    def start(self) -> None:
        """Start the program; it is not ready yet."""
        self._close()
        self._starts += 1
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
        elif not self.ready and time.monotonic() >= self._next_probe:
            self._next_probe = time.monotonic() + _PROBE_EVERY_SEC
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
        program = [sys.executable, "-m", "otcloud.engines", "--recording", recording]
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
        self._run.gate.unlink(missing_ok=True)
        self._run.endpoint.unlink(missing_ok=True)

    def _open(self) -> None:
        self.ready = True
        endpoint = {"model": self.spec.served_name, "url": self.endpoint[0], "engine": self.spec.engine}
        write_json(self._run.endpoint, {**endpoint, "ready_at": utc_now()})
        self._run.gate.touch()
        self._status.event("server-ready", start=self._starts)

    def _answers(self) -> bool:
        body = {"model": self.spec.served_name, "messages": [{"role": "user", "content": WARM_UP}], "max_tokens": 8}
        try:
            answer = _post(self.port, self.key, body)
            return isinstance(answer["choices"][0]["message"], dict)
        except (OSError, HTTPException, ValueError, LookupError, TypeError):
            return False  # not up yet, or not what it should say: asked again until the deadline

    def _last_words(self) -> str:
        return last_lines(self._run.log("server"))


def _post(port: int, key: str, body: dict[str, Any]) -> Any:
    connection = HTTPConnection(HOST, port, timeout=_PROBE_TIMEOUT_SEC)
    try:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def _free_port() -> int:
    for port in secrets.SystemRandom().sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe, contextlib.suppress(OSError):  # somebody else listens there: the next one
            probe.bind((HOST, port))
            return port
    raise ServerNeverReady(f"every port from {_PORTS[0]} to {_PORTS[-1]} is taken on this machine")

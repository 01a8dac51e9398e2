"""The model server that nobody boots: an endpoint of a provider, or of somebody else in the house.

It is asked before the first trial, and again when trials fail as they do when an endpoint is down; its list of models,
which costs nothing, every ten seconds. While it does not answer it holds the gate; when that lasts too long, the run
ends. One that lists its models and is slow to answer while trials keep it busy is well. A provider without a URL is not
asked: its failures are the early stop's affair.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from otcloud.node.asking import Asking
from otcloud.node.gate import Gate
from otcloud.node.probe import Endpoint, Fault, proxies_of
from otcloud.node.serving import HOLDER
from otcloud.node.status import Status
from otcloud.plan.api import OPENAI_URLS
from otcloud.plan.plan import ApiSpec, ServeSpec
from otcloud.runs.events import Event, InFlight
from otcloud.runs.journal import utc_now, write_json
from otcloud.runs.layout import RunDir

NO_KEY = "no-key"
"""litellm and the agents want a key even where the endpoint asks for none; never a real one."""
SUSPICIOUS = frozenset({"model-server", "network", "inner-timeout", "model-silent", "unknown"})
"""Causes of lost trials that an endpoint which is down, hangs or talks nonsense leaves behind."""
_LASTING = ("key", "model")
_AGAIN_SEC = 10.0
_SOON_SEC = 1.0


def variables(spec: ApiSpec, secrets: Mapping[str, str]) -> dict[str, str]:
    """What agents are given: the address and the key, under the names that they and litellm read."""
    key = _key(spec, secrets) or NO_KEY
    urls = {} if spec.base_url is None else dict.fromkeys(OPENAI_URLS, spec.base_url)
    return {**urls, spec.key_variable: key}


def endpoint_of(serve: ServeSpec, secrets: Mapping[str, str], environ: Mapping[str, str]) -> Endpoint | None:
    """The endpoint to ask; None for a provider whose address only litellm knows."""
    spec = serve.api
    if spec is None or spec.base_url is None:
        return None
    key = _key(spec, secrets) or None
    return Endpoint(spec.base_url, serve.served_name or "", key, spec.key, proxies_of(environ))


def _key(spec: ApiSpec, secrets: Mapping[str, str]) -> str:
    """The key; a line break at its end, as files of secrets have it, fits into no header."""
    return "" if spec.key is None else secrets.get(spec.key, "").strip()


class ApiServer:
    """Looks after an endpoint. Errors of `tick`: those of `Fault.error`.

    `take` sees the events of trials, for it is also a watch.
    """

    def __init__(
        self,
        serve: ServeSpec,
        run: RunDir,
        gate: Gate,
        status: Status,
        secrets: Mapping[str, str],
        environ: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        assert serve.api is not None
        self.spec = serve
        self.ready = False
        self.variables = variables(serve.api, secrets)
        self._endpoint = endpoint_of(serve, secrets, environ)
        self._run = run
        self._gate = gate
        self._status = status
        self._clock = clock
        self._asking: Asking | None = None
        self._fault: Fault | None = None
        self._worked = False
        self._in_flight = InFlight()
        self._list_refused = False
        self._list_closed = False
        self._down_since = 0.0
        self._asked_at = float("-inf")
        self._look_at = float("inf")
        self._next = float("inf")

    def start(self) -> None:
        """Ask for the first time; a provider that cannot be asked is ready."""
        self._down_since = self._clock()
        if self._endpoint is None:
            self._open()
        else:
            self._gate.hold(HOLDER, f"asking {self._endpoint.host} whether it answers")
            self._next = self._clock()

    def tick(self, running: int = 0) -> None:
        """Look at the answer to the last question, ask the next one when it is due. Waits for nothing."""
        if self._asking is not None and self._asking.over:
            asked, self._asking = self._asking, None
            if asked.fault is None:
                self._answered(thorough=asked.thorough)
            elif self.ready and not asked.thorough:
                self._doubt(asked.fault)
            elif asked.fault.slow and self._in_flight.running:
                self._busy(asked.fault)
            else:
                self._failed(asked.fault)
        elif self._asking is None and self._endpoint is not None:
            self._ask(self._endpoint, self._clock())

    def take(self, event: Event) -> None:
        """A trial that failed as trials do when an endpoint is down: ask for what costs nothing at once, and for an
        answer, which costs a token, not for each of many such trials: other things break them too."""
        self._in_flight.take(event)
        if self.ready and event.get("event") == "end" and event.get("cause") in SUSPICIOUS:
            self._next = min(self._next, self._asked_at + _AGAIN_SEC)
            self._look_at = min(self._look_at, self._clock())

    def _ask(self, endpoint: Endpoint, now: float) -> None:
        """Ask thoroughly when there is a reason to, with starts held back; now and then for what costs nothing."""
        if now >= self._next:
            if self.ready:
                self._gate.hold(HOLDER, f"asking {endpoint.host} whether it still answers")
            self._asking, self._asked_at, self._next = Asking(endpoint), now, float("inf")
        elif self.ready and now >= self._look_at:
            self._asking = Asking(endpoint, thorough=False)
        else:
            return
        self._look_at = now + _AGAIN_SEC

    def stop(self) -> None:
        """Let no further trial start."""
        self._close("the run ends")

    def _doubt(self, fault: Fault) -> None:
        """The list of models failed: ask for an answer, unless it is a list that the key may not read anyway."""
        self._list_refused = fault.kind == "key"
        if not (self._list_refused and self._list_closed):
            self._next = self._clock()

    def _busy(self, fault: Fault) -> None:
        """Slow under the load of the trials at work, whose requests have the patience that this question has not."""
        self._status.event("endpoint-slow", why=fault.what)
        if self.ready:
            self._gate.release(HOLDER)
        else:
            self._next = self._clock() + _AGAIN_SEC

    def _answered(self, *, thorough: bool) -> None:
        self._list_refused = self._list_refused and thorough
        self._list_closed = self._list_refused
        if self.ready:
            self._gate.release(HOLDER)
        else:
            self._open()

    def _failed(self, fault: Fault) -> None:
        now = self._clock()
        if self.ready:
            self._down_since = now
        if self.ready or self._fault is None:
            self._status.event("endpoint-down", why=fault.what)
            self._close(f"{fault.what} (since {utc_now()})")
        self._fault = fault
        never_worked = not self._worked
        if now - self._down_since > self.spec.ready_timeout_sec or (never_worked and fault.kind in _LASTING):
            raise self._given_up(fault).error()
        self._next = now + (_SOON_SEC if now - self._down_since < _AGAIN_SEC else _AGAIN_SEC)

    def _given_up(self, fault: Fault) -> Fault:
        """The same, as the end of a run that had begun."""
        if not self._worked:
            return fault
        what = f"the model's endpoint failed for more than {self.spec.ready_timeout_sec / 60:g} minutes: {fault.what}"
        again = f"everything finished is kept; when it answers again: otcloud resume {self._run.run_id}"
        return replace(fault, what=what, do="; ".join(filter(None, (fault.do, again))))

    def _open(self) -> None:
        self.ready, self._worked, self._fault = True, True, None
        url = None if self._endpoint is None else self._endpoint.url
        endpoint = {"model": self.spec.served_name, "url": url, "engine": self.spec.engine}
        write_json(self._run.endpoint, {**endpoint, "ready_at": utc_now()})
        self._gate.release(HOLDER)
        self._status.event("endpoint-up")

    def _close(self, why: str) -> None:
        self.ready = False
        self._gate.hold(HOLDER, why)
        self._run.endpoint.unlink(missing_ok=True)

"""A stand-in for a paid OpenAI-compatible provider, scripted by a Python callable: what it answers, refuses or breaks.

It refuses what the real ones refuse: a wrong key (401), an unknown model (404), too many requests (429 with
Retry-After), a conversation that is too long (400). What an answer is stands in `teaching.py`, not here.

    with Teacher(scripted("```bash\\ntrue\\n```", "TASK_COMPLETE")) as teacher:
        ...  # teacher.url, teacher.key, teacher.requests

As a program: `python -m tests.lab.teacher [--port N] [--key KEY] [--behaviour MODULE:NAME]` prints its URL and serves.
"""

import argparse
import importlib
import json
import socket
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, override

from tests.lab.teaching import (
    Behaviour,
    Fault,
    Refuses,
    Request,
    Says,
    as_answer,
    completion,
    events,
    refusal,
    scripted,
)

KEY = "teacher-key-3f9c1e"
MODEL = "teacher-1"


class Teacher(ThreadingHTTPServer):
    """Serves on 127.0.0.1 from `__enter__` to `__exit__`. Everything public may be changed while it runs.

    `models` are the names it knows; `rate` is (requests, seconds), beyond which it answers 429; `max_context` is in
    tokens of four characters; `down` is what every request gets, /models included, while it is set.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(
        self,
        behaviour: Behaviour,
        *,
        key: str | None = KEY,
        models: Iterable[str] = (MODEL,),
        rate: tuple[int, float] | None = None,
        max_context: int | None = None,
        prefix: str = "/v1",
        port: int = 0,
    ) -> None:
        super().__init__(("127.0.0.1", port), _Exchange)
        self.behaviour, self.key, self.models, self.prefix = behaviour, key, tuple(models), prefix
        self.rate, self.max_context = rate, max_context
        self.down: Refuses | Fault | None = None
        self.listing = True
        """Whether the key may list the models."""
        self.requests: list[Request] = []
        """Chat completions that were asked for with the right key, refused ones included, in order of arrival."""
        self.asked: list[str] = []
        """Method and path of everything that was asked."""
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._recent: deque[float] = deque()

    @property
    def url(self) -> str:
        """What a client takes as base_url."""
        return f"http://127.0.0.1:{self.server_address[1]}{self.prefix}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()

    def answer(self, request: Request) -> Says | Refuses | Fault:
        """What the provider does with a chat completion: its own refusals first, then the behaviour."""
        with self._lock:
            self.requests.append(request)
            refused = self._refuse(request)
        return refused or as_answer(self.behaviour(request))

    def _refuse(self, request: Request) -> Refuses | None:
        if request.body.get("model") not in self.models:
            return Refuses(404, f"The model `{request.body.get('model')}` does not exist.", "model_not_found")
        if self.max_context is not None and (length := request.prompt_tokens) > self.max_context:
            words = f"This model's maximum context length is {self.max_context} tokens, and you asked for {length}."
            return Refuses(400, words, "context_length_exceeded")
        return None if self.rate is None else self._limit(*self.rate)

    def _limit(self, requests: int, seconds: float) -> Refuses | None:
        now = time.monotonic()
        while self._recent and self._recent[0] <= now - seconds:
            self._recent.popleft()
        if len(self._recent) >= requests:
            wait = max(1, round(self._recent[0] + seconds - now + 0.5))
            return Refuses(429, "Rate limit reached.", "rate_limit_exceeded", {"Retry-After": str(wait)})
        self._recent.append(now)
        return None

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left, or was thrown out, is nothing to say."""


class _Exchange(BaseHTTPRequestHandler):
    server: Teacher  # pyright: ignore[reportIncompatibleVariableOverride]  # the base declares its own base
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        self._exchange("GET")

    def do_POST(self) -> None:
        self._exchange("POST")

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Silent: tests read `requests`."""

    def _exchange(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        teacher, path = self.server, self.path.partition("?")[0]
        teacher.asked.append(f"{method} {path}")
        if teacher.down is not None:
            self._give(teacher.down)
        elif teacher.key is not None and self.headers.get("Authorization") != f"Bearer {teacher.key}":
            self._give(Refuses(401, "Incorrect API key provided.", "invalid_api_key"))
        elif (method, path) == ("GET", f"{teacher.prefix}/models") and not teacher.listing:
            self._give(Refuses(403, "You have insufficient permissions.", "insufficient_permissions"))
        elif (method, path) == ("GET", f"{teacher.prefix}/models"):
            names = [{"id": name, "object": "model", "owned_by": "teacher"} for name in teacher.models]
            self._send(200, {"object": "list", "data": names})
        elif (method, path) == ("POST", f"{teacher.prefix}/chat/completions"):
            self._complete(body)
        else:
            self._give(Refuses(404, f"There is no {method} {path} here.", "not_found"))

    def _complete(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(headers, json.loads(body), time.monotonic())
        answer = self.server.answer(request)
        if not isinstance(answer, Says):
            self._give(answer)
            return
        self.server.closing.wait(answer.delay_sec)
        if request.body.get("stream"):
            self._send_events(events(answer, request))
        else:
            self._send(200, completion(answer, request))

    def _give(self, what: Refuses | Fault) -> None:
        match what:
            case Refuses():
                self._send(what.status, refusal(what), what.headers)
            case Fault.HANG:
                self.server.closing.wait()
                self.close_connection = True
            case Fault.RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
            case Fault.CUT:
                self._write(200, "application/json", b'{"id": "cut", "choices": [{"mess', {"Content-Length": "4096"})
                self.close_connection = True
            case Fault.GARBAGE:
                self._write(200, "text/html", b"<html>\x00\xff this is no model", {})
            case Fault.NO_CHOICES:
                self._send(200, {"id": "none", "object": "chat.completion", "choices": [], "usage": None})

    def _send(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        self._write(status, "application/json", json.dumps(body).encode(), headers or {})

    def _write(self, status: int, kind: str, data: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    def _send_events(self, chunks: Iterable[Mapping[str, Any]]) -> None:
        data = b"".join(b"data: %s\n\n" % text.encode() for text in (*map(json.dumps, chunks), "[DONE]"))
        self._write(200, "text/event-stream; charset=utf-8", data, {})


def main() -> None:
    """Serve until killed; the URL is the one line on stdout."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--key", default=KEY)
    parser.add_argument("--model", action="append", help=f"a name that it knows; default {MODEL}")
    parser.add_argument("--rate", help="N/SECONDS: more requests than that get 429")
    parser.add_argument("--behaviour", default="", help="MODULE:NAME of a callable, default: the task is complete")
    given = parser.parse_args()
    module, _, name = given.behaviour.partition(":")
    behaviour = getattr(importlib.import_module(module), name) if module else scripted("TASK_COMPLETE")
    count, _, seconds = (given.rate or "").partition("/")
    rate = (int(count), float(seconds)) if given.rate else None
    with Teacher(behaviour, key=given.key, models=given.model or [MODEL], rate=rate, port=given.port) as teacher:
        sys.stdout.write(f"{teacher.url}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()

"""The replay server: HTTP/1.1 with keep-alive, a thread for each connection, the API key, server-sent events.

What is answered is decided in `replay.py`. It logs to stderr, one line for each refusal, and never a key.
"""

import hmac
import json
import sys
import time
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import override

from otcloud.engines.replay import Refused, Replay

_MAX_BODY = 64 * 2**20


class ReplayServer(ThreadingHTTPServer):
    """Serves one replay on (host, port); port 0 takes a free one, which `server_port` then tells.

    `api_key` is the bearer key that /v1 asks for, or None; `latency_sec` is waited before each answer.
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_port = False  # a second server on the port is refused
    request_queue_size = 512

    def __init__(self, address: tuple[str, int], replay: Replay, *, api_key: str | None, latency_sec: float) -> None:
        super().__init__(address, _Exchange)
        self.replay = replay
        self.latency_sec = latency_sec
        self._expected = None if api_key is None else f"Bearer {api_key}".encode()

    def check_key(self, authorization: str | None) -> None:
        """Errors: Refused with 401. Takes the same time for every wrong key."""
        given = (authorization or "").encode("latin-1", "replace")
        if self._expected is not None and not hmac.compare_digest(given, self._expected):
            raise Refused(401, "AuthenticationError", "Unauthorized: the bearer key is missing or wrong.")

    @override
    def server_bind(self) -> None:
        """Bind without http.server's look-up of the host's name, which can wait for a DNS server."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """Say in one line what broke a connection; a client that left is nothing to say."""
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            sys.stderr.write(f"replay: a connection failed: {type(error).__name__}: {error}\n")


class _Exchange(BaseHTTPRequestHandler):
    server: ReplayServer  # pyright: ignore[reportIncompatibleVariableOverride]  # the base declares its own base
    protocol_version = "HTTP/1.1"
    server_version = "otcloud-replay"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1  # buffered: a response leaves in one packet

    def do_GET(self) -> None:
        self._exchange()

    def do_POST(self) -> None:
        self._exchange()

    @override
    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server itself refuses, in OpenAI's shape too."""
        self._refuse(self._closing(Refused(code, "BadRequestError", message or "The request was not understood.")))

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Requests that went well are not logged."""

    def _exchange(self) -> None:
        try:
            self._route(self.path.partition("?")[0], self._read_body())
        except Refused as refused:
            # The one place where a refusal becomes a response.
            self._refuse(refused)

    def _route(self, path: str, body: bytes) -> None:
        if path.startswith("/v1/"):
            self.server.check_key(self.headers.get("Authorization"))
        match self.command, path:
            case "GET", "/health":
                self._send(200, {"status": "ok"})
            case "GET", "/v1/models":
                self._send(200, self.server.replay.models())
            case "POST", "/v1/chat/completions":
                self._complete(body)
            case command, _:
                raise Refused(404, "NotFoundError", f"There is no {command} {path} here.")

    def _complete(self, body: bytes) -> None:
        replay = self.server.replay
        completion = replay.complete(body)
        time.sleep(self.server.latency_sec)
        if completion.stream:
            self._send_events(replay.chunks(completion))
        else:
            self._send(200, replay.response(completion))

    def _read_body(self) -> bytes:
        if "Transfer-Encoding" in self.headers:
            raise self._closing(Refused(411, "BadRequestError", "Send the body with a Content-Length."))
        given = self.headers.get("Content-Length", "0")
        if not given.isdecimal():
            raise self._closing(Refused(400, "BadRequestError", "Content-Length is not a number."))
        if len(given) > 12 or int(given) > _MAX_BODY:
            raise self._closing(Refused(413, "BadRequestError", f"The body is longer than {_MAX_BODY} bytes."))
        return self.rfile.read(int(given))

    def _closing(self, refused: Refused) -> Refused:
        """A body that was not read would be taken for the next request."""
        self.close_connection = True
        return refused

    def _refuse(self, refused: Refused) -> None:
        sys.stderr.write(f"replay: {refused.status}: {' '.join(str(refused).split())}\n")
        self._send(refused.status, refused.body)

    def _send(self, status: int, body: Mapping[str, object]) -> None:
        data = json.dumps(body).encode()
        self._send_head(status, "application/json", {"Content-Length": str(len(data))})
        self.wfile.write(data)
        self.wfile.flush()

    def _send_events(self, chunks: Iterable[Mapping[str, object]]) -> None:
        self._send_head(200, "text/event-stream; charset=utf-8", {"Transfer-Encoding": "chunked"})
        for text in (*map(json.dumps, chunks), "[DONE]"):
            event = f"data: {text}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _send_head(self, status: int, kind: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()

"""Asks an OpenAI-compatible endpoint whether it would answer, and says what is wrong in terms of what helps.

First its list of models, which costs nothing, then one completion of a single token: lists are public at some
providers, and come from servers whose model hangs. It waits: see asking.py for whoever must not.
"""

import json
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from http.client import HTTPException, HTTPMessage
from typing import Any, Literal, cast, override
from urllib.parse import urlsplit

from otcloud.errors import CredentialOrProgramMissing, InputInvalid, OtcloudError, ServerNeverReady

LIST_TIMEOUT_SEC = 10.0
ANSWER_TIMEOUT_SEC = 30.0
_MAX_BODY = 8 * 2**20
_SHOWN_MODELS = 5
_REFUSED = (401, 403)
_SAID_LIMIT = 200

type Kind = Literal["silent", "failing", "key", "model"]
"""`silent`: no connection or no answer; `failing`: answers that are none; `key`: refused; `model`: unknown there."""


@dataclass(frozen=True)
class Endpoint:
    """`url` is the root of the OpenAI protocol, `model` the name to ask for; `key_name` is what the key is called.

    The repr shows no key. `proxies` are as urllib wants them: scheme -> URL, and `no` -> hosts without a proxy.
    """

    url: str
    model: str
    key: str | None = field(repr=False)
    key_name: str | None = None
    proxies: Mapping[str, str] = field(default_factory=dict[str, str])
    prompt: str = "Say yes."

    @property
    def host(self) -> str:
        """Host and port."""
        return urlsplit(self.url).netloc


@dataclass(frozen=True)
class Fault:
    """Why an endpoint would not answer: `what` is one sentence, `do` what helps."""

    kind: Kind
    what: str
    do: str = ""
    slow: bool = False
    """The endpoint listed its models in time and took too long over an answer: it may be loading its model."""

    def error(self) -> OtcloudError:
        """The end of a run for this reason: exit code 4 for the key, 3 for the model, else 6."""
        kinds = {"key": CredentialOrProgramMissing, "model": InputInvalid}
        return kinds.get(self.kind, ServerNeverReady)(self.what, do=self.do)


def proxies_of(environ: Mapping[str, str]) -> dict[str, str]:
    """The proxies that an environment names."""
    found: dict[str, str] = {}
    for scheme in ("http", "https", "all", "no"):
        value = environ.get(f"{scheme}_proxy") or environ.get(f"{scheme.upper()}_PROXY")
        if value:
            found[scheme] = value
    return found


def ask(endpoint: Endpoint, answer_timeout_sec: float = ANSWER_TIMEOUT_SEC, *, thorough: bool = True) -> Fault | None:
    """What is wrong with an endpoint; None when it gave an answer. Takes up to the sum of the two time-outs.

    Not `thorough`: the list of models alone.
    """
    try:
        listed = _models(_call(endpoint, "/models", None, LIST_TIMEOUT_SEC))
    except _Refused as refused:
        unlisted = (404, 405, 429, 501, *(_REFUSED if thorough else ()))
        if refused.status not in unlisted:
            return _told(endpoint, refused)
        listed = list[str]()  # an endpoint need not list its models, nor to every key that may ask them
    except (OSError, HTTPException, ValueError) as error:
        return _broken(endpoint, error)
    if not thorough:
        return None
    body = {"model": endpoint.model, "messages": [{"role": "user", "content": endpoint.prompt}], "max_tokens": 1}
    try:
        answer = _call(endpoint, "/chat/completions", body, answer_timeout_sec)
    except _Refused as refused:
        return _told(endpoint, refused, listed)
    except (OSError, HTTPException, ValueError) as error:
        fault = _broken(endpoint, error)
        return replace(fault, slow=isinstance(getattr(error, "reason", error), TimeoutError))
    if not isinstance(answer, dict) or not cast(dict[str, Any], answer).get("choices"):
        return Fault("failing", f"{endpoint.host} answers without a choice", SERVES)
    return None


SERVES = "check that model.base_url is the root of an OpenAI-compatible endpoint (most end with /v1)"
LATER = "see whether it is up, or check model.base_url"


class _Refused(Exception):
    """An HTTP status that is no success."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(status)
        self.status = status
        self.said = said


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    @override
    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: HTTPMessage, newurl: str) -> None:
        """urllib would carry the key to whatever host a server names."""


def _call(endpoint: Endpoint, path: str, body: Mapping[str, Any] | None, timeout_sec: float) -> object:
    """The parsed answer. Errors: _Refused, OSError, HTTPException, ValueError."""
    headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "otcloud"}
    if endpoint.key:
        headers["Authorization"] = f"Bearer {endpoint.key}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(endpoint.url + path, data=data, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler(_proxies(endpoint)), _NoRedirects)
    try:
        with opener.open(request, timeout=timeout_sec) as response:
            return json.loads(response.read(_MAX_BODY))
    except urllib.error.HTTPError as error:
        with error:
            raise _Refused(error.code, _said(endpoint, error.read(_MAX_BODY))) from None


def _proxies(endpoint: Endpoint) -> dict[str, str]:
    parts, given = urlsplit(endpoint.url), dict(endpoint.proxies)
    loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if loopback or urllib.request.proxy_bypass_environment(parts.netloc, given):  # type: ignore[attr-defined]
        return {}
    proxy = given.get(parts.scheme) or given.get("all")
    return {parts.scheme: proxy} if proxy else {}


def _models(answer: object) -> list[str]:
    """The names in a list of models, in whichever of the two usual shapes; none for anything else."""
    listed = cast(dict[str, object], answer).get("data") if isinstance(answer, dict) else answer
    models = cast(list[object], listed) if isinstance(listed, list) else []
    names = (cast(dict[str, object], model).get("id") for model in models if isinstance(model, dict))
    return [name for name in names if isinstance(name, str)]


def _said(endpoint: Endpoint, body: bytes) -> str:
    """What an error's body says: OpenAI's message where there is one, on one line, without the key and then cut."""
    text = _without(endpoint, body.decode("utf-8", "replace"))[:4000]
    try:
        error = json.loads(text)["error"]
        text = str(error["message"] if isinstance(error, dict) else error)  # pyright: ignore[reportUnknownArgumentType]
    except (ValueError, LookupError, TypeError):
        pass  # another shape, or no JSON: the beginning of the text is told as it is
    return _without(endpoint, " ".join(text.split()))[:_SAID_LIMIT]


def _told(endpoint: Endpoint, refused: _Refused, listed: list[str] | None = None) -> Fault | None:
    """What a status means. 429, and a 400 about the tiny request, come from an endpoint that is well."""
    name, status = endpoint.key_name, refused.status
    said = f": {refused.said}" if refused.said else ""
    if status in _REFUSED:
        if name is None:
            return Fault("key", f"{endpoint.host} asks for a key{said}", "name its secret: model.api_key")
        return Fault("key", f"{endpoint.host} refuses the key {name}{said}", f"check the value of {name}")
    unknown = status == 404 or (status == 400 and listed and endpoint.model not in listed)
    if unknown and listed is not None:
        return _no_model(endpoint, listed, said)
    if status == 429 or (status in (400, 422) and listed is not None):
        return None
    if status // 100 == 3:
        return Fault("failing", f"{endpoint.host} redirects (HTTP {status}); the key is not sent elsewhere", SERVES)
    return Fault("failing", f"{endpoint.host} answers with HTTP {status}{said}", SERVES if status < 500 else LATER)


def _no_model(endpoint: Endpoint, listed: list[str], said: str) -> Fault:
    if not listed:
        return Fault("model", f"{endpoint.host} knows no model {endpoint.model}, or answers elsewhere{said}", SERVES)
    if endpoint.model in listed:
        what = f"{endpoint.host} lists {endpoint.model}, and answers 404 to chat/completions{said}"
        return Fault("failing", what, SERVES)
    close = get_close_matches(endpoint.model, listed, n=1)
    meant = f"; did you mean {close[0]}?" if close else ""
    some = ", ".join([*listed[:_SHOWN_MODELS], *(["..."] if len(listed) > _SHOWN_MODELS else [])])
    return Fault("model", f"{endpoint.host} has no model {endpoint.model}{meant}", f"set model.id; it has: {some}")


def _broken(endpoint: Endpoint, error: Exception) -> Fault:
    """What a connection that came to nothing says."""
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    via = " (through the proxy)" if _proxies(endpoint) else ""
    host = f"{endpoint.host}{via}"
    if isinstance(reason, ssl.SSLError):
        do = "check the certificate, the clock, or SSL_CERT_FILE; http:// for a server without TLS"
        return Fault("silent", f"no secure connection to {host}: {reason.reason or reason}", do)
    if isinstance(reason, socket.gaierror):
        return Fault("silent", f"the name of {host} does not resolve", "check model.base_url, or the network")
    if isinstance(reason, TimeoutError):
        return Fault("silent", f"{host} accepts and does not answer in time", LATER)
    if isinstance(reason, ConnectionRefusedError):
        return Fault("silent", f"nothing listens at {host}", LATER)
    if isinstance(reason, OSError | HTTPException) and not isinstance(reason, ValueError):
        told = getattr(reason, "strerror", None) or type(reason).__name__
        return Fault("silent", f"the connection to {host} breaks: {told}", LATER)
    return Fault("failing", f"{host} answers with what is no JSON", SERVES)


def _without(endpoint: Endpoint, said: str) -> str:
    """Some providers quote the key that they refuse."""
    return said.replace(endpoint.key, f"[{endpoint.key_name}]") if endpoint.key else said

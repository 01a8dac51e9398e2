"""Asking an endpoint: every way in which it can be wrong has words of its own, and none of them holds the key."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar, override

import pytest

from otcloud.errors import CredentialOrProgramMissing, InputInvalid, ServerNeverReady
from otcloud.node import probe
from otcloud.node.asking import Asking
from otcloud.node.probe import Endpoint, ask, proxies_of
from tests.lab.teacher import KEY, MODEL, Teacher
from tests.lab.teaching import Answer, Fault, Refuses, Says, scripted


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    """A teacher that answers."""
    with Teacher(scripted("yes")) as made:
        yield made


def endpoint(teacher: Teacher, **changes: Any) -> Endpoint:
    """The teacher as an endpoint."""
    known: dict[str, Any] = {"url": teacher.url, "model": MODEL, "key": KEY, "key_name": "TEACH_KEY"}
    return Endpoint(**{**known, **changes})


def test_an_endpoint_that_answers_has_no_fault_and_costs_one_token(teacher: Teacher) -> None:
    assert ask(endpoint(teacher)) is None
    assert teacher.asked == ["GET /v1/models", "POST /v1/chat/completions"]
    assert teacher.requests[0].body["max_tokens"] == 1


def test_a_key_that_may_not_list_models_is_judged_by_its_answer(teacher: Teacher) -> None:
    teacher.listing = False
    assert ask(endpoint(teacher)) is None
    light = ask(endpoint(teacher), thorough=False)
    assert light is not None
    assert light.kind == "key"
    unknown = ask(endpoint(teacher, model="teacher-2"))
    assert unknown is not None
    assert unknown.kind == "model"


@pytest.mark.parametrize("before", [150, 190, 3990])
def test_a_key_is_taken_out_of_what_is_told_before_that_is_cut(teacher: Teacher, before: int) -> None:
    """A provider may quote it across the place where its words are cut, blanks before it."""
    for words in ("." * before, f"{' ' * before}{'.' * 150}"):
        teacher.behaviour = scripted(Refuses(500, f"{words}{KEY} is wrong"))
        fault = ask(endpoint(teacher))
        assert fault is not None
        assert KEY[:4] not in fault.what


WRONG: list[tuple[Answer, str, str]] = [
    (Refuses(500, "out of memory"), "failing", "HTTP 500: out of memory"),
    (Fault.NO_CHOICES, "failing", "without a choice"),
    (Fault.GARBAGE, "failing", "no JSON"),
    (Fault.RESET, "silent", "breaks"),
    (Fault.CUT, "failing", "no JSON"),
    (Refuses(403, f"the key {KEY} may not"), "key", "refuses the key TEACH_KEY: the key [TEACH_KEY] may not"),
]


@pytest.mark.parametrize(("answer", "kind", "said"), WRONG, ids=[str(each[0])[:40] for each in WRONG])
def test_what_is_wrong_is_told(teacher: Teacher, answer: Answer, kind: str, said: str) -> None:
    teacher.behaviour = scripted(answer)
    fault = ask(endpoint(teacher))
    assert fault is not None
    assert (fault.kind, said in fault.what) == (kind, True), fault
    assert KEY not in repr(fault)
    assert KEY not in repr(endpoint(teacher))


@pytest.mark.parametrize("answer", [Refuses(429), Refuses(400, "max_tokens is not supported"), Says({"content": ""})])
def test_an_endpoint_that_is_merely_busy_or_particular_is_well(teacher: Teacher, answer: Answer) -> None:
    teacher.behaviour = scripted(answer)
    assert ask(endpoint(teacher)) is None


def test_a_key_or_a_model_that_is_refused_ends_with_its_own_code(teacher: Teacher) -> None:
    wrong, unknown = ask(endpoint(teacher, key="no")), ask(endpoint(teacher, model="teacher-2"))
    assert isinstance(wrong and wrong.error(), CredentialOrProgramMissing)
    assert isinstance(unknown and unknown.error(), InputInvalid)
    assert unknown is not None
    assert unknown.what.endswith("has no model teacher-2; did you mean teacher-1?")
    keyless = ask(endpoint(teacher, key=None, key_name=None))
    assert keyless is not None
    assert keyless.do == "name its secret: model.api_key"


def test_a_wrong_path_and_a_server_that_is_not_there(teacher: Teacher) -> None:
    elsewhere = ask(endpoint(teacher, url=teacher.url.replace("/v1", "/v2")))
    assert elsewhere is not None
    assert (elsewhere.kind, "most end with /v1" in elsewhere.do) == ("model", True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    gone = ask(Endpoint(f"http://127.0.0.1:{port}/v1", MODEL, None))
    assert gone is not None
    assert isinstance(gone.error(), ServerNeverReady)
    assert gone.what == f"nothing listens at 127.0.0.1:{port}"


def test_a_name_that_does_not_resolve_and_a_server_without_tls(teacher: Teacher) -> None:
    unresolved = ask(endpoint(teacher, url="http://no-such-host.invalid/v1"))
    insecure = ask(endpoint(teacher, url=teacher.url.replace("http:", "https:")))
    assert "does not resolve" in str(unresolved)
    assert "no secure connection" in str(insecure)


def test_a_hanging_endpoint_is_left_after_a_time(teacher: Teacher, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher.behaviour = scripted(Fault.HANG)
    fault = ask(endpoint(teacher), answer_timeout_sec=0.2)
    assert fault is not None
    assert (fault.kind, fault.slow) == ("silent", True)
    monkeypatch.setattr(probe, "LIST_TIMEOUT_SEC", 0.2)
    teacher.down = Fault.HANG
    asking = Asking(endpoint(teacher), answer_timeout_sec=0.2)
    hung = asking.wait()
    assert asking.over
    assert hung is not None
    assert (hung.kind, hung.slow) == ("silent", False)


class _Elsewhere(BaseHTTPRequestHandler):
    """Sends everybody on to another place, and notes what reached it itself."""

    seen: ClassVar[list[tuple[str, str | None]]] = []
    target = ""

    def do_GET(self) -> None:
        """A redirect, or for a proxy the whole URL."""
        self.seen.append((self.path, self.headers.get("Authorization")))
        self.send_response(302)
        self.send_header("Location", self.target)
        self.end_headers()

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def elsewhere(teacher: Teacher) -> Iterator[HTTPServer]:
    """A server that redirects to the teacher."""
    _Elsewhere.seen, _Elsewhere.target = [], f"{teacher.url}/models"
    server = HTTPServer(("127.0.0.1", 0), _Elsewhere)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_redirect_does_not_carry_the_key_away(teacher: Teacher, elsewhere: HTTPServer) -> None:
    fault = ask(endpoint(teacher, url=f"http://127.0.0.1:{elsewhere.server_port}/v1"))
    assert "HTTP 302" in str(fault)
    assert teacher.asked == []


def test_the_environments_proxy_is_used_but_for_this_machine(teacher: Teacher, elsewhere: HTTPServer) -> None:
    proxy = f"http://127.0.0.1:{elsewhere.server_port}"
    proxies = proxies_of({"HTTP_PROXY": proxy, "no_proxy": "internal.example"})
    assert proxies == {"http": proxy, "no": "internal.example"}
    assert ask(endpoint(teacher, proxies=proxies)) is None
    through = ask(endpoint(teacher, url="http://models.example/v1", proxies=proxies))
    assert "(through the proxy)" in str(through) or "HTTP 302" in str(through)
    assert _Elsewhere.seen == [("http://models.example/v1/models", f"Bearer {KEY}")]
    assert "does not resolve" in str(ask(endpoint(teacher, url="http://internal.example/v1", proxies=proxies)))

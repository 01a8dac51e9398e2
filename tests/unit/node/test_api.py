"""The server that nobody boots: a real endpoint that is up, goes down, comes back, or never was."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from otcloud.errors import CredentialOrProgramMissing, ServerNeverReady
from otcloud.node import api
from otcloud.node.api import NO_KEY, ApiServer, variables
from otcloud.node.asking import Asking
from otcloud.node.gate import Gate
from otcloud.node.status import Status
from otcloud.plan.plan import ApiSpec, ServeSpec
from otcloud.runs.journal import read_json, read_lines
from otcloud.runs.layout import RunDir
from tests.flow.command import wait_for
from tests.lab.teacher import KEY, MODEL, Teacher
from tests.lab.teaching import Fault, Refuses, scripted

FAILED = {"event": "end", "trial": "t", "cause": "model-server"}


class Clock:
    """Time that passes when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def teacher() -> Iterator[Teacher]:
    """A teacher that answers."""
    with Teacher(scripted("yes")) as made:
        yield made


def spec(url: str | None, **changes: Any) -> ApiSpec:
    """An endpoint's part of a plan."""
    known = {"key": "TEACH_KEY", "key_variable": "OPENAI_API_KEY", "input_usd_per_mtok": None}
    return ApiSpec.model_validate({"base_url": url, "output_usd_per_mtok": None, **known, **changes})


@pytest.fixture
def made(tmp_path: Path, teacher: Teacher) -> Callable[..., tuple[ApiServer, RunDir, Clock]]:
    """Makes a started server for the teacher, or for another URL."""

    def make(url: str | None = teacher.url, key: str = KEY) -> tuple[ApiServer, RunDir, Clock]:
        run, clock = RunDir(tmp_path), Clock()
        serve = ServeSpec(
            engine="api", model=MODEL, served_name=MODEL, api=spec(url), ready_timeout_sec=60, max_restarts=0
        )
        status = Status(run)
        status.begin()
        server = ApiServer(serve, run, Gate(run), status, {"TEACH_KEY": key}, {}, clock)
        server.start()
        return server, run, clock

    return make


def ticked(server: ApiServer) -> bool:
    """Look once; whether it is ready."""
    server.tick()
    return server.ready


def test_the_gate_opens_when_the_endpoint_answers(made: Any, teacher: Teacher) -> None:
    server, run, _ = made()
    assert not run.gate.exists()
    wait_for(lambda: ticked(server), "it answers")
    assert run.gate.exists()
    assert (read_json(run.endpoint) or {})["url"] == teacher.url
    assert KEY not in run.endpoint.read_text()
    server.stop()
    assert not run.gate.exists()
    assert not run.endpoint.exists()


def test_a_provider_without_a_url_is_not_asked(made: Any, teacher: Teacher) -> None:
    server, run, _ = made(None)
    server.take(FAILED)
    server.tick()
    assert (server.ready, run.gate.exists(), teacher.asked) == (True, True, [])


def test_a_failing_trial_makes_it_ask_and_a_good_answer_lets_the_run_go_on(made: Any, teacher: Teacher) -> None:
    server, run, clock = made()
    wait_for(lambda: ticked(server), "it answers")
    answers = len(teacher.requests)
    for event in ({**FAILED, "cause": "agent-timeout"}, {**FAILED, "event": "start"}):
        server.take(event)
    server.tick()
    assert teacher.asked[-1] == "POST /v1/chat/completions", "what else happens to trials is no reason to ask"
    server.take(FAILED)
    wait_for(lambda: ticked(server) and teacher.asked[-1] == "GET /v1/models", "it asks for what costs nothing")
    assert (len(teacher.requests), run.gate.exists()) == (answers, True), "an answer is good for ten seconds"
    clock.now = 11.0
    wait_for(lambda: ticked(server) and not run.gate.exists(), "it asks for an answer, starts being held")
    wait_for(lambda: ticked(server) and run.gate.exists(), "it has answered")
    assert len(teacher.requests) == answers + 1


def test_an_endpoint_that_goes_down_holds_the_gate_until_it_is_back(made: Any, teacher: Teacher) -> None:
    server, run, clock = made()
    wait_for(lambda: ticked(server), "it answers")
    teacher.down, clock.now = Refuses(503), 100.0
    server.take(FAILED)
    wait_for(lambda: not ticked(server), "it is noticed")
    assert not run.gate.exists()
    teacher.down = None
    clock.now = 102.0
    wait_for(lambda: ticked(server), "it is back")
    assert run.gate.exists()
    told = [line["event"] for line in read_lines(run.node_events)]
    assert told == ["node-start", "endpoint-up", "endpoint-down", "endpoint-up"]


def test_an_endpoint_that_dies_is_noticed_before_a_trial_fails(made: Any, teacher: Teacher) -> None:
    """Its list of models is asked for every ten seconds, which costs nothing; a fault there is looked into."""
    server, run, clock = made()
    wait_for(lambda: ticked(server), "it answers")
    answered, clock.now = len(teacher.requests), 10.0
    wait_for(lambda: ticked(server) and teacher.asked[-1] == "GET /v1/models", "its models are asked for")
    assert (len(teacher.requests), run.gate.exists()) == (answered, True)
    teacher.down, clock.now = Refuses(502), 25.0
    wait_for(lambda: not ticked(server), "it is noticed")
    assert not run.gate.exists()


def test_an_endpoint_that_stays_away_ends_the_run(made: Any, teacher: Teacher) -> None:
    server, _, clock = made()
    wait_for(lambda: ticked(server), "it answers")
    teacher.down, clock.now = Fault.RESET, 100.0
    server.take(FAILED)
    wait_for(lambda: not ticked(server), "it is noticed")
    clock.now = 161.0
    with pytest.raises(ServerNeverReady, match=r"failed for more than 1 minutes: .* breaks") as raised:
        wait_for(lambda: ticked(server), "it gives up")
    assert "otcloud resume" in raised.value.do


def test_a_refused_key_ends_the_run_at_once_at_the_start_and_later_not(made: Any, teacher: Teacher) -> None:
    server, _, clock = made()
    wait_for(lambda: ticked(server), "it answers")
    teacher.key, clock.now = "another", 20.0
    server.take(FAILED)
    wait_for(lambda: not ticked(server), "it is noticed")
    late, _, _ = made(key="wrong")
    with pytest.raises(CredentialOrProgramMissing, match="refuses the key TEACH_KEY"):
        wait_for(lambda: ticked(late), "it gives up")


def test_an_endpoint_that_is_slow_under_its_load_is_well_and_with_nothing_at_work_is_dead(
    made: Any, teacher: Teacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, run, clock = made()
    wait_for(lambda: ticked(server), "it answers")
    monkeypatch.setattr(api, "Asking", functools.partial(Asking, answer_timeout_sec=0.2))
    for trial in ("t", "u"):
        server.take({"event": "start", "trial": trial})
    for teacher.behaviour, clock.now in ((scripted(Fault.HANG), 100.0), (scripted(Fault.HANG), 200.0)):
        server.take(FAILED)
        asked = len(teacher.requests)
        wait_for(lambda asked=asked: ticked(server) and len(teacher.requests) > asked, "it is asked for an answer")
        assert not run.gate.exists()
        wait_for(lambda: ticked(server) and run.gate.exists(), "it is busy with the trial at work")
    server.take({"event": "end", "trial": "u", "cause": "model-silent"})
    clock.now = 300.0
    wait_for(lambda: not ticked(server), "nothing keeps it busy")
    told = [line["event"] for line in read_lines(run.node_events)]
    assert told == ["node-start", "endpoint-up", "endpoint-slow", "endpoint-slow", "endpoint-down"]
    clock.now = 400.0
    with pytest.raises(ServerNeverReady, match="does not answer in time"):
        wait_for(lambda: ticked(server), "it gives up")


def test_a_key_that_may_not_list_models_is_asked_for_an_answer_once(made: Any, teacher: Teacher) -> None:
    """The list's refusals are then no reason to buy an answer every ten seconds."""
    teacher.listing = False
    server, run, clock = made()
    wait_for(lambda: ticked(server), "it answers")
    for clock.now in (20.0, 40.0, 60.0):
        listed = teacher.asked.count("GET /v1/models")
        wait_for(lambda listed=listed: ticked(server) and teacher.asked.count("GET /v1/models") > listed, "it asks")
        wait_for(lambda: ticked(server) and run.gate.exists() and server._asking is None, "it is content")
    assert len(teacher.requests) == 2
    teacher.key, teacher.listing, clock.now = "another", True, 80.0
    server.take(FAILED)
    wait_for(lambda: not ticked(server), "the key was withdrawn")


def test_agents_get_the_address_and_the_key_under_the_names_that_litellm_reads() -> None:
    url = "http://h/v1"
    assert variables(spec(url), {"TEACH_KEY": "k"}) == {
        "OPENAI_API_BASE": url,
        "OPENAI_BASE_URL": url,
        "OPENAI_API_KEY": "k",
    }
    assert variables(spec(url, key=None), {"TEACH_KEY": "k"})["OPENAI_API_KEY"] == NO_KEY
    own = spec(None, key="MY_KEY", key_variable="ANTHROPIC_API_KEY")
    assert variables(own, {"MY_KEY": "k"}) == {"ANTHROPIC_API_KEY": "k"}

"""`engine: api` against a scripted teacher, with real Harbor: what an endpoint can do to a run."""

import contextlib
import functools
import json
from collections.abc import Generator
from typing import Any

import pytest

from benchmarks.workload import make
from otcloud.runs.journal import read_lines
from otcloud.runs.layout import RunDir
from tests.flow.command import CANARY, Otcloud, wait_for
from tests.lab.taught import MODEL, by_task, causes, needs, recipe, solution, task, teacher
from tests.lab.teacher import Teacher
from tests.lab.teaching import Answer, Fault, Refuses, Request, Says

QUICK: dict[str, Any] = {"trials": {"retries": 0, "early_stop": {"enabled": False}}}


def node_events(run: RunDir) -> list[str]:
    """What the node's journal says of the endpoint."""
    return [line["event"] for line in read_lines(run.node_events) if line["event"].startswith("endpoint")]


def answers(run: RunDir) -> list[str]:
    """The model's turns in the dataset."""
    rows = [json.loads(line) for line in (run.traces / "traces.jsonl").read_text().splitlines()]
    return [each["content"] for row in rows for each in row["conversations"] if each["role"] == "assistant"]


def test_a_teacher_makes_traces_and_its_key_is_nowhere(otcloud: Otcloud) -> None:
    with teacher() as taught:
        done = otcloud("tracegen", recipe(otcloud.folder, taught.url, 2), "--json")
        assert done.code == 0, done.stderr
        document = json.loads(done.stdout)
        [run] = otcloud.runs()
    assert (document["summary"]["passed"], document["spent_usd"]) == (2, None)
    asked = [request for request in taught.requests if task(request)]
    assert {request.body["model"] for request in asked} == {MODEL}
    assert {request.headers["authorization"] for request in asked} == {f"Bearer {CANARY}"}
    assert not [path for path in run.root.rglob("*") if path.is_file() and CANARY.encode() in path.read_bytes()]
    assert CANARY not in done.stdout + done.stderr


def test_an_endpoint_without_a_key_never_gets_one(otcloud: Otcloud) -> None:
    with teacher() as taught:
        taught.key = None
        path = recipe(otcloud.folder, taught.url, 1, model={"api_key": None})
        assert otcloud("tracegen", path, "-q", env={"OPENAI_API_KEY": CANARY}).code == 0
    assert {request.headers.get("authorization") for request in taught.requests} == {None, "Bearer no-key"}


UP_FRONT: list[tuple[str, Refuses | Fault | None, tuple[str, ...], int, str]] = [
    ("500", Refuses(500), (), 6, "answers with HTTP 500"),
    ("reset", Fault.RESET, (), 6, "breaks"),
    ("garbage", Fault.GARBAGE, (), 6, "no JSON"),
    ("key", Refuses(401, f"Incorrect API key provided: {CANARY}"), (), 4, "refuses the key MY_API_KEY"),
    ("model", None, ("--model", "org/teacher-2"), 3, "did you mean org/teacher-1?"),
]


def test_what_is_wrong_with_an_endpoint_is_told_before_anything_starts(otcloud: Otcloud) -> None:
    with teacher() as taught:
        path = recipe(otcloud.folder, taught.url, 1)
        for name, down, words, code, said in UP_FRONT:
            taught.down = down
            done = otcloud("tracegen", path, *words)
            assert (done.code, said in done.stderr) == (code, True), (name, done.stderr)
            assert CANARY not in done.stderr
    gone = otcloud("tracegen", path)
    assert gone.code == 6
    assert "nothing listens at 127.0.0.1" in gone.stderr
    assert not otcloud.runs()


FAULTS: dict[str, Answer] = {
    "sleep-000": Refuses(500),
    "sleep-001": Fault.NO_CHOICES,
    "sleep-002": Fault.HANG,
    "sleep-003": Fault.RESET,
    "sleep-004": Fault.GARBAGE,
    "sleep-005": Fault.CUT,
    "sleep-006": Says({"content": ""}),
    "sleep-007": Refuses(400, "maximum context length is 10 tokens", "context_length_exceeded"),
}


@pytest.mark.parametrize(("agent", "tasks"), [("bash", 9), ("terminus-2", 4)])
def test_each_fault_ends_its_own_trial_with_its_cause(otcloud: Otcloud, agent: str, tasks: int) -> None:
    """And no other: the last task's endpoint is well. Exit code 7, because more was lost than the recipe tolerates."""
    needs(agent)
    kwargs = {"retries": 1} if agent == "bash" else {}
    faults = dict(list(FAULTS.items())[: tasks - 1])
    with teacher(functools.partial(by_task, faults)) as taught:
        path = recipe(
            otcloud.folder,
            taught.url,
            tasks,
            model={"request_timeout_sec": 2},
            agent={"name": agent, "kwargs": kwargs, "max_turns": 3},
            **QUICK,
        )
        done = otcloud("tracegen", path, "--json")
        assert done.code == 7, done.stderr
    [run] = otcloud.runs()
    lost = dict.fromkeys(list(FAULTS)[: min(tasks - 1, 6)], "model-server")
    counted = {"sleep-006": None, "sleep-007": "context-length"} if agent == "bash" else {}
    assert causes(run) == {**lost, **counted, f"sleep-{tasks - 1:03d}": None}
    assert "endpoint-down" not in node_events(run)
    summary = json.loads(done.stdout)["summary"]
    assert (summary["passed"], summary["infra"]) == (1, len(lost))


@pytest.mark.parametrize("agent", ["bash", "terminus-2"])
def test_a_model_that_never_answers_is_not_scored_as_a_bad_agent(otcloud: Otcloud, agent: str) -> None:
    """The agent's time is up before the request's is: Harbor calls that the agent's time-out, with a reward of 0."""
    needs(agent)
    with teacher(lambda request: Fault.HANG if task(request) else "yes") as taught:
        sections: dict[str, Any] = {"agent": {"name": agent, "timeout_sec": 6}, **QUICK}
        done = otcloud("tracegen", recipe(otcloud.folder, taught.url, 1, **sections), "-q")
        assert done.code == 7, done.stderr
    assert causes(otcloud.runs()[0]) == {"sleep-000": "model-silent"}


@contextlib.contextmanager
def dying(down: Refuses | Fault, at: int = 3) -> Generator[Teacher]:
    """A teacher that goes down, once, when it is asked about the so-manieth task."""
    seen: set[str] = set()

    def behaviour(request: Request) -> Answer:
        fresh = task(request) not in seen and bool(task(request))
        seen.update(filter(None, [task(request)]))
        if fresh and len(seen) == at:
            taught.down = down
            return down
        return solution(request)

    with teacher(behaviour) as taught:
        yield taught


def test_the_run_goes_on_when_the_endpoint_comes_back(otcloud: Otcloud) -> None:
    """New starts are held while it is down; what it lost is tried again by Harbor, and nothing is missing."""
    trials = {"concurrency": 2, "retries": 5, "retry_min_sec": 0.1, "early_stop": {"enabled": False}}
    with dying(Refuses(500)) as taught:
        agent = {"kwargs": {"retries": 0}}
        path = recipe(otcloud.folder, taught.url, 8, seconds=0.2, agent=agent, trials=trials)
        command = otcloud.start("tracegen", path, "-q")
        wait_for(lambda: otcloud.runs() and "endpoint-down" in node_events(otcloud.runs()[0]), "it is noticed")
        [run] = otcloud.runs()
        assert not run.gate.exists()
        taught.down = None
        assert command.wait(120) == 0
    assert node_events(run) == ["endpoint-up", "endpoint-down", "endpoint-up"]
    assert causes(run) == {f"sleep-{index:03d}": None for index in range(8)}


def test_an_endpoint_that_stays_away_ends_the_run_and_a_resume_finishes_it(otcloud: Otcloud) -> None:
    """Exit code 6 with what finished kept; a resume is told at once while it is down, and finishes when it is back."""
    with dying(Fault.RESET) as taught:
        trials = {"concurrency": 1, "retries": 5, "retry_min_sec": 0.1, "early_stop": {"enabled": False}}
        sections: dict[str, Any] = {"serve": {"ready_timeout_min": 0.02}, "agent": {"kwargs": {"retries": 0}}}
        path = recipe(otcloud.folder, taught.url, 4, trials=trials, **sections)
        done = otcloud("tracegen", path, "-q")
        assert (done.code, "breaks" in done.stderr) == (6, True), done.stderr
        [run] = otcloud.runs()
        kept = list(causes(run))
        assert len(kept) == 2
        assert otcloud("resume", run.run_id).code == 6
        taught.down = None
        assert otcloud("resume", run.run_id, "-q").code == 0
    assert list(causes(run))[:2] == kept
    assert causes(run) == {f"sleep-{index:03d}": None for index in range(4)}


@pytest.mark.parametrize("agent", ["bash", "terminus-2"])
def test_a_rate_limit_is_waited_for_as_long_as_it_asks(otcloud: Otcloud, agent: str) -> None:
    """The first request of a trial gets 429 with Retry-After: the next comes when that is over, the trial passes."""
    needs(agent)
    limited: list[Request] = []

    def behaviour(request: Request) -> Answer:
        if task(request) and not limited:
            limited.append(request)
            return Refuses(429, "Slow down.", "rate_limit_exceeded", {"Retry-After": "6"})
        return solution(request)

    with teacher(behaviour) as taught:
        done = otcloud("tracegen", recipe(otcloud.folder, taught.url, 1, agent={"name": agent}), "--json")
        assert done.code == 0, done.stderr
    assert json.loads(done.stdout)["summary"]["passed"] == 1
    asked = [request.at for request in taught.requests if task(request)]
    assert 6 <= asked[1] - asked[0] < 30


THINKING = "First the file.\nThen the word."
FORMS: dict[str, dict[str, str]] = {
    "sleep-000": {"content": "{}", "reasoning": THINKING},
    "sleep-001": {"content": "\n\n{}", "reasoning_content": f"\n{THINKING}\n"},
    "sleep-002": {"content": f"<think>\n{THINKING}\n</think>\n\n{{}}"},
    "sleep-003": {"content": f"{THINKING}\n</think>\n\n{{}}"},
}


@pytest.mark.parametrize("agent", ["bash", "terminus-2"])
def test_thinking_survives_in_every_form(otcloud: Otcloud, agent: str) -> None:
    """As vLLM 0.32 tells it apart, as others do, in the text, and with the opening tag left to the template."""
    needs(agent)

    def behaviour(request: Request) -> Answer:
        form = FORMS.get(task(request), {"content": "{}"})
        return Says({name: text.replace("{}", solution(request)) for name, text in form.items()})

    with teacher(behaviour) as taught:
        done = otcloud("tracegen", recipe(otcloud.folder, taught.url, len(FORMS), agent={"name": agent}), "-q")
        assert done.code == 0, done.stderr
        said = {solution(request) for request in taught.requests if task(request)}
    [run] = otcloud.runs()
    turns = answers(run)
    assert set(turns) == {f"<think>\n{THINKING}\n</think>\n\n{text}" for text in said}
    assert len(turns) == len([request for request in taught.requests if task(request)])


def test_thinking_survives_from_a_recording_too(otcloud: Otcloud) -> None:
    """The same forms over the road that our own servers have, `hosted_vllm/`."""
    path = make(otcloud.folder / "work", len(FORMS), 0.0)
    recording = path.parent / "recording.jsonl"
    lines = [json.loads(line) for line in recording.read_text().splitlines()]
    said: set[str] = set()
    for line in lines:
        if "message" in line:
            text = line["message"]["content"]
            form = FORMS[line["task"]]
            said.add(f"<think>\n{THINKING}\n</think>\n\n{text}")
            line["message"].update({name: value.replace("{}", text) for name, value in form.items()})
    recording.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    done = otcloud("tracegen", path, "-q")
    assert done.code == 0, done.stderr
    assert set(answers(otcloud.runs()[0])) == said

"""A provider that quotes the key it refuses, in the middle of a run: the key is in no file of the run."""

import pytest

from tests.flow.command import CANARY, Otcloud
from tests.lab.taught import causes, needs, recipe, solution, task, teacher
from tests.lab.teaching import Answer, Refuses, Request


@pytest.mark.parametrize("agent", ["bash", "terminus-2"])
@pytest.mark.parametrize("tail", [0, 282])
def test_a_key_that_is_quoted_in_a_refusal_is_in_no_file(otcloud: Otcloud, agent: str, tail: int) -> None:
    """After some good answers; also where it would be cut in two by the length of a message."""
    needs(agent)

    def behaviour(request: Request) -> Answer:
        if task(request) == "sleep-001" and request.turn == 1:
            return Refuses(401, f"{'.' * tail}Incorrect API key provided: {CANARY}.", "invalid_api_key")
        return solution(request)

    with teacher(behaviour) as taught:
        trials = {"retries": 1, "retry_min_sec": 0.1, "early_stop": {"enabled": False}}
        done = otcloud("tracegen", recipe(otcloud.folder, taught.url, 3, agent={"name": agent}, trials=trials))
    assert done.code == 7, done.stderr
    [run] = otcloud.runs()
    assert causes(run)["sleep-000"] is None
    holding = [
        path.relative_to(run.root)
        for path in run.root.rglob("*")
        if path.is_file() and CANARY[:10].encode() in path.read_bytes()
    ]
    assert not holding
    assert CANARY[:10] not in done.stdout + done.stderr
    quoted = [path for path in run.jobs.rglob("result.json") if "[MY_API_KEY]" in path.read_text()]
    assert quoted

"""What a provider's tokens cost: counted over all attempts, bounded by a budget, with real Harbor."""

import json
from typing import Any

from otcloud.runs.journal import read_json
from tests.flow.command import Otcloud
from tests.lab.taught import causes, recipe, solution, teacher
from tests.lab.teaching import Answer, Refuses, Request, Says

PRICES = {"input_usd_per_mtok": 1.0, "output_usd_per_mtok": 2.0}


def priced(request: Request) -> Says:
    """What solves the task, at $0.0012 a request."""
    return Says({"content": solution(request)}, usage=(1000, 100))


def test_a_budget_ends_the_run_and_a_larger_one_goes_on(otcloud: Otcloud) -> None:
    """Two requests of $0.0012 each a trial: the third trial would not fit into $0.0055."""
    with teacher(priced) as taught:
        sections: dict[str, Any] = {"trials": {"concurrency": 1}, "limits": {"max_cost": 0.0055}}
        unpriced = otcloud("tracegen", recipe(otcloud.folder / "unpriced", taught.url, 4, **sections))
        assert (unpriced.code, "model.input_usd_per_mtok" in unpriced.stderr) == (3, True)
        path = recipe(otcloud.folder, taught.url, 4, model=PRICES, **sections)
        done = otcloud("tracegen", path, "--json")
        assert done.code == 9, done.stderr
        document = json.loads(done.stdout)
        assert (document["summary"]["done"], document["spent_usd"]) == (2, 0.0048)
        assert "$0.0048 of $0.0055" in document["error"]["what"]
        [run] = otcloud.runs()
        assert otcloud("resume", run.run_id, "-q").code == 9
        assert len(causes(run)) == 2
        # A published trial whose event was lost has cost money all the same.
        run.harbor_events.unlink()
        assert otcloud("resume", run.run_id, "-q", "--max-cost", "1").code == 0
    assert len(causes(run)) == 4
    assert (read_json(run.status) or {})["spent_usd"] == 0.0096


def test_what_harbor_tries_again_is_paid_for_too(otcloud: Otcloud) -> None:
    """Harbor deletes the folder of an attempt that it tries again; its tokens were bought."""
    failed: list[Request] = []

    def behaviour(request: Request) -> Answer:
        if request.turn == 1 and not failed:
            failed.append(request)
            return Refuses(500)
        return priced(request)

    with teacher(behaviour) as taught:
        trials = {"retries": 1, "retry_min_sec": 0.1}
        path = recipe(otcloud.folder, taught.url, 1, agent={"kwargs": {"retries": 0}}, model=PRICES, trials=trials)
        done = otcloud("tracegen", path, "--json")
        assert done.code == 0, done.stderr
    assert json.loads(done.stdout)["spent_usd"] == 0.0036


def test_a_budget_for_a_model_without_a_price_is_refused(otcloud: Otcloud) -> None:
    """litellm is asked for the price of a provider's model before anything is started."""
    model = {"id": "groq/no-such-model", "base_url": None}
    path = recipe(otcloud.folder, "", 1, model=model, limits={"max_cost": 1})
    done = otcloud("tracegen", path)
    assert (done.code, "litellm's table of prices has no such model" in done.stderr) == (3, True), done.stderr
    assert not otcloud.runs()

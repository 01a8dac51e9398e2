"""A wish becomes an amendment that `resume` and the node then keep to, or is refused with nothing written."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from otcloud.datasets import tasks
from otcloud.errors import CredentialOrProgramMissing, InputInvalid, NotBuiltYet, OtcloudError
from otcloud.launch.course import resume
from otcloud.launch.gather import Moment, gather
from otcloud.launch.place import Place, place
from otcloud.launch.repair import Wish, repair
from otcloud.plan.amend import Amendment
from otcloud.plan.compile import compile_plan
from otcloud.plan.plan import Plan
from otcloud.programs import harbor_lock
from otcloud.recipe.load import load
from otcloud.recipe.show import to_yaml
from otcloud.runs.index import unfinished
from otcloud.runs.journal import append_line, read_json, write_json, write_text
from otcloud.runs.layout import RECORDING, RunDir
from otcloud.runs.state import read_state
from otcloud.runs.stored import amended, newest, stored_plan
from otcloud.trials.trial import Outcome, Trial
from tests.unit.launch.views import Watcher
from tests.unit.planned import NOW, recipe_of, record


@pytest.fixture
def here(tmp_path: Path, program_cache: Path) -> Place:
    """A user's surroundings."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "OTCLOUD_CACHE": str(program_cache)}
    return place(environ, tmp_path, Path("runs"))


@pytest.fixture
def make_run(tmp_path: Path, here: Place) -> Callable[..., RunDir]:
    """Make a finished run of two tasks, and take away what it was made from: `make_run("trials.attempts=2")`."""

    def made(*sets: str, kind: str = "tracegen", done: bool = True, works: str = "local") -> RunDir:
        work, run = tmp_path / "work", RunDir(tmp_path / "runs" / "one")
        recipe_of(work)
        loaded = load([str(work / "recipe.yaml")], sets=[f"kind={kind}", "sandbox.type=auto", *sets], cwd=work)
        facts = gather(loaded.recipe, here, Moment(NOW, "ab12"), "one").model_copy(update={"sandboxes": {works: None}})
        plan = compile_plan(loaded.recipe, facts, harbor_lock("0.24.0", "docker"))
        assert plan.tasks.found is not None
        tasks.materialise(plan.tasks.found, work / "tasks", run)
        (run.root / RECORDING).parent.mkdir()
        shutil.copyfile(work / "recording.jsonl", run.root / RECORDING)
        write_text(run.recipe, to_yaml(loaded))
        write_json(run.plan, plan.model_dump(mode="json"))
        write_json(run.run, record(recipe_digest=plan.recipe_digest, exit_code=0 if done else None))
        shutil.rmtree(work)
        return run

    return made


def publish(run: RunDir, *trials: tuple[str, int, Outcome]) -> None:
    """Put trials into the index; the task is the name's first part."""
    for name, rollout, outcome in trials:
        found = Trial(trial=name, task=name.partition("__")[0], rollout=rollout, outcome=outcome)
        append_line(run.published_index, found.model_dump(mode="json"))


def in_force(run: RunDir) -> Amendment:
    """The newest amendment, which must be there."""
    found = newest(run)
    assert found is not None
    return found


def wished(run: RunDir, here: Place, **wish: Any) -> Amendment:
    """Repair, which must amend the run."""
    number = len(list(run.amendments.glob("*")))
    assert repair(run, Wish(**wish), here, Watcher(), lambda _text: None)
    assert run.amendment(number + 1).exists()
    return in_force(run)


def refused(run: RunDir, here: Place, **wish: Any) -> OtcloudError:
    """Repair, which must refuse and leave the run as it was."""
    before = {path: path.read_bytes() for path in run.root.rglob("*") if path.is_file()}
    with pytest.raises(OtcloudError) as raised:
        repair(run, Wish(**wish), here, Watcher(), lambda _text: None)
    assert {path: path.read_bytes() for path in run.root.rglob("*") if path.is_file()} == before
    return raised.value


def test_settings_change_in_the_plan_in_force_and_add_up(make_run: Callable[..., RunDir], here: Place) -> None:
    run = make_run("trials.concurrency=16")
    original = stored_plan(run)
    first = wished(run, here, sets=("trials.infra_tolerance=0.5",), flags={"n_concurrent": 4, "retries": None})
    assert first.changes == {"trials.concurrency": (16, 4), "trials.infra_tolerance": (0.05, 0.5)}
    second = wished(run, here, flags={"n_concurrent": 16})
    assert second.changes == {"trials.concurrency": (4, 16)}
    plan = stored_plan(run)
    assert (plan.harbor.job["n_concurrent_trials"], plan.harbor.infra_tolerance) == (16, 0.5)
    update = {"harbor": original.harbor.model_copy(update={"infra_tolerance": 0.5})}
    assert plan == original.model_copy(update=update)
    assert Plan.model_validate(read_json(run.plan)) == original
    assert [words for _, words in amended(run)] == [
        "trials.concurrency 16 -> 4, trials.infra_tolerance 0.05 -> 0.5",
        "trials.concurrency 4 -> 16",
    ]


def test_more_attempts_are_kept_and_leave_the_run_unfinished(make_run: Callable[..., RunDir], here: Place) -> None:
    run = make_run()
    assert wished(run, here, add_attempts=2).words == "2 more attempts at each task"
    assert wished(run, here, add_attempts=1).plan.harbor.attempts == 4
    state = read_state(run)
    assert state is not None
    assert (state.state, stored_plan(run).planned_trials) == ("interrupted", 8)
    assert stored_plan(run).recipe_digest == state.recipe_digest
    assert unfinished(state.recipe_digest, run.root.parent, unheard) == run
    assert "at most 1000" in str(refused(run, here, add_attempts=997))


def unheard(text: str) -> None:
    """Nobody listens, and nothing should be said."""
    raise AssertionError(text)


def test_slots_are_vacated_once_and_a_plain_start_runs_all_that_is_missing(
    make_run: Callable[..., RunDir], here: Place
) -> None:
    run = make_run("trials.attempts=2")
    lost, failed, passed = Outcome.INFRA, Outcome.FAILED, Outcome.PASSED
    publish(run, ("sleep-000__a", 0, passed), ("sleep-000__b", 1, failed), ("sleep-001__a", 0, lost))
    one = wished(run, here, only="failed")
    assert (one.vacated, one.slots, one.words) == (("sleep-000__b",), {"sleep-000": (1,)}, "1 failed trial run again")
    two = wished(run, here, only="infra", retry=("sleep-*",), flags={"n_concurrent": 2})
    assert (two.vacated, two.slots, two.only) == (("sleep-000__b",), {"sleep-001": (0,)}, "infra")
    three = wished(run, here, retry=("sleep-000",))
    assert (three.vacated, three.slots) == (("sleep-000__b", "sleep-000__a"), None)
    assert wished(run, here, only="missing").slots == {"sleep-001": (1,)}
    run.tasks_lock.unlink()  # the node then ends at once
    ended = resume(run, here, Watcher())
    assert ended.failure is not None
    assert ended.failure.exit_code == 3
    last = in_force(run)
    assert (last.slots, last.vacated, last.plan) == (None, three.vacated, two.plan)


def test_nothing_to_do_gives_the_runs_last_end(make_run: Callable[..., RunDir], here: Place) -> None:
    run = make_run()
    for code in (0, 7, None):
        write_json(run.run, record(exit_code=code, error={"what": "lost two"}))
        view = Watcher()
        failure = resume(
            run, here, view, lambda view=view: repair(run, Wish(only="infra"), here, view, unheard)
        ).failure
        assert (0 if failure is None else failure.exit_code) == (12 if code is None else code)
        assert any("nothing to do" in text for text in view.said)
    assert not run.amendments.exists()
    same = {"n_concurrent": stored_plan(run).harbor.job["n_concurrent_trials"]}
    assert repair(run, Wish(flags=same), here, Watcher(), unheard)
    assert not run.amendments.exists()


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"sets": ("model.sampling.temperature=0.5",)}, "model.sampling: it decides what a trial is"),
        ({"sets": ("agent.max_turns=3",)}, "agent.max_turns: it decides"),
        ({"sets": ("trials.attempts=3",)}, "--add-attempts"),
        ({"sets": ("compute.spot=true",)}, "settled when the run was started"),
        ({"sets": ("trials.concurency=3",)}, "did you mean `trials.concurrency`"),
        ({"flags": {"n_concurrent": 0}}, "must be at least 1"),
        ({"flags": {"sandbox": "dokcer"}}, "did you mean `docker`"),
        ({"retry": ("sleep-01",)}, "did you mean"),
        ({"only": "infra", "add_attempts": 1}, "do not go together"),
        ({"sets": ("sandbox.memory_mb=abc",)}, "the run cannot be changed so"),
        ({"sets": ("sandbox.kwargs.api_token=" + "ab12" * 10,)}, "secret"),
    ],
)
def test_what_cannot_be_changed_is_refused_by_name(
    make_run: Callable[..., RunDir], here: Place, wish: dict[str, Any], said: str
) -> None:
    error = refused(make_run(), here, **wish)
    assert isinstance(error, InputInvalid)
    assert said in str(error)


def test_a_score_is_made_under_equal_conditions_and_says_what_was_chosen(
    make_run: Callable[..., RunDir], here: Place
) -> None:
    run = make_run(kind="eval")
    publish(run, ("sleep-000__a", 0, Outcome.FAILED))
    assert "better than the model" in refused(run, here, only="failed").why
    assert "equal conditions" in refused(run, here, flags={"sandbox": "podman"}).why
    before = stored_plan(run).overrides
    assert wished(run, here, flags={"n_concurrent": 2}).plan.overrides == before
    [said] = wished(run, here, retry=("sleep-000",)).plan.overrides[len(before) :]
    assert said == "1 attempt was made again by choice (resume --retry-task sleep-000)"


def test_another_sandbox_must_work_and_suit_harbor(make_run: Callable[..., RunDir], here: Place) -> None:
    run = make_run(done=False, works="docker")
    assert stored_plan(run).sandbox == "docker"
    assert "DAYTONA_API_KEY" in refused(run, here, flags={"sandbox": "daytona"}).what
    bare = place({"PATH": "", "HOME": str(here.cwd), "OTCLOUD_CACHE": str(here.cache)}, here.cwd, Path("runs"))
    assert isinstance(refused(run, bare, flags={"sandbox": "podman"}), CredentialOrProgramMissing)
    dockerfile = next(run.tasks.glob("*/*/sleep-000/environment/Dockerfile"))
    whole = dockerfile.read_text()
    dockerfile.write_text("FROM a\nFROM b\n")
    refusal = refused(run, here, flags={"sandbox": "local"})
    assert "sleep-000" in refusal.why
    assert "leave the sandbox as it was" in refusal.do
    dockerfile.write_text(whole)
    changed = wished(run, here, flags={"sandbox": "local"})
    assert changed.changes["sandbox.type"] == ("auto", "local")
    assert stored_plan(run).sandbox == "local"
    assert "local_sandbox" in stored_plan(run).harbor.job["environment"]["import_path"]


def test_a_budget_that_is_added_can_be_kept_or_is_refused(make_run: Callable[..., RunDir], here: Place) -> None:
    """A run of a model without a stated price, for which litellm has none either."""
    run = make_run("model.engine=api", "model.id=groq/no-such-model", "model.recording=")
    (run.root / RECORDING).unlink()
    keyed = place({**here.environ, "GROQ_API_KEY": "k"}, here.cwd, Path("runs"))
    error = refused(run, keyed, flags={"max_cost": 1.0})
    assert "litellm's table of prices has no such model" in str(error)
    assert error.do == "leave limits.max_cost out, or start a new run that states the prices of model.id: --new"


def test_what_this_version_cannot_do_is_refused(make_run: Callable[..., RunDir], here: Place) -> None:
    assert isinstance(refused(make_run(), here, sets=("publish.database=true",)), NotBuiltYet)

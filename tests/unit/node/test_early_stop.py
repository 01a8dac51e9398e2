"""Early stop: pauses, lets one trial through, goes on or gives up."""

from pathlib import Path

import pytest

from otcloud.errors import HarborFailed, TooManyInfraFailures
from otcloud.harbor_ext.entrance import Entrance
from otcloud.node.early_stop import EarlyStopWatch
from otcloud.node.gate import Gate
from otcloud.node.status import Status
from otcloud.recipe.schema.trials import EarlyStop
from otcloud.runs.journal import read_lines
from otcloud.runs.layout import RunDir

RULES = EarlyStop(smoke_trials=2, window=4, pause_sec=10, probes=2)


class Scene:
    """A watch with an open gate and a clock that the test turns."""

    def __init__(self, run: RunDir, rules: EarlyStop = RULES) -> None:
        self.now = 0.0
        self.run = run
        self.gate = Gate(run)
        self.gate.release("server")
        self.entrance = Entrance(run.gate)
        self.watch = EarlyStopWatch(rules, self.gate, Status(run), "run-1", clock=lambda: self.now)
        self._number = 0

    def end(self, cause: str = "", trial: str | None = None) -> None:
        """An attempt ends, and the watch looks."""
        self._number += 1
        outcome = {"outcome": "infra", "cause": cause, "exception": "APIError"} if cause else {"outcome": "passed"}
        self.watch.take({"event": "end", "trial": trial or f"t{self._number}", **outcome})
        self.watch.tick(0)

    def probe(self, cause: str = "", wait: float = 10.0) -> None:
        """The pause is over: one trial is let through, and ends."""
        self.now += wait
        self.watch.tick(0)
        assert self.entrance.admits()
        assert not self.entrance.admits()
        self.watch.take({"event": "start", "trial": "probe"})
        self.end(cause, "probe")

    def events(self) -> list[str]:
        """What the watch noted in the node's journal."""
        return [str(event["event"]) for event in read_lines(self.run.node_events)]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """The rules above."""
    (tmp_path / "node").mkdir()
    return Scene(RunDir(tmp_path))


def test_a_passing_trouble_only_pauses(scene: Scene) -> None:
    """The gate is held for a while, one trial is let through, and all go on when it is sound."""
    scene.end()
    for _ in range(2):
        scene.end("network")
    assert scene.gate.held_for == ("2 of the last 3 attempts were lost to infrastructure; one trial is tried in 10 s",)
    assert not scene.entrance.admits()
    scene.probe("network")
    assert not scene.entrance.admits()
    scene.probe(wait=20.0)
    assert scene.gate.held_for == ()
    assert scene.entrance.admits()
    assert scene.events() == ["paused", "probe", "paused", "probe", "unpaused"]
    scene.end("network")
    assert scene.gate.held_for == ()  # a new window


def test_each_pause_is_longer_than_the_last(scene: Scene) -> None:
    """Nothing is let through before its time."""
    scene.end("network")
    scene.end("network")
    scene.probe("network")
    scene.now += 19
    scene.watch.tick(0)
    assert not scene.entrance.admits()
    scene.now += 1
    scene.watch.tick(0)
    assert scene.entrance.admits()


def test_a_run_that_never_worked_ends_with_a_diagnosis(scene: Scene) -> None:
    """Exit code 10 after the probes, with the causes counted."""
    scene.end("network")
    scene.end("network")
    scene.probe("network")
    with pytest.raises(HarborFailed, match="none of 4 attempts came through") as raised:
        scene.probe("network", wait=20.0)
    assert "4 x network (APIError)" in raised.value.why
    assert "otcloud resume run-1" in raised.value.do


def test_a_run_that_worked_before_ends_as_lost_to_infrastructure(scene: Scene) -> None:
    """Exit code 7."""
    scene.end()
    for _ in range(2):
        scene.end("network")
    scene.probe("network")
    with pytest.raises(TooManyInfraFailures, match="2 of the last 3"):
        scene.probe("network", wait=20.0)


def test_what_no_second_try_can_mend_ends_at_once(scene: Scene) -> None:
    """A refused key: no pause."""
    scene.end("model-auth")
    with pytest.raises(HarborFailed, match="none of 2 attempts"):
        scene.end("model-auth")


def test_without_probes_the_first_trouble_ends_the_run(tmp_path: Path) -> None:
    """`probes: 0`."""
    (tmp_path / "node").mkdir()
    scene = Scene(RunDir(tmp_path), RULES.model_copy(update={"probes": 0}))
    scene.end("network")
    with pytest.raises(HarborFailed):
        scene.end("network")


def test_switched_off_it_only_looks_on(tmp_path: Path) -> None:
    """`enabled: false`."""
    (tmp_path / "node").mkdir()
    scene = Scene(RunDir(tmp_path), RULES.model_copy(update={"enabled": False}))
    for _ in range(20):
        scene.end("model-auth")
    assert scene.entrance.admits()


def test_trials_that_a_dead_server_took_along_are_excused(scene: Scene) -> None:
    """They were in flight when it died; the same trial's next attempt counts again."""
    scene.watch.excuse({"a", "b", "c"})
    for trial in "abc":
        scene.end("model-server", trial)
    assert scene.gate.held_for == ()
    scene.end("model-server", "a")
    scene.end("model-server", "b")
    assert scene.gate.held_for != ()


def test_attempts_that_end_during_a_pause_do_not_prolong_it(scene: Scene) -> None:
    """They started before it: only the trial that was let through tells whether it is over."""
    scene.end("network")
    scene.end("network")
    scene.end("network")
    scene.end()
    assert scene.gate.held_for != ()
    scene.probe()
    assert scene.gate.held_for == ()


def paused(scene: Scene) -> None:
    """In trouble, with one trial let through and in flight."""
    scene.end("network")
    scene.end("network")
    scene.now += 10
    scene.watch.tick(0)
    assert scene.entrance.admits()
    scene.watch.take({"event": "start", "trial": "probe"})
    scene.watch.tick(1)


def let_through(scene: Scene) -> bool:
    """Whether a trial comes through after the pause, and no other with it."""
    scene.watch.tick(0)
    scene.now += 10
    scene.watch.tick(0)
    return scene.entrance.admits() and not scene.entrance.admits()


def test_a_pause_outlives_the_trial_that_was_let_through(scene: Scene) -> None:
    """The server took it along, Harbor died with it, somebody cancelled it, or its end was never written: another one
    is let through, and the trial that told nothing is not counted."""
    paused(scene)
    scene.watch.excuse({"probe"})
    scene.end("model-server", "probe")
    assert let_through(scene)
    scene.watch.take({"event": "job-start"})
    assert let_through(scene)
    scene.watch.take({"event": "start", "trial": "probe"})
    scene.watch.take({"event": "cancel", "trial": "probe"})
    assert let_through(scene)
    scene.watch.take({"event": "start", "trial": "probe"})
    assert let_through(scene)
    scene.watch.take({"event": "start", "trial": "probe"})
    scene.end(trial="probe")
    assert scene.gate.held_for == ()


def test_an_admission_that_somebody_else_voided_is_made_again(scene: Scene) -> None:
    """The server went down before Harbor saw it, and answers again."""
    scene.end("network")
    scene.end("network")
    scene.now += 10
    scene.watch.tick(0)
    scene.gate.hold("server")
    scene.watch.tick(0)
    assert not scene.entrance.admits()
    scene.gate.release("server")
    scene.watch.tick(0)
    assert scene.entrance.admits()
    assert not scene.entrance.admits()

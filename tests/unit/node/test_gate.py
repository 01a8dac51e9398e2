"""The gate: several hold it, one file tells Harbor's side."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcloud.harbor_ext.entrance import Entrance
from otcloud.node.gate import Gate
from otcloud.runs.layout import RunDir


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """A run directory with nothing in it."""
    (tmp_path / "node").mkdir()
    return RunDir(tmp_path)


def test_it_opens_when_nobody_holds_it(run: RunDir) -> None:
    """Closed until the first release; each holder counts once."""
    gate, entrance = Gate(run), Entrance(run.gate)
    assert not entrance.admits()
    gate.release("server")
    assert entrance.admits()
    gate.hold("early-stop", "paused: no luck")
    gate.hold("server", "no answer")
    gate.hold("server", "no answer for long")
    assert gate.held_for == ("paused: no luck", "no answer for long")
    gate.release("early-stop")
    assert not entrance.admits()
    gate.release("server")
    assert entrance.admits()
    assert gate.held_for == ()


def test_a_held_gate_admits_a_counted_few(run: RunDir) -> None:
    """So many and no more, again for the next serial; a closed gate forgets what was left."""
    gate, entrance = Gate(run), Entrance(run.gate)
    gate.hold("early-stop")
    assert gate.admit("early-stop", 2)
    assert [entrance.admits() for _ in range(4)] == [True, True, False, False]
    assert gate.admit("early-stop", 1)
    gate.hold("early-stop")
    assert not entrance.admits()
    assert gate.admit("early-stop", 1)
    assert [entrance.admits() for _ in range(2)] == [True, False]


def test_nobody_is_admitted_past_another_holder(run: RunDir) -> None:
    """A trial is let through only when the model server answers."""
    gate, entrance = Gate(run), Entrance(run.gate)
    gate.hold("early-stop")
    gate.hold("server")
    assert not gate.admit("early-stop", 1)
    assert not entrance.admits()


def test_an_admission_is_void_once_somebody_else_has_held_the_gate(run: RunDir) -> None:
    """Whoever admitted must know, or would wait for a trial that cannot start."""
    gate, entrance = Gate(run), Entrance(run.gate)
    gate.hold("early-stop")
    assert gate.admit("early-stop", 1)
    assert gate.admitting
    gate.hold("server")
    gate.release("server")
    assert not gate.admitting
    assert not entrance.admits()


@given(st.binary(max_size=20))
def test_damage_keeps_the_gate_shut(tmp_path_factory: pytest.TempPathFactory, damage: bytes) -> None:
    """A file of anything: no crash inside Harbor's hook, and no flood either."""
    path = tmp_path_factory.mktemp("gate") / "gate"
    path.write_bytes(damage)
    entrance = Entrance(path)
    if damage and not damage.split(b" ")[-1].isdigit():
        assert not entrance.admits()
    else:
        entrance.admits()

"""Ctrl-C and SIGTERM at random moments, twice in a row too: a clean end, and the same command goes on."""

import os
import random
import signal

import pytest

from benchmarks.workload import make
from otcloud.runs.journal import read_lines
from otcloud.trials.published import read_index
from tests.flow.command import Otcloud, wait_for
from tests.lab.test_kills import ATTEMPTS, TASKS, WORDS, check, find

ENDS = {0, 130}
"""Done before the signal came, or interrupted."""


def round_of_signals(otcloud: Otcloud, sig: signal.Signals, seed: int) -> None:
    """Start, interrupt (one time in three twice), look for leftovers, start again until it is done."""
    chance = random.Random(f"{sig}-{seed}")
    recipe = make(otcloud.folder / "work", TASKS, 0.3)
    command = otcloud.start("tracegen", recipe, *WORDS)
    moment, pause = chance.randrange(0, TASKS * ATTEMPTS * 7), chance.random() * 3
    wait_for(lambda: command.poll() is not None or _events(otcloud) >= moment, "the moment came")
    wait_for(lambda: otcloud.runs() or command.poll() is not None, "there is a run, or it is over")
    command.send(sig)
    if chance.randrange(3) == 0:
        command.wait(pause)
        command.send(sig)
    assert command.wait(120) in ENDS, (otcloud.folder / "otcloud.log").read_text()
    wait_for(lambda: not otcloud.pids(), "every process is gone", 30)
    assert not otcloud.mounts()
    assert "Traceback" not in (otcloud.folder / "otcloud.log").read_text()
    [run] = otcloud.runs()
    before = [trial.trial for trial in read_index(run.published_index)]
    if sum(trial.counts for trial in read_index(run.published_index)) < TASKS * ATTEMPTS:
        again = otcloud("tracegen", recipe, *WORDS)
        assert again.code == 0, again.stderr
    elif find(otcloud, "cli") is None:
        assert otcloud("resume", run.run_id, "-q").code == 0
    check(run, before)


def _events(otcloud: Otcloud) -> int:
    return sum(len(list(read_lines(run.harbor_events))) for run in otcloud.runs())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM], ids=str)
def test_interrupt_and_run_again(otcloud: Otcloud, sig: signal.Signals, seed: int) -> None:
    """Three seeded rounds for each signal."""
    round_of_signals(otcloud, sig, seed)


def test_a_node_that_is_sent_sigterm_ends_in_order(otcloud: Otcloud) -> None:
    """As a batch system does it: the command ends like an interrupted one, and says how to go on."""
    recipe = make(otcloud.folder / "work", TASKS, 1.0)
    command = otcloud.start("tracegen", recipe, *WORDS)
    wait_for(lambda: _events(otcloud) > 4, "trials run")
    pid = wait_for(lambda: find(otcloud, "node"), "the node runs")
    os.kill(pid, signal.SIGTERM)
    assert command.wait(120) == 130
    assert "otcloud resume" in (otcloud.folder / "otcloud.log").read_text()
    assert otcloud("tracegen", recipe, *WORDS).code == 0
    check(otcloud.runs()[0], [])


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 120))
@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM], ids=str)
def test_interrupt_and_run_again_and_again(otcloud: Otcloud, sig: signal.Signals, seed: int) -> None:
    """Twenty more rounds for each signal."""
    round_of_signals(otcloud, sig, seed)

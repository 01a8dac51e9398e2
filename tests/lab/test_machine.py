"""The machine at fault: a full disk, a clock that jumps, files that a crash left empty; and a thousand trials."""

import json
import shutil
import signal
from pathlib import Path

import pytest

from benchmarks.workload import make
from otcloud import process
from otcloud.runs.journal import read_lines
from otcloud.trials.published import read_index
from tests.disks import small_disk
from tests.flow.command import Otcloud, wait_for
from tests.lab.test_early_stop import ended

COMPILER = shutil.which("cc")
CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int code = real(clock, now);
    FILE *moved = clock == CLOCK_REALTIME ? fopen(getenv("MOVED_BY"), "re") : NULL;
    long days = 0;
    if (moved) {
        if (fscanf(moved, "%ld", &days) == 1) now->tv_sec += days * 86400;
        fclose(moved);
    }
    return code;
}
"""
"""A wall clock that is off by as many days as a file says; the monotonic clock is left alone, as in a real jump."""


def fill(folder: Path) -> Path:
    """Take all that is left of the disk."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as out:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    out.write(bytes(size))
            except OSError:
                continue  # full: the smaller piece next
    return filler


def test_a_full_disk_loses_nothing_that_finished(otcloud: Otcloud) -> None:
    """Told with exit code 8; with room again the same command finishes, and what was published is still there."""
    recipe = make(otcloud.folder / "work", 12, 0.5)
    words = ("tracegen", recipe, "--n-concurrent", "2")
    with small_disk(otcloud.folder / "runs", "size=24m"):
        command = otcloud.start(*words)
        wait_for(lambda: otcloud.runs() and len(list(read_index(otcloud.runs()[0].published_index))) >= 2, "published")
        filler = fill(otcloud.folder / "runs")
        assert command.wait(200) == 8
        said = (otcloud.folder / "otcloud.log").read_text()
        assert "No space left" in said
        assert "Traceback" not in said
        [run] = otcloud.runs()
        before = [trial.trial for trial in read_index(run.published_index)]
        filler.unlink()
        done = otcloud(*words, "--json")
        assert done.code == 0, done.stderr
        after = [trial.trial for trial in read_index(run.published_index)]
        assert after[: len(before)] == before
        assert json.loads(done.stdout)["summary"]["done"] == 12
        assert otcloud.runs() == [run]


@pytest.mark.skipif(COMPILER is None, reason="compiles a clock that jumps: needs a C compiler (cc)")
def test_a_clock_that_jumps_ends_nothing(otcloud: Otcloud) -> None:
    """A day forward and two back while trials run: no deadline fires, no time is negative, the figures hold."""
    recipe = make(otcloud.folder / "work", 8, 0.5)
    moved, source = otcloud.folder / "moved", otcloud.folder / "clock.c"
    moved.write_text("0")
    source.write_text(CLOCK)
    built = process.run([COMPILER or "", "-shared", "-fPIC", "-o", source.with_suffix(".so"), source, "-ldl"])
    assert built.code == 0, built.stderr
    jumping = {**otcloud.environ, "LD_PRELOAD": str(source.with_suffix(".so")), "MOVED_BY": str(moved)}
    command = Otcloud(otcloud.folder, jumping).start("tracegen", recipe, "--n-concurrent", "2")
    for jump, seen in (("1", 2), ("-1", 4)):
        wait_for(lambda seen=seen: otcloud.runs() and ended(otcloud.runs()[0]) >= seen, "trials have ended")
        moved.write_text(jump)
    assert command.wait(120) == 0
    [run] = otcloud.runs()
    days = {str(event["t"])[:10] for event in read_lines(run.node_events)}
    assert len(days) > 1, "the clock did jump"
    trials = list(read_index(run.published_index))
    assert len([trial for trial in trials if trial.counts]) == 8
    assert all(trial.wall_sec is not None and trial.wall_sec >= 0 for trial in trials)
    assert otcloud.json("status")["state"] == "done"


@pytest.mark.parametrize("left", [0, 40], ids=["empty", "torn"])
def test_files_that_a_crash_left_short_are_no_obstacle(otcloud: Otcloud, left: int) -> None:
    """Status, index, events, job and trial results cut to a few bytes: what was published whole stays, the rest is run
    again."""
    recipe = make(otcloud.folder / "work", 5, 0.5)
    command = otcloud.start("tracegen", recipe, "--n-concurrent", "2", "-q")
    wait_for(lambda: otcloud.runs() and ended(otcloud.runs()[0]) >= 2, "two trials have ended")
    command.send(signal.SIGKILL)
    command.wait(10)
    wait_for(lambda: not otcloud.pids(), "every process is gone")
    [run] = otcloud.runs()
    kept = [trial.trial for trial in read_index(run.published_index)]
    cut = [run.status, run.harbor_events, run.node_events, *run.jobs.glob("*/result.json"), *run.jobs.glob("*.json")]
    unpublished = [path for path in run.jobs.glob("*/*/result.json") if path.parent.name not in kept]
    for path in (*cut, *unpublished):
        path.write_bytes(path.read_bytes()[:left])
    done = otcloud("tracegen", recipe, "--n-concurrent", "2", "-q")
    assert done.code == 0, done.stderr
    trials = list(read_index(run.published_index))
    assert sorted(trial.task for trial in trials if trial.counts) == [f"sleep-{index:03d}" for index in range(5)]
    assert set(kept) <= {trial.trial for trial in trials}


def test_a_thousand_trials(otcloud: Otcloud) -> None:
    """All of them published once, in one job, with the figures right and the dataset whole."""
    recipe = make(otcloud.folder / "work", 50, 0.0)
    for task in (recipe.parent / "tasks").iterdir():
        (task / "solution").mkdir()
        (task / "solution" / "solve.sh").write_text(f"#!/bin/bash\necho {task.name} > /app/answer.txt\n")
    done = otcloud("tracegen", recipe, "--agent", "oracle", "--n-attempts", "20", "--n-concurrent", "16", "--json")
    assert done.code == 0, done.stderr
    summary = json.loads(done.stdout)["summary"]
    assert (summary["planned"], summary["done"], summary["passed"], summary["retried"]) == (1000, 1000, 1000, 0)
    [run] = otcloud.runs()
    trials = list(read_index(run.published_index))
    assert len({trial.trial for trial in trials}) == 1000
    assert len({trial.slot for trial in trials}) == 1000
    assert len(list(run.published.glob("*.tar.gz"))) == 1000
    assert [path.name for path in run.jobs.glob("*.json")] == ["0000-00.json"]

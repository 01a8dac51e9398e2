"""How long it takes until a dead model endpoint is told, through otcloud and through bare Harbor, on the same job.

Run: `uv run python -m benchmarks.dead_endpoint [--trials 4]`. Two cases: the endpoint is dead from the start, and it
dies after the first trial has ended. Harbor says it when its job has ended; otcloud's message, or its note that starts
are held back, is what counts. Prints seconds, ratios, and the trials that each side burnt.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from otcloud import process
from otcloud.node import harbor as harbor_jobs
from otcloud.node.api import variables
from otcloud.node.slots import entries
from otcloud.programs import Harbor, ensure_harbor
from otcloud.runs.journal import read_json, read_lines, write_json
from otcloud.runs.layout import RunDir
from otcloud.runs.stored import stored_plan
from tests.flow.command import COMMAND, wait_for
from tests.lab.taught import SECRET, recipe, teacher
from tests.lab.teacher import Teacher
from tests.lab.teaching import Fault

_JOB = "bare"


class Bench:
    """One folder, one recipe of the default agent, the same job for both sides."""

    def __init__(self, folder: Path, trials: int) -> None:
        self.folder, self.trials = folder, trials
        self.environ = {**os.environ, "OTCLOUD_DATA": str(folder / "data"), SECRET: "bench-key"}

    def recipe(self, taught: Teacher) -> Path:
        """One trial at a time and no retries of Harbor's, so that neither side waits for what the recipe asks for."""
        trials = {"concurrency": 1, "retries": 0, "early_stop": {"enabled": False}}
        agent = {"name": "terminus-2"}
        return recipe(self.folder, taught.url, self.trials, seconds=0.0, agent=agent, trials=trials)

    def otcloud(self, path: Path) -> process.Child:
        """`otcloud tracegen` in the background."""
        words: list[str | Path] = [COMMAND, "tracegen", path, "-q", "--new"]
        return process.start(words, name="otcloud", log=self.folder / "otcloud.log", env=self.environ, cwd=self.folder)

    def run(self) -> RunDir:
        """The newest run directory, once there is one."""
        found = wait_for(lambda: sorted(self.folder.glob("runs/*/plan.json")), "a run has started")
        return RunDir(found[-1].parent)

    def harbor(self, run: RunDir) -> process.Child:
        """Bare `harbor run` in the folder of a run of otcloud's, on its job file."""
        plan, lock = stored_plan(run), read_json(run.tasks_lock)
        assert lock is not None
        harbor, spec = self.program(plan.harbor.lock), plan.candidates[0].serve.api
        assert spec is not None
        job = harbor_jobs.compose(plan, _JOB, entries(lock))
        write_json(run.job_file(_JOB), job)
        env = harbor_jobs.environment(self.environ, {}, harbor, run, variables(spec, self.environ))
        words = [harbor.command, "run", "-c", run.job_file(_JOB).relative_to(run.root), "-y", "--job-name", _JOB]
        return process.start(words, name="harbor", log=self.folder / "harbor.log", env=env, cwd=run.root)

    def program(self, lock: str) -> Harbor:
        """Harbor's venv."""
        return ensure_harbor(lock, Path(self.environ["OTCLOUD_CACHE"]), self.environ, lambda _text: None)


def until(happened: Callable[[], Any], what: str) -> float:
    """Seconds until something is true."""
    begin = time.monotonic()
    wait_for(happened, what, 3600)
    return time.monotonic() - begin


def ended(child: process.Child, what: str) -> tuple[float, int]:
    """Seconds until a program ends, and its exit code."""
    took = until(lambda: child.poll() is not None, what)
    code = child.poll()
    child.stop()
    return took, -1 if code is None else code


def lost(run: RunDir, job: str) -> int:
    """Trials of a job that ended with an exception."""
    results = [read_json(path) or {} for path in run.jobs.glob(f"{job}/*/result.json")]
    return sum(bool(result.get("exception_info")) for result in results)


def dying(bench: Bench, taught: Teacher, start: Callable[[], process.Child], job: str) -> tuple[process.Child, RunDir]:
    """Start, and let the endpoint die when the first trial of `job` has ended."""
    taught.down = None
    child = start()
    run = bench.run()
    wait_for(lambda: list(run.jobs.glob(f"{job}/*/result.json")), "the first trial has ended", 600)
    return child, run


def measure(bench: Bench) -> dict[str, Any]:
    """Both cases."""
    with teacher() as taught:
        taught.key = None
        path = bench.recipe(taught)
        child, run = dying(bench, taught, lambda: bench.otcloud(path), "0000-00")
        taught.down = Fault.RESET
        noticed = until(lambda: "endpoint-down" in [line["event"] for line in read_lines(run.node_events)], "a note")
        burnt = lost(run, "0000-00")
        child.stop()
        child, run = dying(bench, taught, lambda: bench.harbor(run), _JOB)
        taught.down = Fault.RESET
        told, code = ended(child, "Harbor has ended")
        middle = {"otcloud": noticed, "harbor": told, "burnt": (burnt, lost(run, _JOB)), "harbor_code": code}
        shutil.rmtree(run.jobs / _JOB)
        at_once, own = ended(bench.otcloud(path), "otcloud has ended")
        told, code = ended(bench.harbor(run), "Harbor has ended")
        burnt_at_start = (0, lost(run, _JOB))
    start = {"otcloud": at_once, "harbor": told, "burnt": burnt_at_start, "harbor_code": code, "otcloud_code": own}
    return {"start": start, "middle": middle}


def main() -> None:
    """Measure once: what is measured is minutes against seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=4)
    trials: int = parser.parse_args().trials
    folder = Path(tempfile.mkdtemp())
    try:
        found = measure(Bench(folder, trials))
    finally:
        with suppress(OSError):  # a sandbox may still be going away
            shutil.rmtree(folder)
    for case, figures in found.items():
        ratio = figures["harbor"] / figures["otcloud"]
        print(f"{case:7} otcloud {figures['otcloud']:6.1f} s   harbor {figures['harbor']:6.1f} s   ratio {ratio:5.1f}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()

"""Ctrl-C with sixteen trials in flight: seconds until the command has ended and nothing of it is left.

Run: `uv run python -m benchmarks.interrupt [--trials 16] [--rounds 3]`. `otcloud tracegen` and bare `harbor run` on the
same job file, in turn; both are sent SIGINT once every trial's agent is at work. Prints medians and their ratio.
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.workload import make
from otcloud import process
from otcloud.engines.recording import load
from otcloud.programs import Harbor, ensure_harbor, harbor_lock
from otcloud.runs.journal import read_lines
from otcloud.runs.layout import RunDir

_PORT, _KEY = 18433, "a-key-for-the-bare-run"
_SECONDS = 60.0
"""What each trial would take: none ends by itself meanwhile."""


def main() -> None:
    """Interrupt both ways and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    environ = {"OTCLOUD_CACHE": str(folder / "cache"), **os.environ, "OTCLOUD_DATA": str(folder / "data")}
    ours, bare = list[float](), list[float]()
    try:
        harbor = ensure_harbor(harbor_lock("0.24.0", "docker"), Path(environ["OTCLOUD_CACHE"]), environ, print)
        recipe = make(folder / "work", asked.trials, _SECONDS)
        for number in range(asked.rounds):
            name = f"round-{number}"
            ours.append(through_otcloud(recipe, name, asked.trials, environ))
            bare.append(through_harbor(recipe.parent / "runs" / name, asked.trials, harbor, environ))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"otcloud tracegen  {statistics.median(ours):6.2f} s")
    print(f"harbor run        {statistics.median(bare):6.2f} s")
    print(f"ratio             {statistics.median(ours) / statistics.median(bare):6.2f}")


def through_otcloud(recipe: Path, name: str, trials: int, environ: dict[str, str]) -> float:
    """Seconds from Ctrl-C to the end of `otcloud tracegen` and of all it started."""
    words = ["--n-concurrent", str(trials), "--job-name", name, "--new", "-q"]
    argv: list[str | Path] = [Path(sys.executable).with_name("otcloud"), "tracegen", recipe, *words]
    log = recipe.parent / "otcloud.log"
    child = process.start(argv, name="otcloud", log=log, env=environ, cwd=recipe.parent, death_signal=signal.SIGINT)
    run = RunDir(recipe.parent / "runs" / name)
    _wait(lambda: _at_work(run.harbor_events) == trials, child)
    return _interrupt(child, str(run.root))


def through_harbor(run: Path, trials: int, harbor: Harbor, environ: dict[str, str]) -> float:
    """The same for bare `harbor run` on the same job file, with the plug-in that tells when the agents are at work."""
    job = json.loads((run / "jobs" / "0000-00.json").read_text())
    job |= {"job_name": "bare", "jobs_dir": "bare"}
    job["environment"]["kwargs"]["scratch"] = "bare-scratch"
    (run / "bare.json").write_text(json.dumps(job))
    env = {**environ, "PYTHONPATH": str(harbor.code), "HARBOR_TELEMETRY": "0", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    env |= {"VLLM_API_KEY": _KEY, "HOSTED_VLLM_API_KEY": _KEY, "HOSTED_VLLM_API_BASE": f"http://127.0.0.1:{_PORT}/v1"}
    recording = run / "inputs" / "recording.jsonl"
    served = ["--served-name", load(recording).model.rsplit("/", 1)[-1], "--port", str(_PORT)]
    server_argv: list[str | Path] = [sys.executable, "-m", "otcloud.engines", "--recording", recording, *served]
    plugin = ["--plugin", "otcloud.harbor_ext.plugin:Plugin", "--pk", "events=bare.jsonl"]
    argv: list[str | Path] = [harbor.command, "run", "-c", "bare.json", "-y", "--job-name", "bare", *plugin]
    server = process.start(server_argv, name="server", log=run / "bare-server.log", env=env)
    try:
        child = process.start(argv, name="harbor", log=run / "bare.log", env=env, cwd=run, death_signal=signal.SIGINT)
        _wait(lambda: _at_work(run / "bare.jsonl") == trials, child)
        return _interrupt(child, "bare-scratch")
    finally:
        server.stop(sig=signal.SIGTERM)


def _at_work(events: Path) -> int:
    return sum(event["event"] == "agent-start" for event in read_lines(events))


def _interrupt(child: process.Child, mark: str) -> float:
    begin = time.perf_counter()
    child.send(signal.SIGINT)
    while child.poll() is None or mark in Path("/proc/self/mounts").read_text():
        time.sleep(0.01)
    return time.perf_counter() - begin


def _wait(happened: Callable[[], bool], child: process.Child) -> None:
    while not happened():
        if child.poll() is not None:
            raise SystemExit(f"{child.name} ended too early, with code {child.poll()}")
        time.sleep(0.1)


if __name__ == "__main__":
    main()

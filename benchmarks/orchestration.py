"""What otcloud costs on top of Harbor: a job through `otcloud tracegen` against bare `harbor run` on the same job file.

Run: `uv run python -m benchmarks.orchestration [--trials 200] [--seconds 3] [--concurrency 8]`. Both take the same job
file, tasks, server and sandboxes; start-up is counted on both sides. Prints wall times, their ratio, and the largest
sum of memory (PSS) that otcloud's own processes held meanwhile.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from threading import Event, Thread

from benchmarks.workload import make
from otcloud import process
from otcloud.engines.recording import load
from otcloud.programs import Harbor, ensure_harbor, harbor_lock

_PORT, _KEY = 18431, "a-key-for-the-bare-run"
_OURS = (b"otcloud.node", b"otcloud.engines", b"bin/otcloud")


def main() -> None:
    """Run the job both ways and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--concurrency", type=int, default=8)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    environ = {"OTCLOUD_CACHE": str(folder / "cache"), **os.environ, "OTCLOUD_DATA": str(folder / "data")}
    try:
        harbor = ensure_harbor(harbor_lock("0.24.0", "docker"), Path(environ["OTCLOUD_CACHE"]), environ, print)
        recipe = make(folder / "work", asked.trials // 10, asked.seconds)
        ours, memory, run = through_otcloud(recipe, asked.concurrency, environ)
        bare = through_harbor(run, harbor, environ)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"otcloud tracegen  {ours:7.1f} s")
    print(f"harbor run        {bare:7.1f} s")
    print(f"ratio             {ours / bare:7.3f}")
    print(f"memory of otcloud's own processes, largest sum of PSS: {memory / 2**20:.0f} MiB")


def through_otcloud(recipe: Path, concurrency: int, environ: dict[str, str]) -> tuple[float, int, Path]:
    """Seconds, bytes and the run directory of the job through otcloud."""
    peak, done = [0], Event()
    watcher = Thread(target=_watch, args=(peak, done))
    watcher.start()
    words = ["--n-attempts", "10", "--n-concurrent", str(concurrency), "--job-name", "measured", "--json", "-q"]
    begin = time.perf_counter()
    try:
        argv: list[str | Path] = [Path(sys.executable).with_name("otcloud"), "tracegen", recipe, *words]
        ended = process.run(argv, env=environ, cwd=recipe.parent)
    finally:
        took = time.perf_counter() - begin
        done.set()
        watcher.join()
    if ended.code != 0:
        raise SystemExit(ended.stderr)
    return took, peak[0], Path(json.loads(ended.stdout)["path"])


def through_harbor(run: Path, harbor: Harbor, environ: dict[str, str], *without: str) -> float:
    """Seconds of the same job file under bare `harbor run`, server start included.

    `without`: keys of the job's environment that are left out.
    """
    job = json.loads((run / "jobs" / "0000-00.json").read_text())
    job["environment"] = {key: value for key, value in job["environment"].items() if key not in without}
    (run / "bare.json").write_text(json.dumps({**job, "job_name": "bare", "jobs_dir": "bare"}))
    env = {**environ, "PYTHONPATH": str(harbor.code), "HARBOR_TELEMETRY": "0", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    env |= {"VLLM_API_KEY": _KEY, "HOSTED_VLLM_API_KEY": _KEY, "HOSTED_VLLM_API_BASE": f"http://127.0.0.1:{_PORT}/v1"}
    recording = run / "inputs" / "recording.jsonl"
    served = ["--served-name", load(recording).model.rsplit("/", 1)[-1], "--port", str(_PORT)]
    begin = time.perf_counter()
    server_argv: list[str | Path] = [sys.executable, "-m", "otcloud.engines", "--recording", recording, *served]
    server = process.start(server_argv, name="server", log=run / "bare-server.log", env=env)
    try:
        done = process.run([harbor.command, "run", "-c", "bare.json", "-y", "--job-name", "bare"], env=env, cwd=run)
    finally:
        took = time.perf_counter() - begin
        server.stop(sig=signal.SIGTERM)
    stats = json.loads((run / "bare" / "bare" / "result.json").read_text())["stats"]
    if done.code != 0 or stats["n_errored_trials"]:
        raise SystemExit(f"{stats}\n{done.stdout[-2000:]}")
    return took


def _watch(peak: list[int], done: Event) -> None:
    while not done.wait(0.5):
        peak[0] = max(peak[0], sum(_pss(path) for path in Path("/proc").glob("[0-9]*") if _is_ours(path)))


def _is_ours(path: Path) -> bool:
    try:
        return any(mark in (path / "cmdline").read_bytes() for mark in _OURS)
    except OSError:
        return False  # it has ended meanwhile


def _pss(path: Path) -> int:
    try:
        lines = (path / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # it has ended meanwhile
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


if __name__ == "__main__":
    main()

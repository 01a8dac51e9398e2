"""Docker trials a minute: `otcloud tracegen` against bare `harbor run` on the same tasks, agent and concurrency.

Run: `uv run python -m benchmarks.containers [--trials 10] [--seconds 0.5] [--concurrency 1]`, with a docker whose
daemon runs and that has, or can pull, debian:bookworm-slim. Harbor gets the job file that otcloud made, without the
Compose settings that otcloud adds. Start-up is counted on both sides. Prints both rates and their ratio.
"""

import argparse
import os
import shutil
import tempfile
from pathlib import Path

from benchmarks.orchestration import through_harbor, through_otcloud
from benchmarks.workload import make
from otcloud import containers
from otcloud.programs import ensure_harbor, harbor_lock


def main() -> None:
    """Run the job both ways and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10, help="a multiple of ten")
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--concurrency", type=int, default=1)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    environ = {"OTCLOUD_CACHE": str(folder / "cache"), **os.environ, "OTCLOUD_DATA": str(folder / "data")}
    try:
        containers.require("docker", environ)
        harbor = ensure_harbor(harbor_lock("0.24.0", "docker"), Path(environ["OTCLOUD_CACHE"]), environ, print)
        recipe = docker_workload(folder / "work", asked.trials // 10, asked.seconds)
        ours, _, run = through_otcloud(recipe, asked.concurrency, environ)
        bare = through_harbor(run, harbor, environ, "extra_docker_compose")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for name, seconds in (("otcloud tracegen", ours), ("harbor run", bare)):
        print(f"{name:<17} {seconds:7.1f} s  {60 * asked.trials / seconds:6.1f} trials a minute")
    print(f"ratio             {bare / ours:7.2f}")


def docker_workload(folder: Path, tasks: int, seconds: float) -> Path:
    """The made-up workload in docker, on the network that every docker can give without a further image."""
    recipe = make(folder, tasks, seconds)
    recipe.write_text(recipe.read_text().replace('{"type": "local"}', '{"type": "docker"}'))
    for task in folder.glob("tasks/*/task.toml"):
        task.write_text(task.read_text().replace('"no-network"', '"public"'))
    return recipe


if __name__ == "__main__":
    main()

"""How long a person waits for `otcloud --help` and `otcloud plan`, against `harbor --help`, pair by pair in one run.

Run: `uv run python -m benchmarks.start_up [--rounds 7]`. Prints medians in seconds and the ratios.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from otcloud import process
from otcloud.programs import ensure_harbor, harbor_lock


def seconds(argv: list[str | Path], folder: Path) -> float:
    """Wall time of one command, start to end."""
    begin = time.perf_counter()
    done = process.run(argv, env=dict(os.environ), cwd=folder)
    took = time.perf_counter() - begin
    if done.code != 0:
        raise SystemExit(f"{argv} ended with {done.code}: {done.stderr}")
    return took


def main() -> None:
    """Measure in turn, so that a slower moment of the machine falls on all commands alike."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds: int = parser.parse_args().rounds
    folder = Path(tempfile.mkdtemp())
    try:
        cache = Path(os.environ.get("OTCLOUD_CACHE", folder / "cache"))
        harbor = ensure_harbor(harbor_lock("0.24.0", "docker"), cache, os.environ, print)
        otcloud = Path(sys.executable).with_name("otcloud")
        commands: dict[str, list[str | Path]] = {
            "harbor --help": [harbor.command, "--help"],
            "otcloud --help": [otcloud, "--help"],
            "otcloud plan quickstart": [otcloud, "plan", "quickstart"],
        }
        for argv in commands.values():
            seconds(argv, folder)
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(rounds):
            for name, argv in commands.items():
                taken[name].append(seconds(argv, folder))
    finally:
        shutil.rmtree(folder)
    for name, values in taken.items():
        ratios = [value / bare for value, bare in zip(values, taken["harbor --help"], strict=True)]
        print(f"{name:26} {statistics.median(values):6.3f} s   {statistics.median(ratios):5.2f} of harbor --help")


if __name__ == "__main__":
    main()

"""`--harbor-extra-arg`: words of `harbor run` -> keys of a recipe. What has no key is refused with the reason.

Source of the names: `harbor run --help` of 0.24.0; tests/contract/test_upstream_names.py compares.
"""

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from otcloud.recipe.flag_values import Reader, agent_arguments, agent_identity, pairs, task_source


def _last(path: str) -> Reader:
    def read(value: object, cwd: Path) -> Mapping[str, object]:
        return {path: cast("list[str]", value)[-1]}

    return read


def _all(path: str) -> Reader:
    def read(value: object, cwd: Path) -> Mapping[str, object]:
        return {path: value}

    return read


def _by(reader: Reader) -> Reader:
    def read(value: object, cwd: Path) -> Mapping[str, object]:
        return reader(cast("list[str]", value)[-1], cwd)

    return read


VALUES: Mapping[tuple[str, ...], Reader] = {
    ("--n-concurrent", "-n"): _last("trials.concurrency"),
    ("--n-attempts", "-k"): _last("trials.attempts"),
    ("--max-retries", "-r"): _last("trials.retries"),
    ("--timeout-multiplier",): _last("trials.timeout_multiplier"),
    ("--env", "-e"): _last("sandbox.type"),
    ("--override-cpus",): _last("sandbox.cpus"),
    ("--override-memory-mb",): _last("sandbox.memory_mb"),
    ("--override-storage-mb",): _last("sandbox.storage_mb"),
    ("--environment-kwarg", "--ek"): pairs("sandbox.kwargs"),
    ("--agent-kwarg", "--ak"): agent_arguments,
    ("--agent", "-a"): _by(agent_identity),
    ("--model", "-m"): _last("model.id"),
    ("--dataset", "-d"): _last("tasks.registry"),
    ("--path", "-p"): _by(task_source),
    ("--include-task-name", "-i"): _all("tasks.include"),
    ("--exclude-task-name", "-x"): _all("tasks.exclude"),
    ("--n-tasks", "-l"): _last("tasks.limit"),
}
"""Options that take a value; where one is repeated the last holds, or all do."""

SWITCHES: Mapping[str, tuple[str, bool]] = {
    "--force-build": ("sandbox.force_build", True),
    "--no-force-build": ("sandbox.force_build", False),
    "--delete": ("sandbox.delete", True),
    "--no-delete": ("sandbox.delete", False),
    "--disable-verification": ("trials.verify", False),
    "--enable-verification": ("trials.verify", True),
}

IDLE = ("--quiet", "--silent", "-q", "--debug", "--yes", "-y")
"""Options that change nothing that otcloud leaves to Harbor."""

REASONS: Mapping[str, str] = {
    "--config": "give the file as --harbor-config",
    "-c": "give the file as --harbor-config",
    "--job-name": "otcloud names Harbor's jobs; --job-name names the run",
    "--jobs-dir": "runs are kept in --runs-dir",
    "-o": "runs are kept in --runs-dir",
    "--plugin": "otcloud's own plug-in is the one that is loaded",
    "--env-file": "give the file as --secrets-env",
    "--agent-env": "secrets are named in `secrets` and given by --secrets-env",
    "--ae": "secrets are named in `secrets` and given by --secrets-env",
    "--retry-include": "otcloud decides by its own table of failures what is tried again",
    "--retry-exclude": "otcloud decides by its own table of failures what is tried again",
    "--upload": "results are published by the recipe's `publish`",
}


def harbor_words(value: object, cwd: Path) -> Mapping[str, object]:
    """The keys that the words of all `--harbor-extra-arg` state. Error: ValueError naming every word without one."""
    try:
        words = [word for text in cast("list[str]", value) for word in shlex.split(text)]
    except ValueError:
        # shlex's own words name no argument.
        raise ValueError("holds a quote that is not closed") from None
    found: dict[str, object] = {}
    gathered: dict[tuple[str, ...], list[str]] = {}
    refused: list[str] = []
    for name, given in _pairs(words):
        names = next((each for each in VALUES if name in each), None)
        if names is not None and given is not None:
            gathered.setdefault(names, []).append(given)
        elif name in SWITCHES:
            path, switched = SWITCHES[name]
            found[path] = switched
        elif name not in IDLE:
            refused.append(_refusal(name, takes=names is not None))
    if refused:
        raise ValueError("; ".join(refused))
    for names, texts in gathered.items():
        found.update(VALUES[names](texts, cwd))
    return found


def _pairs(words: list[str]) -> Iterator[tuple[str, str | None]]:
    """Options with their values; `--name=value` too. The word behind an option that is refused goes with it."""
    taking = {name for names in VALUES for name in names}
    place = 0
    while place < len(words):
        name, equals, value = words[place].partition("=") if words[place].startswith("--") else (words[place], "", "")
        name = name.replace("_", "-") if name.startswith("--") else name
        place += 1
        follows = place < len(words) and (name in taking or not words[place].startswith("-"))
        if equals:
            yield name, value
        elif name.startswith("-") and follows and name not in (*SWITCHES, *IDLE):
            yield name, words[place]
            place += 1
        else:
            yield name, None


def _refusal(name: str, *, takes: bool) -> str:
    said = "".join(character if character.isprintable() else "?" for character in name)[:40]
    if takes:
        return f"{said} lacks its value"
    if not name.startswith("-"):
        return f"{said} is no option of harbor run"
    return f"{said} has no key in a recipe" + (f": {REASONS[name]}" if name in REASONS else "")

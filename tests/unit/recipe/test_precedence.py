"""Which layer wins, and where a value says that it came from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from otcloud.recipe.load import load

BASE = "model: {id: org/base}\ntasks: {hub: org/data}\n"


@pytest.mark.parametrize(
    ("files", "preset", "sets", "flags", "value", "origin"),
    [
        ([BASE], None, [], {}, 2, None),
        ([BASE + "trials: {retries: 5}\n"], None, [], {}, 5, "0.yaml:3"),
        ([BASE + "trials: {retries: 5}\n", "trials: {retries: 6}"], None, [], {}, 6, "1.yaml:1"),
        ([BASE + "trials: {retries: 5}\n", "trials:\n  retries:\n"], None, [], {}, 2, "1.yaml:2"),
        ([BASE + "trials: {retries: 5}\n", "trials:\n"], None, [], {}, 5, "0.yaml:3"),
        ([BASE + "trials: {retries: 5}\n"], None, ["trials.retries=7"], {}, 7, "--set trials.retries"),
        ([BASE], None, ["trials.retries=7", "trials.retries=8"], {}, 8, "--set trials.retries"),
        ([BASE], None, ["trials.retries=7"], {"retries": 9}, 9, "--retries"),
        ([BASE + "trials: {retries: 5}\n"], None, ["trials.retries="], {}, 2, "--set trials.retries"),
    ],
)
def test_later_layers_win(
    tmp_path: Path,
    files: Sequence[str],
    preset: str | None,
    sets: Sequence[str],
    flags: Mapping[str, object],
    value: int,
    origin: str | None,
) -> None:
    for index, text in enumerate(files):
        (tmp_path / f"{index}.yaml").write_text(text)
    names = [f"{index}.yaml" for index in range(len(files))]
    loaded = load(names, preset=preset, sets=sets, flags=flags, cwd=tmp_path)
    assert loaded.recipe.trials.retries == value
    assert loaded.origins.get("trials.retries") == origin


def test_a_preset_is_below_files_and_the_flag_names_it_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text("")
    text = "preset: api-teacher\nmodel: {recording: r.jsonl}\ntasks: {hub: org/data}\nlimits: {max_hours: 2}\n"
    (tmp_path / "r.yaml").write_text(text)
    loaded = load(["r.yaml"], preset="replay-local", cwd=tmp_path)
    assert loaded.recipe.model.engine == "replay"
    assert loaded.recipe.agent.name == "bash"
    assert loaded.recipe.limits.max_hours == 2
    assert (loaded.recipe.preset, loaded.origins["preset"]) == ("replay-local", "--preset")
    assert loaded.origins["agent.name"].startswith("preset replay-local:")
    assert loaded.recipe.secrets == []


def test_mappings_merge_deep_and_lists_replace(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        BASE + "agent: {kwargs: {a: {x: 1, y: 2}, b: 1}}\ncompute: {regions: [r1, r2]}\nserve: {vllm: {seed: null}}\n"
    )
    (tmp_path / "b.yaml").write_text("agent: {kwargs: {a: {y: 3}, b: {z: 1}}}\ncompute: {regions: [r3]}\n")
    recipe = load(["a.yaml", "b.yaml"], cwd=tmp_path).recipe
    assert recipe.agent.kwargs == {"a": {"x": 1, "y": 3}, "b": {"z": 1}}
    assert recipe.compute.regions == ["r3"]
    assert recipe.serve.vllm == {"seed": None}
    reset = load(["a.yaml", "b.yaml"], sets=["agent.kwargs=", "agent.kwargs.n=1"], cwd=tmp_path).recipe
    assert reset.agent.kwargs == {"n": 1}


@pytest.mark.parametrize(("kind", "attempts", "concurrency"), [("tracegen", 1, 64), ("eval", 3, 16)])
def test_a_kind_has_defaults_of_its_own(tmp_path: Path, kind: str, attempts: int, concurrency: int) -> None:
    flags = {"model": "org/m", "dataset": "tb@2.0"}
    trials = load(flags=flags, cwd=tmp_path, kind=kind).recipe.trials
    assert (trials.attempts, trials.concurrency) == (attempts, concurrency)
    stated = load(flags={**flags, "n_attempts": 2, "n_concurrent": 7}, cwd=tmp_path, kind=kind).recipe.trials
    assert (stated.attempts, stated.concurrency) == (2, 7)


def test_a_kind_left_empty_is_the_commands(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(BASE + "kind:\n")
    recipe = load(["r.yaml"], cwd=tmp_path, kind="eval").recipe
    assert (recipe.kind, recipe.trials.attempts) == ("eval", 3)


def test_flags_alone_suffice_and_origins_name_them(tmp_path: Path) -> None:
    loaded = load(
        flags={"model": "org/m", "dataset": "tb@2.0", "include": [], "limit": None}, cwd=tmp_path, kind="eval"
    )
    assert dict(loaded.origins) == {
        "model.id": "--model",
        "tasks.registry": "--dataset",
        "kind": "otcloud eval",
        "trials.attempts": "default of eval",
        "name": "the recipe's kind",
    }
    assert loaded.recipe.name == "eval"


@pytest.mark.parametrize(
    ("stem", "name"),
    [("My Run_2", "my-run-2"), ("x" * 60, "x" * 40), ("---", "tracegen"), ("a" * 39 + "-b", "a" * 39)],
)
def test_the_name_is_the_files(tmp_path: Path, stem: str, name: str) -> None:
    (tmp_path / "first.yaml").write_text(BASE)
    (tmp_path / f"{stem}.yaml").write_text("")
    assert load(["first.yaml", f"{stem}.yaml"], cwd=tmp_path).recipe.name == name


def test_paths_are_relative_to_what_states_them(tmp_path: Path, home: Path) -> None:
    for folder in ("sub/tasks", "tasks"):
        (tmp_path / folder).mkdir(parents=True)
    (home / "mine").mkdir()
    (tmp_path / "sub" / "r.yaml").write_text("model: {id: org/m}\ntasks: {path: ./tasks/../tasks}\n")

    def path(**rest: Any) -> Path | None:
        return load([Path("sub/r.yaml")], cwd=tmp_path, **rest).recipe.tasks.path

    assert path() == tmp_path / "sub" / "tasks"
    assert path(sets=["tasks.path=tasks"]) == tmp_path / "tasks"
    assert path(flags={"tasks_input_path": "tasks"}) == tmp_path / "tasks"
    assert path(sets=["tasks.path=~/mine"]) == home / "mine"

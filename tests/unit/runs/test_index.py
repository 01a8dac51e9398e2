"""All runs of a user: listed once, newest first, found by a word."""

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from otcloud.errors import UsageError
from otcloud.plan.compile import compile_plan
from otcloud.runs.index import all_runs, register, resolve, unfinished
from otcloud.runs.journal import locked, write_json
from otcloud.runs.layout import RunDir
from tests.unit.plan.made import facts, recipe
from tests.unit.planned import record


def made(folder: Path, name: str, created: str, code: int | None = 0, digest: str = "d1") -> RunDir:
    """A run that has ended."""
    run = RunDir(folder / name)
    write_json(run.run, record(created, exit_code=code, recipe_digest=digest))
    write_json(run.plan, whole_plan())
    write_json(run.tasks_lock, {"tasks": []})
    return run


@cache
def whole_plan() -> dict[str, Any]:
    """A plan as it is stored."""
    return compile_plan(recipe(), facts(), "lock").model_dump(mode="json")


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder with three runs, oldest last by name."""
    folder = tmp_path / "runs"
    made(folder, "b-new", "2026-03-03")
    made(folder, "b-old", "2026-03-01")
    made(folder, "a-mid", "2026-03-02", code=7)
    return folder


def ids(data: Path, runs_dir: Path) -> list[str]:
    """Ids of all runs."""
    return [state.run_id for state in all_runs(data, runs_dir)]


def test_runs_of_the_folder_and_of_the_index_newest_first(tmp_path: Path, runs: Path) -> None:
    data = tmp_path / "data"
    register(data, made(tmp_path / "else", "c", "2026-03-02T12"))
    register(data, RunDir(runs / "gone"))
    (runs / ".x.creating").mkdir()
    assert ids(data, runs) == ["b-new", "c", "a-mid", "b-old"]
    assert ids(tmp_path / "no-data", tmp_path / "no-runs") == []


def test_one_folder_known_by_several_paths_is_one_run(tmp_path: Path, runs: Path) -> None:
    data = tmp_path / "data"
    (tmp_path / "link").symlink_to(runs)
    for path in (runs, tmp_path / "link", runs / ".." / "runs"):
        register(data, RunDir(path / "a-mid"))
    assert ids(data, tmp_path / "link") == ["b-new", "a-mid", "b-old"]
    assert resolve("a-mid", data, runs).root == runs / "a-mid"


def test_a_word_is_an_id_the_start_of_one_or_a_folder(
    tmp_path: Path, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(word: str | None) -> str:
        return resolve(word, tmp_path, runs).run_id

    assert (found(None), found("b-old"), found("a")) == ("b-new", "b-old", "a-mid")
    (tmp_path / "by-another-name").symlink_to(runs / "a-mid")
    assert found(str(tmp_path / "by-another-name")) == "a-mid"
    monkeypatch.chdir(runs / "b-old")
    assert found(".") == "b-old"


def test_an_id_that_is_the_start_of_another_means_itself(tmp_path: Path, runs: Path) -> None:
    made(runs, "b-new-2", "2026-03-04")
    assert resolve("b-new", tmp_path, runs).run_id == "b-new"


@pytest.mark.parametrize(("word", "said"), [("b-", "several runs"), ("b-nwe", "did you mean b-new?"), ("\0", "no run")])
def test_a_word_that_means_none_or_several(tmp_path: Path, runs: Path, word: str, said: str) -> None:
    with pytest.raises(UsageError) as raised:
        resolve(word, tmp_path, runs)
    assert said in str(raised.value)


def test_without_any_run_a_command_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        resolve("x", tmp_path, tmp_path)
    assert "otcloud tracegen" in raised.value.do


def test_the_newest_unfinished_run_of_the_recipe_in_this_folder(tmp_path: Path, runs: Path) -> None:
    data = tmp_path / "data"
    register(data, made(tmp_path / "else", "elsewhere", "2026-03-09", code=None))
    made(runs, "other-recipe", "2026-03-08", code=None, digest="d2")
    driven = made(runs, "driven", "2026-03-07", code=None)
    made(runs, "stopped", "2026-03-06", code=None)
    (tmp_path / "link").symlink_to(runs)
    with locked(driven.lock):
        for folder in (runs, tmp_path / "link"):
            found = unfinished("d1", folder, unheard)
            assert found is not None
            assert found.run_id == "stopped"
    assert unfinished("d3", runs, unheard) is None


def unheard(text: str) -> None:
    """Nothing should be said."""
    raise AssertionError(text)


def test_a_run_whose_record_is_torn_is_still_found_by_its_name(tmp_path: Path, runs: Path) -> None:
    (runs / "a-mid" / "run.json").write_text("{")
    assert resolve("a-mid", tmp_path, runs).root == runs / "a-mid"


@pytest.mark.parametrize("torn", ["plan", "tasks_lock"])
def test_a_run_that_a_crash_tore_stands_in_nobodys_way(runs: Path, torn: str) -> None:
    """Told and passed over: the next older one goes on, else a new one starts."""
    path: Path = getattr(made(runs, "torn", "2026-03-09", code=None), torn)
    path.write_bytes(path.read_bytes()[:-9])
    said: list[str] = []
    found = unfinished("d1", runs, said.append)
    assert found is not None
    assert found.run_id == "a-mid"
    assert [text.split(" is ")[0] for text in said] == ["run torn"]
    assert str(path) in said[0]


def test_listing_many_runs_reads_no_journal(tmp_path: Path) -> None:
    """The state of a run of any size is in two small files: the index of its trials is not opened."""
    run = made(tmp_path, "big", "2026-03-01")
    for path in (run.published_index, run.harbor_events, run.log("harbor")):
        path.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(path)  # whoever opened one would wait for a writer
    assert ids(tmp_path / "data", tmp_path) == ["big"]


def test_a_folder_of_ones_own_is_the_only_one(tmp_path: Path) -> None:
    data, runs = tmp_path / "data", tmp_path / "mine"
    register(data, made(tmp_path / "else", "elsewhere", "2026-03-09"))
    here = made(runs, "here", "2026-03-01")
    assert [state.run_id for state in all_runs(data, runs)] == ["elsewhere", "here"]
    assert [state.run_id for state in all_runs(None, runs)] == ["here"]
    assert resolve(None, data, runs).root == here.root
    assert resolve(None, data, tmp_path / "empty").run_id == "elsewhere"
    with pytest.raises(UsageError, match="no runs in"):
        resolve(None, None, tmp_path / "empty")

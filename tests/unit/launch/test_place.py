"""Where a command works, and the facts that it gathers there."""

from pathlib import Path

import pytest

from otcloud.errors import InputInvalid, UsageError
from otcloud.launch.gather import Moment, gather, recording_of
from otcloud.launch.place import place
from tests.unit.planned import NOW, place_with, recipe_of

MOMENT = Moment(NOW, "ab12")


def test_folders_are_relative_to_the_working_folder_and_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "s.env").write_text("A_KEY=value\n")
    environ = {"HOME": "/h"}
    here = place(environ, tmp_path, Path("link"), Path("s.env"))
    assert (here.runs_dir, here.cwd) == (tmp_path / "real", tmp_path)
    assert (here.cache, here.data) == (Path("/h/.cache/otcloud"), Path("/h/.local/share/otcloud"))
    assert here.secrets.pick(["A_KEY"]) == {"A_KEY": "value"}
    assert place(environ, tmp_path, Path("../x")).runs_dir == tmp_path.parent / "x"
    with pytest.raises(InputInvalid):
        _ = place(environ, tmp_path, Path("runs"), Path("missing.env")).secrets


def test_facts_are_the_worlds(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, 'secrets=["DATABASE_URL"]')
    here = place_with(tmp_path, A_KEY="a", HUGGINGFACE_TOKEN="h", DATABASE_URL="d")
    facts = gather(recipe, here, MOMENT, None)
    assert (facts.run_id, facts.now) == ("workload-20260301-100000-ab12", "2026-03-01T10:00:00+00:00")
    assert facts.secrets == ("A_KEY", "DATABASE_URL", "HF_TOKEN", "HUGGINGFACE_TOKEN")
    assert facts.recorded_model == "made/workload"
    assert facts.recording_sha256 is not None
    assert len(facts.recording_sha256) == 64
    assert facts.tasks is not None
    assert [task.name for task in facts.tasks.tasks] == ["sleep-000", "sleep-001"]
    assert facts.sandboxes is None
    assert gather(recipe, here, MOMENT, None) == facts


def test_a_name_for_the_run_is_taken_when_it_can_be_a_folder(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path)
    nobody = place_with(tmp_path)
    assert gather(recipe, nobody, MOMENT, "My_run.2").run_id == "My_run.2"
    for name in ("", ".", "..", "../x", "a/b", "-x", "a b", "a\n", "x" * 200):
        with pytest.raises(UsageError, match="cannot be the name"):
            gather(recipe, nobody, MOMENT, name)


def test_a_recording_or_tasks_that_are_missing_are_refused(tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path)
    nobody = place_with(tmp_path)
    (tmp_path / "recording.jsonl").unlink()
    with pytest.raises(InputInvalid, match=r"recording\.jsonl"):
        gather(recipe, nobody, MOMENT, None)
    unnamed = recipe.model_copy(update={"model": recipe.model.model_copy(update={"recording": None})})
    with pytest.raises(InputInvalid, match="recording is missing"):
        recording_of(unnamed)
    gone = recipe.model_copy(update={"tasks": recipe.tasks.model_copy(update={"path": tmp_path / "gone"})})
    with pytest.raises(InputInvalid, match="gone"):
        gather(gone.model_copy(update={"model": unnamed.model}), nobody, MOMENT, None)

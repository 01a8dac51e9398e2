"""Where a command works, and the facts that it gathers there."""

import sys
from pathlib import Path

import pytest

from otcloud.errors import InputInvalid, UsageError
from otcloud.launch.gather import Moment, gather, recording_of
from otcloud.launch.place import place
from otcloud.launch.sandboxes import _engine_problem, sandboxes
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


def test_an_engine_counts_when_it_answers_and_has_compose(tmp_path: Path) -> None:
    """Programs of these names are made up here; what they answer is what the real ones answer."""
    environ = {"PATH": f"{tmp_path}:{Path(sys.executable).parent}:/usr/bin:/bin"}

    def program(name: str, script: str) -> None:
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)

    program("docker", "[ $1 = info ] || { echo unknown; exit 1; }")
    program("podman", "echo 'cannot connect' >&2; exit 125")
    docker = _engine_problem("docker", ["docker", "compose", "version"], environ)
    podman = _engine_problem("podman", ["podman-compose", "version"], environ)
    assert docker == "`docker compose version` fails: install the compose plug-in of docker"
    assert podman == "`podman info` fails: cannot connect"
    program("docker", "exit 0")
    program("podman", "exit 0")
    assert _engine_problem("docker", ["docker", "compose", "version"], environ) is None
    assert _engine_problem("podman", ["podman-compose-x", "version"], environ) == (
        "the program podman-compose-x is not installed"
    )
    assert _engine_problem("no-such-engine", ["x"], environ) == "the program no-such-engine is not installed"


def test_that_the_embedded_sandbox_works_is_remembered_where_that_can_be_written(tmp_path: Path) -> None:
    environ = {"PATH": ""}
    found = sandboxes(environ, tmp_path / "cache")
    assert next(iter(found)) == "local"
    (tmp_path / "file").write_text("")
    assert sandboxes(environ, tmp_path / "file") == found
    assert sandboxes(environ, tmp_path / "cache") == found
    memory = tmp_path / "cache" / "sandbox-works.json"
    assert memory.exists() == (found["local"] is None)
    memory.parent.mkdir(exist_ok=True)
    memory.write_text('{"boot": "another"}')
    assert sandboxes(environ, tmp_path / "cache") == found

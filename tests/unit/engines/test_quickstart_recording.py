"""The recording that ships belongs to the tasks that ship."""

import runpy
from pathlib import Path

import pytest

from otcloud.engines.recording import digest, load

QUICKSTART = Path(__file__).parents[3] / "recipes" / "quickstart"
TASKS = sorted(path.name for path in (QUICKSTART / "tasks").iterdir())


def test_the_recording_is_what_its_script_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = (QUICKSTART / "recording.jsonl").read_bytes()
    script = tmp_path / "write_recording.py"
    script.write_bytes((QUICKSTART / "write_recording.py").read_bytes())
    (tmp_path / "tasks").symlink_to(QUICKSTART / "tasks")
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(script), run_name="__main__")
    assert (tmp_path / "recording.jsonl").read_bytes() == shipped


@pytest.mark.parametrize("task", TASKS)
def test_every_task_is_answered_to_its_end(task: str) -> None:
    recording = load(QUICKSTART / "recording.jsonl")
    instruction = (QUICKSTART / "tasks" / task / "instruction.md").read_text(encoding="utf-8")
    mine = [answer for answer in recording.answers if answer.task == task]
    assert {answer.prompt_sha256 for answer in mine} == {digest(instruction)}
    assert [answer.turn for answer in mine] == list(range(len(mine)))
    assert str(mine[-1].message["content"]).endswith("\n\nTASK_COMPLETE")
    assert 2 <= len(mine) <= 3


def test_there_are_five_tasks_and_some_thinking() -> None:
    recording = load(QUICKSTART / "recording.jsonl")
    assert TASKS == ["count-code", "edit-config", "fix-script", "parse-log", "word-pipeline"]
    assert any("reasoning_content" in answer.message for answer in recording.answers)
    assert "by hand" in recording.source

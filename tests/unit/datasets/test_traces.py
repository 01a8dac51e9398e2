"""The traces dataset of a run: its rows, what is left out and why, and that both files hold the same."""

import json
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otcloud.datasets.table import Row, TraceFiles
from otcloud.datasets.traces import TracesReport, build
from otcloud.runs.layout import RunDir
from otcloud.trials.trial import Outcome, Trial

type Publish = Callable[..., Trial]

TRAJECTORY = "agent/trajectory.json"
COLUMNS = [
    *("conversations", "agent", "model", "model_provider", "date", "task", "episode", "run_id", "trial_name"),
    *("result", "instruction", "verifier_output", "tool_definitions", "trace_source"),
]


def trajectory(turns: int = 2, text: str = "answer", **fields: Any) -> dict[str, Any]:
    answers = [
        {"source": "agent", "message": f"{text} {turn}", "observation": {"results": [{"content": f"saw {turn}"}]}}
        for turn in range(turns)
    ]
    return {"agent": {"name": "bash"}, "steps": [{"source": "user", "message": "Do it."}, *answers], **fields}


def rows(run: RunDir) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run.traces / "traces.jsonl").read_text().splitlines()]


def test_one_row(run: RunDir, publish: Publish) -> None:
    task = run.tasks / "digest" / "set" / "hello"
    task.mkdir(parents=True)
    (task / "instruction.md").write_text("The task's own words.\n")
    lock = {"set": "digest", "tasks": [{"name": "hello", "digest": "d1", "path": "tasks/digest/set/hello"}]}
    run.tasks_lock.write_text(json.dumps(lock))
    files = {TRAJECTORY: trajectory(), "verifier/test-stdout.txt": "1 passed\n", "verifier/test-stderr.txt": "warned\n"}
    fields = {
        "task_digest": "d1",
        "model": "tiny",
        "model_provider": "hosted_vllm",
        "started_at": "2026-03-01T10:00:00Z",
    }
    publish("hello__a", files, reward=1.0, rewards={"reward": 1.0}, **fields)
    report = build(run)
    assert report == TracesReport(1, (), (run.traces / "traces.parquet", run.traces / "traces.jsonl"))
    (row,) = rows(run)
    assert list(row) == COLUMNS
    assert row == {
        "conversations": [
            {"role": "user", "content": "Do it."},
            {"role": "assistant", "content": "answer 0"},
            {"role": "user", "content": "saw 0"},
            {"role": "assistant", "content": "answer 1"},
        ],
        "agent": "bash",
        "model": "tiny",
        "model_provider": "hosted_vllm",
        "date": "2026-03-01T10:00:00Z",
        "task": "hello",
        "episode": "episode-1",
        "run_id": "quick-20260301-100000-abcd",
        "trial_name": "hello__a",
        "result": "1.0",
        "instruction": "The task's own words.\n",
        "verifier_output": "1 passed\nwarned\n",
        "tool_definitions": None,
        "trace_source": "main",
    }
    assert pq.read_table(run.traces / "traces.parquet").to_pylist() == [row]


def test_all_episodes_are_numbered_through_continued_trajectories(run: RunDir, publish: Publish) -> None:
    later = trajectory(text="later")
    later["steps"][1]["is_copied_context"] = True
    files = {
        TRAJECTORY: trajectory(continued_trajectory_ref="trajectory.cont-1.json"),
        "agent/trajectory.cont-1.json": later,
    }
    publish("hello__a", files)
    assert build(run, episodes="all").rows == 3
    ends = [(row["episode"], len(row["conversations"]), row["conversations"][-1]["content"]) for row in rows(run)]
    assert ends == [("episode-0", 2, "answer 0"), ("episode-1", 4, "answer 1"), ("episode-2", 4, "later 1")]
    assert build(run).rows == 1
    assert [row["episode"] for row in rows(run)] == ["episode-2"]


def test_which_trials_give_rows_and_what_their_result_says(run: RunDir, publish: Publish) -> None:
    good = {TRAJECTORY: trajectory()}
    publish("a__late", good, task="a", rollout=1, outcome=Outcome.UNVERIFIED)
    publish("a__lost", good, task="a", outcome=Outcome.INFRA)
    won = {"outcome": Outcome.FAILED, "timed_out": True, "exception": "AgentTimeoutError", "reward": 0.5}
    publish("a__won", good, task="a", **won)
    publish("b__full", good, task="b", outcome=Outcome.FAILED, exception="ContextLengthExceededError")
    publish("c__gone", good, task="c", outcome=Outcome.CANCELLED, cause="cancelled")
    publish("d__room", good, task="d", outcome=Outcome.INFRA, cause="sandbox-start")
    publish("e__oracle", {}, task="e")
    publish("f__mute", {TRAJECTORY: trajectory(turns=0)}, task="f")
    publish("g__odd", {TRAJECTORY: {"steps": [{"source": "agent", "message": "hi"}]}}, task="g")
    publish("h__torn", good, task="h")
    publish("i__none", good, task="i")
    run.archive("h__torn").write_bytes(run.archive("h__torn").read_bytes()[:100])
    run.archive("i__none").unlink()
    report = build(run)
    results = [(row["trial_name"], row["result"]) for row in rows(run)]
    assert results == [("a__won", "0.5"), ("a__late", None), ("b__full", "ContextLengthExceededError")]
    reasons = dict(report.skipped)
    assert [name[0] for name in reasons] == list("cdefghi")
    assert reasons["c__gone"] == "cancelled" and reasons["d__room"] == "infra (sandbox-start)"
    assert reasons["e__oracle"] == "it has no trajectory" and "no turn of the model" in reasons["f__mute"]
    assert "begins with a turn of the model" in reasons["g__odd"]
    assert "cannot be read" in reasons["h__torn"] and "No such file" in reasons["i__none"]


def test_building_again_gives_the_same_bytes_and_leaves_nothing_else(run: RunDir, publish: Publish) -> None:
    for number in range(5):
        publish(f"hello__{number}", {TRAJECTORY: trajectory()}, rollout=number)
    first = [path.read_bytes() for path in build(run).files]
    (run.traces / ".traces.jsonl.tmp").write_text("of a build that was killed")
    run.published_index.write_text(run.published_index.read_text() + '{"trial": "torn')
    assert [path.read_bytes() for path in build(run).files] == first
    assert sorted(path.name for path in run.traces.iterdir()) == ["traces.jsonl", "traces.parquet"]


def test_a_build_that_fails_leaves_the_old_files(run: RunDir, publish: Publish) -> None:
    publish("hello__0", {TRAJECTORY: trajectory()})
    before = {path.name: path.read_bytes() for path in build(run).files}
    with pytest.raises(KeyboardInterrupt), TraceFiles(run.traces) as files:
        files.add(row([]))
        raise KeyboardInterrupt
    assert {path.name: path.read_bytes() for path in run.traces.iterdir()} == before


def test_builds_of_one_folder_wait_for_each_other(tmp_path: Path) -> None:
    def write(text: str) -> None:
        with TraceFiles(tmp_path) as files:
            for _ in range(50):
                files.add(row([text]))

    texts = [f"build {number}" for number in range(8)]
    with ThreadPoolExecutor(len(texts)) as pool:
        list(pool.map(write, texts))
    lines = [json.loads(line) for line in (tmp_path / "traces.jsonl").read_text().splitlines()]
    assert lines == pq.read_table(tmp_path / "traces.parquet").to_pylist()
    assert lines in [[row([text])] * 50 for text in texts]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["traces.jsonl", "traces.parquet"]


def test_no_trials_give_an_empty_dataset(run: RunDir) -> None:
    assert build(run).rows == 0
    assert rows(run) == []
    assert pq.read_table(run.traces / "traces.parquet").column_names == COLUMNS


def test_memory_does_not_grow_with_the_number_of_trials(run: RunDir, publish: Publish) -> None:
    for number in range(300):
        publish(f"hello__{number}", {TRAJECTORY: trajectory(turns=4, text="x" * 30_000)}, rollout=number)
    build(run)
    tracemalloc.start()
    report = build(run)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    written = (run.traces / "traces.jsonl").stat().st_size
    assert report.rows == 300 and written > 35_000_000
    assert pq.ParquetFile(run.traces / "traces.parquet").num_row_groups == 3
    assert peak < 25_000_000


def row(said: list[str], **columns: str | None) -> Row:
    texts = {name: columns.get(name, "") for name in COLUMNS[1:]}
    whole: Any = {**texts, "conversations": [{"role": "user", "content": text} for text in said]}
    return whole


OPTIONAL = st.none() | st.text()
ROWS = st.builds(row, st.lists(st.text(), max_size=3), result=OPTIONAL, instruction=OPTIONAL, verifier_output=OPTIONAL)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(written=st.lists(ROWS, max_size=5))
def test_parquet_and_json_lines_hold_the_same_rows(tmp_path: Path, written: list[Row]) -> None:
    with TraceFiles(tmp_path) as files:
        for each in written:
            files.add(each)
    lines = [json.loads(line) for line in files.jsonl.read_bytes().split(b"\n")[:-1]]
    assert lines == pq.read_table(files.parquet).to_pylist() == written

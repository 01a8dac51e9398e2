"""Each finished trial is published once, under the slot that is free, and what Harbor will try again is not."""

import os
import shutil
from pathlib import Path

import pytest

from otcloud.node.publish import Publisher
from otcloud.node.slots import Scope
from otcloud.runs.layout import RunDir
from otcloud.trials.archive import verify
from tests.unit.node.harbors import INFRA, TASKS, index, write_trial

JOB = "0000-00"


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """An empty run directory."""
    return RunDir(tmp_path / "run")


def publisher(run: RunDir, max_retries: int = 2) -> Publisher:
    """A node's publisher, as if it had just started."""
    return Publisher(run, TASKS, max_retries)


def free(node: Publisher) -> list[str]:
    """The tasks that are still to be run, one attempt at each."""
    return [task.folder for task in node.missing(1)]


def test_an_ended_trial_is_published_once_with_digest_and_archive(run: RunDir) -> None:
    write_trial(run, JOB, "one__aaa")
    node = publisher(run)
    for _ in range(2):
        node.ended(JOB, "one__aaa", None)
    node.catch_up()
    publisher(run).catch_up()
    assert index(run) == [("one__aaa", 0, "passed")]
    assert (node.trials[0].task_digest, free(node)) == ("digest-one", ["two"])
    assert verify(run.archive("one__aaa"))


def test_rollouts_count_up_and_a_new_node_goes_on(run: RunDir) -> None:
    for number in range(3):
        write_trial(run, JOB, f"one__a{number}", reward=0.0)
        publisher(run).catch_up()
    assert index(run) == [(f"one__a{number}", number, "failed") for number in range(3)]


def test_what_will_be_tried_again_is_published_only_at_its_last_try(run: RunDir) -> None:
    node = publisher(run, max_retries=2)
    write_trial(run, JOB, "one__aaa", reward=None, exception=INFRA)
    for _ in range(2):
        node.ended(JOB, "one__aaa", INFRA)
        assert index(run) == []
    node.ended(JOB, "one__aaa", INFRA)
    assert index(run) == [("one__aaa", 0, "infra")]
    assert free(node) == ["one", "two"]


def test_a_retry_that_succeeds_is_the_one_that_is_published(run: RunDir) -> None:
    node = publisher(run)
    write_trial(run, JOB, "one__aaa", reward=None, exception=INFRA)
    node.ended(JOB, "one__aaa", INFRA)
    write_trial(run, JOB, "one__aaa")
    node.ended(JOB, "one__aaa", None)
    assert index(run) == [("one__aaa", 0, "passed")]


def test_a_lost_trials_slot_is_filled_by_a_later_part(run: RunDir) -> None:
    """In its own part it keeps the slot, so that two lost ones are two losses; the next part may fill it."""
    for name in ("one__a", "one__b"):
        write_trial(run, "0000-00", name, reward=None, exception=INFRA)
    publisher(run).catch_up()
    write_trial(run, "0000-01", "one__c")
    write_trial(run, "0000-01", "one__d", reward=None, exception=INFRA)
    publisher(run).catch_up()
    assert index(run) == [
        ("one__a", 0, "infra"),
        ("one__b", 1, "infra"),
        ("one__c", 0, "passed"),
        ("one__d", 1, "infra"),
    ]


def test_what_is_no_finished_trial_of_this_run_is_not_published(run: RunDir) -> None:
    write_trial(run, JOB, "one__cut", reward=None, exception="CancelledError")
    write_trial(run, JOB, "foreign__a")
    (write_trial(run, JOB, "one__torn") / "result.json").write_text('{"task_name"')
    (run.jobs / JOB / "empty__a").mkdir()
    (run.jobs / "0000-00.json").write_text("{}")
    node = publisher(run)
    for name in ("one__cut", "foreign__a", "one__torn", "empty__a", "one__never"):
        node.ended(JOB, name, None)
    node.catch_up()
    assert index(run) == []
    assert not run.published.exists()


def test_a_kill_between_archive_and_line_makes_the_same_archive_again(run: RunDir) -> None:
    write_trial(run, JOB, "one__aaa")
    publisher(run).catch_up()
    before = run.archive("one__aaa").read_bytes()
    run.published_index.unlink()
    publisher(run).catch_up()
    assert run.archive("one__aaa").read_bytes() == before
    assert index(run) == [("one__aaa", 0, "passed")]


def test_an_index_torn_at_any_byte_gives_every_trial_once(run: RunDir) -> None:
    for name in ("one__a", "two__a"):
        write_trial(run, JOB, name)
    publisher(run).catch_up()
    whole, expected = run.published_index.read_bytes(), index(run)
    for cut in (*range(0, len(whole), 97), len(whole) - 1):
        run.published_index.write_bytes(whole[:cut])
        node = publisher(run)
        node.catch_up()
        assert sorted(index(run)) == expected, cut
        assert free(node) == []


def test_a_folder_that_cannot_be_read_keeps_no_other_trial_back(run: RunDir) -> None:
    bad = write_trial(run, JOB, "one__bad")
    write_trial(run, JOB, "two__good")
    here = Path.cwd()
    os.chdir(bad)
    try:
        for _ in range(20):  # deeper than the longest path that the kernel takes
            Path("d" * 250).mkdir()
            os.chdir("d" * 250)
    finally:
        os.chdir(here)
    node = publisher(run)
    node.ended(JOB, "one__bad", None)
    node.catch_up()
    shutil.rmtree(bad / ("d" * 250))
    assert index(run) == [("two__good", 0, "passed")]
    assert list(node.unpublished) == ["one__bad"]
    assert "name too long" in node.unpublished["one__bad"]
    assert [path.name for path in run.published.iterdir() if path.name.startswith(".")] == []
    node.catch_up()
    assert index(run)[1:] == [("one__bad", 0, "passed")]
    assert node.unpublished == {}


def test_a_folder_of_archives_that_cannot_be_written_ends_the_node(run: RunDir) -> None:
    write_trial(run, JOB, "one__aaa")
    node = publisher(run)
    run.published.write_text("a file where a folder should be")
    with pytest.raises(OSError, match="published"):
        node.catch_up()
    assert node.unpublished == {}


def test_a_vacated_slot_is_filled_again_under_its_own_number(run: RunDir) -> None:
    """Before a lower one that is free, when the start is for it; the earlier trial stays published."""
    for name, reward in (("one__a", 1.0), ("one__b", 0.0), ("two__a", 0.0)):
        write_trial(run, JOB, name, reward)
    write_trial(run, JOB, "one__lost", None, INFRA)
    publisher(run).catch_up()
    published = index(run)
    scope = Scope({"one__b"}, {"one": {1}})
    node = Publisher(run, TASKS, 0, scope)
    assert (node.again, [task.folder for task in node.missing(3)]) == (1, ["one"])
    assert [task.folder for task in node.missing(3, everything=True)] == ["one", "two", "one", "two"]
    write_trial(run, "0000-01", "one__c")
    node.catch_up()
    assert index(run) == [*published, ("one__c", 1, "passed")]
    assert (node.again, node.missing(3)) == (0, [])
    assert Publisher(run, TASKS, 0, scope).again == 0


def test_a_repeat_that_is_lost_leaves_its_slot_open(run: RunDir) -> None:
    write_trial(run, JOB, "one__a", 0.0)
    publisher(run).catch_up()
    node = Publisher(run, TASKS, 0, Scope({"one__a"}))
    write_trial(run, "0000-01", "one__b", None, INFRA)
    node.ended("0000-01", "one__b", INFRA)
    assert index(run) == [("one__a", 0, "failed"), ("one__b", 0, "infra")]
    assert (node.again, free(node)) == (1, ["one", "two"])

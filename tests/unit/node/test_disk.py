"""The watch over the run directory's disk."""

from pathlib import Path

import pytest

from otcloud.errors import PublishFailed
from otcloud.node.disk import DiskWatch, room_of
from otcloud.node.gate import Gate
from otcloud.runs.layout import RunDir

MIB = 2**20


class Disk:
    """A disk whose free room the test sets, with a watch over it and an open gate."""

    def __init__(self, folder: Path, size: int) -> None:
        (folder / "node").mkdir()
        self.free = self.size = size
        self.now = 0.0
        self.gate = Gate(RunDir(folder))
        self.gate.release("server")
        self.watch = DiskWatch(RunDir(folder), self.gate, lambda: self.now, lambda _folder: (self.free, self.size))

    def look(self, free: int, running: int) -> tuple[str, ...]:
        """Time passes, the watch looks; why trials are held back now."""
        self.free, self.now = free, self.now + 2
        self.watch.tick(running)
        return self.gate.held_for


def test_a_low_disk_holds_new_trials_until_there_is_room(tmp_path: Path) -> None:
    """Those in flight may end; more room opens the gate again."""
    disk = Disk(tmp_path, 1000 * MIB)
    assert disk.look(21 * MIB, 3) == ()
    assert disk.look(19 * MIB, 3) == ("19 MiB are left on the disk",)
    assert disk.look(18 * MIB, 1) != ()
    assert disk.look(25 * MIB, 0) == ()


def test_a_disk_that_stays_low_ends_the_run(tmp_path: Path) -> None:
    """Once nothing is in flight any more, or at once when hardly anything is left."""
    disk = Disk(tmp_path, 1000 * MIB)
    disk.look(19 * MIB, 1)
    with pytest.raises(PublishFailed, match="19 MiB are left") as raised:
        disk.look(19 * MIB, 0)
    assert "otcloud resume" in raised.value.do
    with pytest.raises(PublishFailed, match="4 MiB are left"):
        disk.look(4 * MIB, 5)


def test_a_big_disk_needs_no_more_than_a_fixed_reserve(tmp_path: Path) -> None:
    """2 % of a big disk would be far too much."""
    disk = Disk(tmp_path, 1_000_000 * MIB)
    assert disk.look(300 * MIB, 1) == ()
    assert disk.look(200 * MIB, 1) != ()


def test_a_full_disk_is_told_before_anything_starts(tmp_path: Path) -> None:
    """`check` does not wait."""
    disk = Disk(tmp_path, 1000 * MIB)
    disk.watch.check()
    disk.free = 0
    with pytest.raises(PublishFailed, match="full"):
        disk.watch.check()


def test_the_room_is_that_of_the_real_disk(tmp_path: Path) -> None:
    """Free is part of size, in bytes."""
    free, size = room_of(tmp_path)
    assert 0 < free <= size
    assert size > 10 * MIB

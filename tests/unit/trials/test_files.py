"""Reading and packing a trial's files: bytes that repeat, links that stay links, damage that is noticed."""

import gzip
import hashlib
import os
import tarfile
from pathlib import Path

import pytest

from otcloud.trials.archive import pack, verify
from otcloud.trials.files import ArchiveFiles, FolderFiles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A trial with all that a sandbox may leave behind."""
    root = tmp_path / "jobs" / "hello__abc1234"
    (root / "agent").mkdir(parents=True)
    (root / "artifacts" / "empty").mkdir(parents=True)
    (root / "result.json").write_text("{}")
    (root / "agent" / "run.sh").write_text("#!/bin/sh\n")
    (root / "agent" / "run.sh").chmod(0o700)
    (root / "agent" / ("long" * 60)).write_text("long")
    (root / "agent" / os.fsdecode(b"not-utf8-\xff")).write_bytes(b"bytes")
    secret = tmp_path / "secret"
    secret.write_text("outside")
    (root / "artifacts" / "leak").symlink_to(secret)
    (root / "artifacts" / "leaks").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(root / "artifacts" / "pipe")
    return root


def test_an_archive_holds_everything_and_follows_no_link(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "published" / f"{folder.name}.tar.gz"
    digest, size = pack(folder, target)
    data = target.read_bytes()
    assert (hashlib.sha256(data).hexdigest(), len(data)) == (digest, size)
    with tarfile.open(target, errors="surrogateescape") as tar:
        members = {member.name.removeprefix(folder.name): member for member in tar}
    names = ["", "/agent", "/agent/" + "long" * 60, "/agent/" + os.fsdecode(b"not-utf8-\xff"), "/agent/run.sh"]
    names += ["/artifacts", "/artifacts/empty", "/artifacts/leak", "/artifacts/leaks", "/result.json"]
    assert sorted(members) == sorted(names)
    assert members["/agent/run.sh"].mode == 0o755 and members["/result.json"].mode == 0o644
    assert members["/artifacts/leak"].issym() and members["/artifacts/leak"].linkname == str(tmp_path / "secret")
    assert {(member.mtime, member.uid, member.gid, member.uname) for member in members.values()} == {(0, 0, 0, "")}
    assert sorted(path.name for path in target.parent.iterdir()) == [target.name]


def test_equal_folders_give_equal_bytes(folder: Path, tmp_path: Path) -> None:
    first = pack(folder, tmp_path / "one.tar.gz")
    os.utime(folder / "result.json", (1, 1))
    (folder / "result.json").chmod(0o600)
    assert pack(folder, tmp_path / "two.tar.gz") == first
    (folder / "result.json").write_text("{ }")
    assert pack(folder, tmp_path / "two.tar.gz") != first


def test_a_failed_pack_leaves_what_was_there(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "published" / "x.tar.gz"
    pack(folder, target)
    before = target.read_bytes()
    with pytest.raises(FileNotFoundError):
        pack(tmp_path / "nowhere", target)
    assert target.read_bytes() == before
    assert [path.name for path in target.parent.iterdir()] == ["x.tar.gz"]


def test_verify_tells_whole_from_damaged(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.tar.gz"
    pack(folder, target)
    data = target.read_bytes()
    assert verify(target)
    for damaged in (data[:-1], data[: len(data) // 2], b"", b"no archive", data[:-8] + b"\0" * 8, gzip.compress(b"")):
        target.write_bytes(damaged)
        assert not verify(target)
    assert not verify(tmp_path / "nowhere.tar.gz")
    assert not verify(tmp_path)


def test_both_kinds_read_regular_files_only(folder: Path, tmp_path: Path) -> None:
    target = tmp_path / f"{folder.name}.tar.gz"
    pack(folder, target)
    with ArchiveFiles(target) as archive:
        for files in (FolderFiles(folder), archive):
            assert files.name == "hello__abc1234"
            assert files.read("result.json") == b"{}"
            assert files.read("agent/run.sh") == b"#!/bin/sh\n"
            refused = ["missing", "agent", "artifacts/leak", "artifacts/leaks/secret", "artifacts/pipe", "../../secret"]
            assert [files.read(name) for name in [*refused, "/etc/hostname", "nul\0"]] == [None] * 8
        assert archive.damage is None


@pytest.mark.parametrize("keep", [0, 10, 60])
def test_a_torn_archive_says_so_and_does_not_raise(tmp_path: Path, keep: int) -> None:
    root = tmp_path / "a__1"
    root.mkdir()
    (root / "noise").write_bytes(os.urandom(200_000))
    (root / "result.json").write_text("{}")
    target = tmp_path / "a__1.tar.gz"
    pack(root, target)
    target.write_bytes(target.read_bytes()[: keep * 1000])
    with ArchiveFiles(target) as files:
        assert files.read("result.json") is None
        assert files.damage
    with ArchiveFiles(tmp_path / "gone.tar.gz") as files:
        assert files.read("result.json") is None
        assert files.damage is not None and "No such file" in files.damage

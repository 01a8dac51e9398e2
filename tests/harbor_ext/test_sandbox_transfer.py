"""Archives from inside are hostile: nothing outside of the target is written, read or linked to."""

import io
import tarfile
from pathlib import Path

import pytest

from otcloud.harbor_ext.sandbox import transfer


def archive(*members: tarfile.TarInfo, content: bytes = b"evil") -> io.BytesIO:
    """A tar file of these members; regular ones hold `content`."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for member in members:
            if member.isreg():
                member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    file.seek(0)
    return file


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    """One entry of an archive."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    return info


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of the host with a secret."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_text("secret")
    return folder


@pytest.mark.parametrize("name", ["../outside/new", "a/../../outside/new", "{outside}/new", "./../outside/new"])
def test_names_cannot_leave_the_target(tmp_path: Path, outside: Path, name: str) -> None:
    transfer.unpack(archive(member(name.format(outside=outside))), tmp_path / "target")
    assert [path.name for path in outside.iterdir()] == ["secret"]


@pytest.mark.parametrize("link", ["/etc/passwd", "{outside}/secret", "../outside/secret", "a/../../outside/secret", ""])
def test_links_to_the_outside_are_left_out(tmp_path: Path, outside: Path, link: str) -> None:
    entry = member("link", tarfile.SYMTYPE, link.format(outside=outside))
    assert transfer.unpack(archive(entry), tmp_path / "target") == ["link"]
    assert list((tmp_path / "target").iterdir()) == []


def test_links_inside_are_kept(tmp_path: Path) -> None:
    entries = [member("latest", tarfile.SYMTYPE, "runs/1"), member("runs/1")]
    assert transfer.unpack(archive(*entries), tmp_path) == []
    assert (tmp_path / "latest").read_bytes() == b"evil"


def test_nothing_is_written_through_a_link_of_the_same_archive(tmp_path: Path, outside: Path) -> None:
    entries = [member("a", tarfile.SYMTYPE, "b"), member("b", tarfile.SYMTYPE, str(outside)), member("a/new")]
    transfer.unpack(archive(*entries), tmp_path / "target")
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_nothing_is_written_through_a_link_that_is_there(tmp_path: Path, outside: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "file").symlink_to(outside / "secret")
    (target / "folder").symlink_to(outside)
    transfer.unpack(archive(member("file"), member("folder/secret")), target)
    assert (outside / "secret").read_text() == "secret"
    assert (target / "folder/secret").read_bytes() == b"evil"
    assert not (target / "folder").is_symlink()


def test_hard_links_copy_what_is_in_the_archive_alone(tmp_path: Path, outside: Path) -> None:
    entries = [
        member("file"),
        member("same", tarfile.LNKTYPE, "file"),
        member("secret", tarfile.LNKTYPE, str(outside / "secret")),
        member("loop", tarfile.LNKTYPE, "loop"),
    ]
    assert transfer.unpack(archive(*entries), tmp_path / "target") == ["secret", "loop"]
    assert (tmp_path / "target/same").read_bytes() == b"evil"


def test_devices_are_left_out_and_special_bits_dropped(tmp_path: Path) -> None:
    entries = [member("pipe", tarfile.FIFOTYPE), member("disk", tarfile.BLKTYPE), member("program", mode=0o6777)]
    assert transfer.unpack(archive(*entries), tmp_path) == ["pipe", "disk"]
    assert (tmp_path / "program").stat().st_mode & 0o7777 == 0o755


def test_an_endless_archive_is_stopped(tmp_path: Path) -> None:
    entries = [member(str(number)) for number in range(20)]
    with pytest.raises(transfer.TransferError, match="more than"):
        transfer.unpack(archive(*entries, content=b"x" * 1000), tmp_path, limit=10_000)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 11_000


@pytest.mark.parametrize("cut", [100, 700])
def test_a_torn_archive_is_an_error(tmp_path: Path, cut: int) -> None:
    whole = archive(member("file")).getvalue()
    with pytest.raises(transfer.TransferError, match="broken"):
        transfer.unpack(io.BytesIO(whole[:cut].replace(b"file", b"fiXe")), tmp_path, limit=10)


def test_packing_gives_no_owner_away(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    (tmp_path / "file").chmod(0o750)
    (tmp_path / "link").symlink_to("/etc/passwd")
    packed = io.BytesIO()
    transfer.pack(tmp_path, packed)
    packed.seek(0)
    with tarfile.open(fileobj=packed) as tar:
        owners = {(item.uid, item.gid, item.uname, item.gname) for item in tar}
        assert owners == {(0, 0, "", "")}
        assert tar.getmember("./link").issym()
        assert tar.getmember("./file").mode == 0o750


def test_a_failed_download_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("old")
    with pytest.raises(OSError, match="full"), transfer.replacing(target) as file:
        file.write(b"new")
        raise OSError("full")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert target.read_text() == "old"


def test_a_download_replaces_a_link_and_does_not_follow_it(tmp_path: Path, outside: Path) -> None:
    target = tmp_path / "file"
    target.symlink_to(outside / "secret")
    with transfer.replacing(target) as file:
        file.write(b"new")
    assert (outside / "secret").read_text() == "secret"
    assert target.read_text() == "new"

"""Folders on the host's disk: the curated base of a root, a trial's scratch folder, and removing both.

The base is an allowlist of files that hold no secret (never all of /etc): names of system accounts, the loader's
cache, certificates that are public. It is the lowest layer of every sandbox of one Harbor process.
"""

import contextlib
import os
import shutil
import stat
import uuid
from collections.abc import Callable
from pathlib import Path

from otcloud.harbor_ext.sandbox.root import SYSTEM_FOLDERS
from otcloud.harbor_ext.sandbox.spec import DEFAULT_PATH, HOSTNAME

_FOLDERS = {"root": 0o700, "tmp": 0o1777, "var/tmp": 0o1777, "run": 0o755, "run/lock": 0o1777, "home": 0o755}
_EMPTY = (
    "mnt",
    "media",
    "opt",
    "srv",
    "proc",
    "sys",
    "dev",
    "usr",
    "etc",
    "var/log",
    "var/cache",
    "var/lib",
    "var/spool",
)
# fmt: off
_ETC_FILES = (
    "alternatives", "ca-certificates.conf", "crypto-policies", "debian_version", "fonts", "inputrc", "ld.so.cache",
    "ld.so.conf", "ld.so.conf.d", "locale.alias", "locale.conf", "localtime", "login.defs", "magic", "magic.mime",
    "mime.types", "os-release", "pam.d", "perl", "pki/ca-trust/extracted", "pki/tls/certs", "pki/tls/openssl.cnf",
    "protocols", "python3", "redhat-release", "rpc", "services", "shells", "ssl/certs", "ssl/openssl.cnf",
    "system-release", "terminfo", "timezone", "xattr.conf", "xml",
)
# fmt: on
_HOSTS = f"127.0.0.1\tlocalhost {HOSTNAME}\n::1\tlocalhost ip6-localhost\n"
_NSSWITCH = "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\nprotocols: files\n"
_PROFILE = f"export PATH={DEFAULT_PATH}\n"
_SYSTEM_IDS = range(1, 1000)
_NOBODY = 65534
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_DEPTH = 100


def build_base(folder: Path) -> None:
    """Fill the new folder `folder` with the curated root. Raises OSError."""
    folder.mkdir(parents=True, mode=0o755)
    for name in _EMPTY:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, mode in _FOLDERS.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name).chmod(mode)
    (folder / "var/run").symlink_to("/run")
    for name in SYSTEM_FOLDERS:
        host = Path("/", name)
        if host.is_symlink():
            (folder / name).symlink_to(host.readlink())
        elif host.is_dir():
            (folder / name).mkdir()
    for name in _ETC_FILES:
        _copy(Path("/etc", name), folder / "etc" / name)
    _write_accounts(folder / "etc")
    texts = {"hosts": _HOSTS, "nsswitch.conf": _NSSWITCH, "profile": _PROFILE, "hostname": f"{HOSTNAME}\n"}
    for name, text in texts.items():
        (folder / "etc" / name).write_text(text)
    (folder / "etc/mtab").symlink_to("/proc/self/mounts")


def _copy(source: Path, target: Path) -> None:
    """Copy a file, link or folder as far as this user may read it, without owners and special bits."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # Unreadable parts of a listed folder are missing inside: an ordinary user's /etc has some.
    with contextlib.suppress(OSError):
        if source.is_symlink():
            target.symlink_to(source.readlink())
        elif source.is_dir():
            target.mkdir(exist_ok=True)
            for entry in sorted(source.iterdir()):
                _copy(entry, target / entry.name)
        elif source.is_file():
            shutil.copyfile(source, target)
            target.chmod(stat.S_IMODE(source.stat().st_mode) & 0o755)


def _write_accounts(etc: Path) -> None:
    """System accounts keep their numbers, so that file owners have names; people's accounts are left out."""
    users, groups = ["root:x:0:0:root:/root:/bin/bash"], ["root:x:0:"]
    for name, number, fields in _system_entries(Path("/etc/passwd")):
        users.append(f"{name}:x:{number}:{fields[3]}:{name}:/nonexistent:/usr/sbin/nologin")
    for name, number, _ in _system_entries(Path("/etc/group")):
        groups.append(f"{name}:x:{number}:")
    (etc / "passwd").write_text("\n".join(users) + "\n")
    (etc / "group").write_text("\n".join(groups) + "\n")
    locked = [f"{line.split(':')[0]}:*:19000:0:99999:7:::" for line in users]
    (etc / "shadow").write_text("\n".join(locked) + "\n")
    (etc / "shadow").chmod(0o640)


def _system_entries(path: Path) -> list[tuple[str, int, list[str]]]:
    entries: list[tuple[str, int, list[str]]] = []
    for line in path.read_text(errors="replace").splitlines():
        fields = line.split(":")
        if len(fields) >= 4 and fields[2].isdigit():
            number = int(fields[2])
            if number in _SYSTEM_IDS or number == _NOBODY:
                entries.append((fields[0], number, fields))
    return entries


def prepare_trial(folder: Path) -> None:
    """Make a trial's scratch folder: `root` to mount on, `up` for what the sandbox writes. Raises OSError."""
    folder.mkdir(parents=True, mode=0o700)
    (folder / "root").mkdir()
    (folder / "up").mkdir()


def remove(folder: Path) -> None:
    """Remove a scratch folder, also one that an overlay or a task left unreadable or nested without end, or that
    somebody else removes at the same time. Raises OSError."""
    try:
        shutil.rmtree(folder, onexc=_unless_missing)
    except (PermissionError, RecursionError):
        # Overlay work folders have mode 000 and tasks make read-only ones: an ordinary user must unlock its own first.
        # Folders in folders beyond Python's depth, or Linux's length of a path, are brought to the top.
        _open_up(folder)
        shutil.rmtree(folder, onexc=_unless_missing)


def _unless_missing(_: object, __: str, error: BaseException) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def _open_up(folder: Path) -> None:
    """Unlock every folder, and move those that lie too deep to the top until none does."""
    top = os.open(folder, _FOLDER)
    try:
        waiting = ["."]
        while waiting:
            waiting += _open_up_part(top, waiting.pop())
    finally:
        os.close(top)


def _open_up_part(top: int, start: str) -> list[str]:
    """Go down `_DEPTH` levels from a folder in `top`; the names under which deeper folders lie in `top` now."""
    moved: list[str] = []

    def visit(here: int, depth: int) -> None:
        with os.scandir(here) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        for name in names:
            os.chmod(name, 0o700, dir_fd=here)
            if depth == _DEPTH:
                moved.append(uuid.uuid4().hex)
                os.rename(name, moved[-1], src_dir_fd=here, dst_dir_fd=top)
            else:
                _within(here, name, lambda child: visit(child, depth + 1))

    _within(top, start, lambda child: visit(child, 0))
    return moved


def _within(parent: int, name: str, act: Callable[[int], None]) -> None:
    folder = os.open(name, _FOLDER, dir_fd=parent)
    try:
        act(folder)
    finally:
        os.close(folder)

"""The Linux calls that Python does not offer: mounts, pivot_root, capabilities, prctl, loopback.

Thin wrappers with no decisions in them. Each failure becomes a SetupError that names the step, because the probe
explains a machine's limits by the step that failed.
"""

# pathlib costs every keeper 7 ms at its start.
# ruff: noqa: PTH123

import ctypes
import fcntl
import os
import signal
import socket
import struct

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 0x1, 0x2, 0x4, 0x8
MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 0x20, 0x1000, 0x4000, 0x40000
MNT_DETACH = 0x2

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NAME = 1, 4, 15
_PR_CAPBSET_DROP, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 24, 36, 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_CAP_VERSION_3 = 0x20080522
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 0x1

CAP_SYS_ADMIN = 21
# chown, dac_override, fowner, fsetid, kill, setgid, setuid, net_bind_service, sys_chroot: what Docker leaves its root,
# less mknod (it could name the host's disk), net_raw, setpcap, setfcap and audit_write.
KEPT_CAPABILITIES = (0, 1, 3, 4, 5, 6, 7, 10, 18)

_libc = ctypes.CDLL(None, use_errno=True)


class SetupError(Exception):
    """A step of assembling the sandbox failed: `step` in words, the kernel's `errno` (0 when there is none)."""

    def __init__(self, step: str, errno: int, detail: str = "") -> None:
        super().__init__(f"{step}: {detail or os.strerror(errno)}")
        self.step = step
        self.errno = errno


class step:
    """Name what a block does: an OSError in it becomes a SetupError that says which step failed."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, OSError):
            raise SetupError(self._name, error.errno or 0, str(error)) from error


def read(path: str) -> str:
    """The text of a small file of /proc or /etc. Raises OSError."""
    with open(path, errors="replace") as file:
        return file.read()


def write(path: str, text: str) -> None:
    """Write a small file of /proc. Raises OSError."""
    with open(path, "w") as file:
        file.write(text)


def release() -> tuple[int, int]:
    """Linux's version: (6, 1)."""
    major, minor = os.uname().release.replace("-", ".").split(".")[:2]
    return int(major), int(minor)


def _check(result: int) -> None:
    if result < 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno))


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """mount(2). Raises OSError."""
    arguments = (source.encode(), target.encode(), kind.encode() or None, ctypes.c_ulong(flags), data.encode() or None)
    _check(_libc.mount(*arguments))


def detach(target: str) -> None:
    """umount2(2) with MNT_DETACH. Raises OSError."""
    _check(_libc.umount2(target.encode(), MNT_DETACH))


def enter_root(folder: str) -> None:
    """Make `folder`, a mount point, the root of this mount namespace and let go of the old root.

    pivot_root(".", ".") stacks the old root on the new one (pivot_root(2), "NOTES"), so no folder for it is needed.
    """
    os.chdir(folder)
    _check(_libc.pivot_root(b".", b"."))
    detach(".")
    os.chdir("/")


def die_with_parent() -> None:
    """Ask the kernel for SIGKILL when the parent ends. To be repeated after fork and after gaining capabilities,
    which both clear it (prctl(2)); the caller checks that the parent was still there afterwards."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))


def become_subreaper() -> None:
    """Adopt all orphaned descendants of this process, so that none of them can leave its tree."""
    _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))


def hide_from_tracing() -> None:
    """No other process of the sandbox may read this one's memory, descriptors or environment."""
    _check(_libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0))


def rename_process(name: str) -> None:
    """Replace the command line by `name`: a `pkill -f python` inside the sandbox must not hit its own supervisor."""
    _check(_libc.prctl(_PR_SET_NAME, name.encode(), 0, 0, 0))
    fields = read("/proc/self/stat").rpartition(")")[2].split()
    start, end = int(fields[45]), int(fields[46])
    ctypes.memset(start, 0, end - start)
    ctypes.memmove(start, name.encode(), min(len(name), end - start - 1))


def drop_privileges() -> None:
    """Keep KEPT_CAPABILITIES alone, for good: bounding set, ambient set, and no_new_privs."""
    last = int(read("/proc/sys/kernel/cap_last_cap"))
    for capability in range(last + 1):
        if capability not in KEPT_CAPABILITIES:
            _check(_libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0))
    _check(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
    mask = sum(1 << capability for capability in KEPT_CAPABILITIES)
    header = struct.pack("=Ii", _CAP_VERSION_3, 0)
    sets = struct.pack("=6I", mask, mask, 0, 0, 0, 0)
    _check(_libc.capset(header, sets))
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def has_capability(capability: int) -> bool:
    """Whether this process holds the capability in its own user namespace."""
    status = read("/proc/self/status")
    effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(effective, 16) >> capability & 1)


def in_first_user_namespace() -> bool:
    """Whether this process lives in the machine's own user namespace (not in one of a container)."""
    return read("/proc/self/uid_map").split() == ["0", "0", "4294967295"]


def set_hostname(name: str) -> None:
    """sethostname(2) in this uts namespace. Raises OSError."""
    _check(_libc.sethostname(name.encode(), len(name)))


def raise_loopback() -> None:
    """Bring `lo` up in this network namespace. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(probe, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(probe, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))

"""The sandbox's root as its pid 1 assembles it: overlays, devices, proc, then pivot_root.

Allowlists throughout: what is not named here does not exist inside. The host's system folders are the lower layer
of an overlay whose upper layer is the trial's scratch folder, so writing never reaches the host.
"""

# pathlib costs every keeper 7 ms at its start.
# ruff: noqa: PTH101, PTH102, PTH103, PTH110, PTH112, PTH114, PTH116, PTH208, PTH211

import os
import stat

from otcloud.harbor_ext.sandbox import kernel
from otcloud.harbor_ext.sandbox.kernel import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REC, MS_REMOUNT
from otcloud.harbor_ext.sandbox.spec import MAX_SHM_BYTES, Limits

SYSTEM_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_USR_PARTS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "libexec", "share", "include", "games")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_PROC_READ_ONLY = ("sys", "irq", "bus", "fs", "sysrq-trigger")
_PROC_HIDDEN = ("kcore", "keys", "kmsg", "timer_list", "sched_debug", "acpi", "scsi", "key-users", "latency_stats")


def assemble(base: str, limits: Limits) -> None:
    """Mount everything below `./root` and enter it. The working folder is the trial's scratch folder.

    Raises SetupError naming the step.
    """
    with kernel.step("make mounts private"):
        kernel.mount("none", "/", flags=MS_REC | kernel.MS_PRIVATE)
    _mount_overlays(base, limits.storage_bytes)
    _mount_dev()
    _mount_proc(limits.most_processes)
    with kernel.step("pivot_root"):
        kernel.enter_root("root")


def _mount_overlays(base: str, storage_bytes: int) -> None:
    option = "" if kernel.in_first_user_namespace() else ",userxattr"
    try:
        _overlay("up", base, "root", option)
    except OSError:
        # A scratch folder on overlayfs or a network file system cannot hold an upper layer: memory can.
        half_of_memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
        size = min(storage_bytes, half_of_memory)
        with kernel.step("mount tmpfs"):
            kernel.mount("tmpfs", "up", "tmpfs", MS_NODEV | MS_NOSUID, f"mode=0755,size={size}")
        with kernel.step("mount overlay"):
            _overlay("up", base, "root", option)
    for name in ("usr", *SYSTEM_FOLDERS):
        if not is_real_folder(f"/{name}"):
            continue
        if name == "usr":
            _shape_usr("up/usr/u")
        with kernel.step("mount overlay"):
            _overlay(f"up/{name}", f"/{name}", f"root/{name}", option)


def is_real_folder(path: str) -> bool:
    """A folder, not a link to one."""
    return os.path.isdir(path) and not os.path.islink(path)


def _overlay(layers: str, lower: str, target: str, option: str) -> None:
    upper, work = f"{layers}/u", f"{layers}/w"
    os.makedirs(upper, exist_ok=True)
    os.makedirs(work, exist_ok=True)
    data = f"lowerdir={lower},upperdir={upper},workdir={work}{option}"
    flags = MS_NODEV | MS_NOSUID
    try:
        kernel.mount("overlay", target, "overlay", flags, data + ",volatile")
    except OSError:
        # Kernels before 5.10 have no volatile; it only spares a sync of files that are thrown away.
        kernel.mount("overlay", target, "overlay", flags, data)


def _shape_usr(upper: str) -> None:
    """Show only the system's own parts of /usr, in folders that the sandbox's root owns.

    Whiteouts hide the rest (/usr/src, /usr/local/etc...). An ordinary user's sandbox does not own the host's folders:
    a folder of the same name in the upper layer is its own, so files can be added there.
    """
    for here, parts in (("", (*_USR_PARTS, "local")), ("/local", _USR_PARTS)):
        os.makedirs(upper + here, exist_ok=True)
        for name in os.listdir("/usr" + here) if os.path.isdir("/usr" + here) else []:
            if name not in parts:
                with kernel.step("hide a host folder"):
                    os.mknod(f"{upper}{here}/{name}", stat.S_IFCHR, os.makedev(0, 0))
            elif is_real_folder(f"/usr{here}/{name}"):
                os.makedirs(f"{upper}{here}/{name}", exist_ok=True)


def _mount_dev() -> None:
    with kernel.step("mount tmpfs"):
        kernel.mount("tmpfs", "root/dev", "tmpfs", MS_NOSUID, "mode=0755,size=1m")
    with kernel.step("bind a device"):
        for name in _DEVICES:
            _place_device(f"/dev/{name}", f"root/dev/{name}")
    for name in ("pts", "shm"):
        os.mkdir(f"root/dev/{name}")
    with kernel.step("mount devpts"):
        kernel.mount("devpts", "root/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620")
    with kernel.step("mount tmpfs"):
        kernel.mount("tmpfs", "root/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, f"mode=1777,size={MAX_SHM_BYTES}")
    for name, target in (("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd")):
        os.symlink(target, f"root/dev/{name}")
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.symlink(f"/proc/self/fd/{number}", f"root/dev/{name}")


def _place_device(host: str, path: str) -> None:
    """A device node of the sandbox's own; where making one is not allowed, the host's, sealed by a read-only mount:
    a chmod inside would reach the host's node."""
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.stat(host).st_rdev)
        os.chmod(path, 0o666)
    except PermissionError:
        kernel.write(path, "")
        _seal(host, path)


def _seal(source: str, path: str, flags: int = 0) -> None:
    kernel.mount(source, path, flags=MS_BIND | MS_REC)
    kernel.mount("none", path, flags=MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOEXEC | flags)


def _mount_proc(most_processes: int) -> None:
    flags = MS_NOSUID | MS_NODEV | MS_NOEXEC
    with kernel.step("mount proc"):
        kernel.mount("proc", "root/proc", "proc", flags)
    _limit_processes(most_processes)
    for name in _PROC_READ_ONLY:
        path = f"root/proc/{name}"
        if os.path.exists(path):
            with kernel.step("protect proc"):
                _seal(path, path, MS_NODEV)
    for name in _PROC_HIDDEN:
        path = f"root/proc/{name}"
        with kernel.step("protect proc"):
            if os.path.isdir(path):
                kernel.mount("tmpfs", path, "tmpfs", flags | MS_RDONLY, "size=0")
            elif os.path.exists(path):
                _seal("root/dev/null", path)


def _limit_processes(most: int) -> None:
    """Cap the process ids of this pid namespace. The file is the namespace's own since Linux 6.14; before that it is
    the whole machine's and stays untouched: the meter's count is then the only limit of root's sandbox."""
    if kernel.release() >= (6, 14):
        try:
            kernel.write("root/proc/sys/kernel/pid_max", str(most))
        except OSError:
            # A machine with a lower limit of its own refuses a higher one; its limit then holds.
            return

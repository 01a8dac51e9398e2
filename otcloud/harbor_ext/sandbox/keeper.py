"""The program that becomes a sandbox's pid 1: new namespaces, the root, fewer privileges, then commands.

It answers on one inherited socket. "ready" is sent by pid 1 itself after pivot_root, so no command can ever run on the
host's root. The sandbox ends with it, and it ends with its parent, with the socket's other end, or by SIGKILL. The
process that was started stays outside as the sandbox's meter, with an inherited socket of its own.
"""

import gc
import os
import resource
import select
import signal
import socket
import sys

from otcloud.harbor_ext.sandbox import kernel, meter, root, spec, supervisor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_IGNORED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> "NoReturn":
    """Entry. sys.argv: both sockets' descriptors, the base folder relative to the working folder (mount tables show
    it, so it names no host path), `public` to share the host's network, the parent's process id, the limits."""
    control, report = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    control.set_inheritable(False)
    report.set_inheritable(False)
    base, network, parent = sys.argv[3], sys.argv[4] == "public", int(sys.argv[5])
    limits = spec.Limits.from_argument(sys.argv[6])
    try:
        init = _isolate(network, parent)
        if init == 0:
            report.close()
            _furnish(base, network, limits)
    except kernel.SetupError as error:
        control.send(f"{spec.FAILED}\n{error.errno}\n{error.step}\n{error}".encode())
        os._exit(1)
    if init == 0:
        _serve(control)
    control.close()
    status = meter.attend(init, report, limits, _wake_on_child())
    os._exit(0 if status == 0 else 1)


def _isolate(network: bool, parent: int) -> int:
    """Enter the namespaces; returns 0 in the new pid 1 and its process id in the parent."""
    _stay_only_with(parent)
    flags = os.CLONE_NEWNS | os.CLONE_NEWPID | os.CLONE_NEWIPC | os.CLONE_NEWUTS
    if not network:
        flags |= os.CLONE_NEWNET
    if os.getuid() != 0 or not kernel.has_capability(kernel.CAP_SYS_ADMIN):
        _enter_user_namespace()
    with kernel.step("create namespaces"):
        os.unshare(flags)
    _stay_only_with(parent)
    alive, death = os.pipe()
    init = os.fork()
    if init:
        os.close(alive)
        return init
    os.close(death)
    kernel.die_with_parent()
    if select.select([alive], [], [], 0)[0]:
        os._exit(1)
    os.close(alive)
    return 0


def _stay_only_with(parent: int) -> None:
    kernel.die_with_parent()
    if os.getppid() != parent:
        os._exit(1)


def _enter_user_namespace() -> None:
    uid, gid = os.getuid(), os.getgid()
    with kernel.step("create a user namespace"):
        os.unshare(os.CLONE_NEWUSER)
    with kernel.step("map user ids"):
        kernel.write("/proc/self/setgroups", "deny")
        kernel.write("/proc/self/uid_map", f"0 {uid} 1")
        kernel.write("/proc/self/gid_map", f"0 {gid} 1")


def _furnish(base: str, network: bool, limits: spec.Limits) -> None:
    """Everything between the fork and "ready", in pid 1."""
    own_user_namespace = not kernel.in_first_user_namespace()
    os.umask(0o022)
    resolver = _read_resolver() if network else None
    root.assemble(base, limits)
    if resolver is not None:
        with kernel.step("copy the resolver"):
            kernel.write("/etc/resolv.conf", resolver)
    with kernel.step("name the host"):
        kernel.set_hostname(spec.HOSTNAME)
    if not network:
        with kernel.step("raise loopback"):
            kernel.raise_loopback()
    with kernel.step("set limits"):
        _limit(own_user_namespace, limits)
    with kernel.step("drop privileges"):
        if not own_user_namespace:
            os.setgroups([])
        kernel.rename_process("sandbox-init")
        kernel.drop_privileges()
        kernel.hide_from_tracing()
    null = os.open("/dev/null", os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)


def _read_resolver() -> str:
    try:
        return kernel.read("/etc/resolv.conf")
    except OSError:
        # A host without a resolver still runs tasks that name addresses.
        return ""


def _limit(own_user_namespace: bool, limits: spec.Limits) -> None:
    wanted_limits = {
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_FSIZE: min(limits.file_bytes, limits.storage_bytes),
        resource.RLIMIT_CORE: 0,
    }
    if own_user_namespace and kernel.release() >= (5, 14):
        # Before 5.14 it counts the user's processes on the whole machine; the machine's root is exempt from it.
        wanted_limits[resource.RLIMIT_NPROC] = limits.most_processes
    for kind, wanted in wanted_limits.items():
        hard = resource.getrlimit(kind)[1]
        value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(kind, (value, value))
    kernel.write("/proc/self/oom_score_adj", str(spec.OOM_SCORE))


def _serve(control: socket.socket) -> "NoReturn":
    """Start a supervisor for each set of descriptors that arrives; reap orphans; end when the socket closes."""
    wake = _wake_on_child()
    for number in _IGNORED:
        signal.signal(number, signal.SIG_IGN)
    # The collector would touch, and so copy, every page that a fork shares.
    gc.disable()
    control.send(spec.READY.encode())
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(wake, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if wake in ready:
            os.read(wake, 4096)
            _reap()
        if control.fileno() in ready:
            data, descriptors, _, _ = socket.recv_fds(control, 1, 4, socket.MSG_CMSG_CLOEXEC)
            if not data:
                os._exit(0)
            _delegate(descriptors)


def _wake_on_child() -> int:
    """A descriptor that becomes readable when a child has ended."""
    wake, alarm = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(alarm, False)
    signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, _notice)
    return wake


def _notice(number: int, frame: object) -> None:
    """A handler that does nothing: with one in place the wake-up descriptor is written."""


def _delegate(descriptors: list[int]) -> None:
    channel = socket.socket(fileno=descriptors[0])
    try:
        child = os.fork()
    except OSError as error:
        # The process limit is reached: the command is answered, the sandbox goes on.
        supervisor.answer(channel, f"{spec.REFUSED} cannot start a process: {error.strerror}")
        child = -1
    if child == 0:
        try:
            supervisor.supervise(channel, descriptors[1:], _wake_on_child())
        finally:
            # Never back into the keeper's loop. Without an answer the other side reports the command as killed.
            os._exit(1)
    channel.close()
    for descriptor in descriptors[1:]:
        os.close(descriptor)


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        # No children: nothing to reap.
        return

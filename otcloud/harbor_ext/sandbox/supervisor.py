"""One command inside the sandbox: start it, wait for it, or end it with everything it started.

Runs in a process forked from the keeper, one per command. As a subreaper it adopts the command's orphans, so a timeout
ends daemons too; after a command that ended by itself, its daemons live on under the keeper, as in a container.
"""

# pathlib costs every keeper 7 ms at its start.
# ruff: noqa: PTH208

import os
import select
import signal
import socket
import time

from otcloud.harbor_ext.sandbox import kernel, spec
from otcloud.harbor_ext.sandbox.spec import DEFAULT_PATH, Command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

CANNOT_RUN, NOT_FOUND = 126, 127
_KILL_SEC = 10.0
_RESET_SIGNALS = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)


def supervise(channel: socket.socket, stdio: list[int], wake: int) -> None:
    """Read one Command from the channel, run it on `stdio`, answer with its exit code.

    `wake` is the descriptor that a SIGCHLD makes readable. Answers `code <n>`, or, when the other side closed its half
    first, `killed <1 if the whole tree is gone, else 0>`.
    """
    kernel.become_subreaper()
    command = Command.from_bytes(_read(channel))
    child = os.fork()
    if child == 0:
        _become(command, stdio)
    for descriptor in stdio:
        os.close(descriptor)
    code = _wait(channel, wake, child)
    answer(channel, f"{spec.KILLED} {int(_end_tree())}" if code is None else f"{spec.CODE} {code}")


def answer(channel: socket.socket, text: str) -> None:
    """Send one line."""
    try:
        channel.sendall(text.encode() + b"\n")
    except OSError:
        # The other side is gone: nobody needs the answer.
        return


def _read(channel: socket.socket) -> bytes:
    data, size = b"", 4
    while len(data) < size:
        part = channel.recv(65536)
        if not part:
            os._exit(0)
        data += part
        if len(data) >= 4:
            size = 4 + int.from_bytes(data[:4], "big")
    return data[4:]


def _wait(channel: socket.socket, wake: int, child: int) -> int | None:
    """The child's exit code as a shell reports it; None as soon as the other side closes the channel."""
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    poll.register(wake, select.POLLIN)
    while True:
        ready = {descriptor for descriptor, _ in poll.poll()}
        if wake in ready:
            os.read(wake, 4096)
            status = _reap(child)
            if status is not None:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
        if channel.fileno() in ready:
            return None


def _reap(child: int) -> int | None:
    found = None
    try:
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == child:
                found = ended[1]
    except ChildProcessError:
        # No children left: everything has been reaped.
        return found
    return found


def _end_tree() -> bool:
    """SIGKILL all descendants until none is left; False when some are still there after ten seconds."""
    end = time.monotonic() + _KILL_SEC
    while time.monotonic() < end:
        for pid in _descendants(os.getpid()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                # It ended between the listing and the signal.
                continue
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            # No child left, and orphans would have become children: the tree is gone.
            return True
        time.sleep(0.002)
    return False


def _descendants(ancestor: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            fields = kernel.read(f"/proc/{name}/stat").rpartition(")")[2].split()
        except OSError:
            # It ended while the table was being read.
            continue
        children.setdefault(int(fields[1]), []).append(int(name))
    found: list[int] = []
    queue = [ancestor]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


def _become(command: Command, stdio: list[int]) -> "NoReturn":
    """Turn this forked process into the command. Failures go to its stderr, with the exit codes of a shell."""
    code = CANNOT_RUN
    try:
        for number, descriptor in enumerate(stdio):
            os.dup2(descriptor, number)
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in _RESET_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        home = _change_user(command.user)
        os.chdir(command.cwd)
        code = NOT_FOUND
        _execute(command.argv, {"HOME": home, **command.env})
    except BaseException as error:  # noqa: BLE001 - whatever it is, a forked child must not go on as its parent
        os.write(2, f"sandbox: cannot run {command.argv[0]!r} in {command.cwd!r}: {error}\n".encode())
    finally:
        os._exit(code)


def _execute(argv: list[str], env: dict[str, str]) -> None:
    """execvpe without its imports: after pivot_root the host's library is out of reach."""
    folders = [""] if "/" in argv[0] else env.get("PATH", DEFAULT_PATH).split(":")
    missing = FileNotFoundError("no such program")
    for folder in folders:
        try:
            os.execve(f"{folder}/{argv[0]}" if folder else argv[0], argv, env)
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            # It may be in a later folder of PATH.
            missing = error
    raise missing


def _change_user(user: str) -> str:
    """Take on `name-or-number[:group]` of the sandbox's own /etc/passwd; returns the home folder."""
    name, _, group = user.partition(":")
    entries = _table("/etc/passwd", 7)
    entry = next((item for item in entries if name in (item[0], item[2])), None)
    if entry is None and not name.isdigit():
        raise LookupError(f"no user {name!r} in /etc/passwd")
    uid, gid = (int(entry[2]), int(entry[3])) if entry else (int(name), 0)
    groups = _table("/etc/group", 4)
    if group:
        number = next((item[2] for item in groups if group in (item[0], item[2])), group)
        if not number.isdigit():
            raise LookupError(f"no group {group!r} in /etc/group")
        gid = int(number)
    if uid != os.getuid() or gid != os.getgid():
        if kernel.read("/proc/self/uid_map").split()[2] == "1":
            raise LookupError(f"user {user!r}: the sandbox of an ordinary user has the one user id 0")
        for number in range(3):
            # Programs open /dev/stderr anew, which asks for the pipe's owner.
            os.fchown(number, uid, gid)
        os.setgroups([int(item[2]) for item in groups if entry and entry[0] in item[3].split(",")])
        os.setgid(gid)
        os.setuid(uid)
    return entry[5] if entry else "/"


def _table(path: str, width: int) -> list[list[str]]:
    try:
        lines = kernel.read(path).splitlines()
    except OSError:
        # A task may remove the file: then only numbers are known.
        return []
    return [fields for line in lines if len(fields := line.split(":")) == width and fields[2].isdigit()]

"""What a sandbox uses, counted by its keeper: outside of its process ids, with the right to read all of its files.

The keeper's first process stays behind when pid 1 enters the sandbox; its root moves along, so /proc is the sandbox's,
while its working folder is still the trial's scratch folder. Too many processes end the sandbox here and now; what is
to be done about files is for the owner to decide, who asks for a survey.
"""

# pathlib costs every keeper 7 ms at its start.
# ruff: noqa: PTH115, PTH116, PTH208

import os
import resource
import select
import signal
import socket
import stat
import time

from otcloud.harbor_ext.sandbox import spec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

TICK_SEC = 0.2
_FILE_BYTES = 1024
"""What a file or folder costs beside its content: a disk can be filled with empty ones."""
_MAX_DESCRIPTORS = 20_000
_MAX_DEPTH = 4096
"""Levels that a survey goes down, a descriptor for each: twice what the longest path of Linux can name."""
_SPARE_DESCRIPTORS = 64
_DONE = object()
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Usage:
    """Bytes on disk and number of files, growing while a survey runs. `too_deep` when some could not be reached."""

    __slots__ = ("_linked", "bytes", "files", "too_deep")

    def __init__(self) -> None:
        self.bytes = 0
        self.files = 0
        self.too_deep = False
        self._linked: set[tuple[int, int]] = set()

    def add(self, found: os.stat_result) -> None:
        """Count a file once, however many names or descriptors lead to it."""
        if found.st_nlink != 1 and not stat.S_ISDIR(found.st_mode):
            if (found.st_dev, found.st_ino) in self._linked:
                return
            self._linked.add((found.st_dev, found.st_ino))
        self.bytes += found.st_blocks * 512 + _FILE_BYTES
        self.files += 1


def attend(init: int, channel: socket.socket, limits: spec.Limits, wake: int) -> int:
    """Count and answer until the sandbox's pid 1, a child of this process, has ended; returns its wait status.

    `wake` is the descriptor that a SIGCHLD makes readable.
    """
    poll = select.poll()
    poll.register(channel, select.POLLIN)
    poll.register(wake, select.POLLIN)
    counting, counted, survey, usage = False, 0.0, None, Usage()
    while not (ended := os.waitpid(init, os.WNOHANG))[0]:
        pause = 0 if survey else TICK_SEC * 1000 if counting else None
        ready = {descriptor for descriptor, _ in poll.poll(pause)}
        if wake in ready:
            os.read(wake, 4096)
        if channel.fileno() in ready:
            order = channel.recv(64).decode()
            if not order:
                # The owner is gone: so is pid 1, as soon as it notices.
                poll.unregister(channel)
            elif order == spec.WATCH:
                counting = True
            elif order == spec.SURVEY:
                usage = Usage()
                survey = _survey("up", usage)
        if counting and time.monotonic() - counted >= TICK_SEC:
            _end_if_over(init, channel, limits.processes)
            counted = time.monotonic()
        if survey and next(survey, _DONE) is _DONE:
            survey = None
            _say(channel, f"{spec.USED} {usage.bytes} {usage.files} {int(usage.too_deep)}")
    return ended[1]


def _end_if_over(init: int, channel: socket.socket, limit: int) -> None:
    running = 0
    for pid in _pids():
        try:
            running += os.stat(f"/proc/{pid}/task").st_nlink - 2
        except OSError:
            # It ended between the listing and the question.
            continue
    if running > limit:
        _say(channel, f"{spec.OVER} {running}")
        os.kill(init, signal.SIGKILL)


def _say(channel: socket.socket, text: str) -> None:
    try:
        channel.send(text.encode(), socket.MSG_DONTWAIT)
    except OSError:
        # The owner is gone, or does not read: nobody needs the answer.
        return


def _pids() -> list[str]:
    try:
        return [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        # The machine has no descriptor left for now: the next count comes soon.
        return []


def _survey(top: str, usage: Usage) -> "Iterator[None]":
    """Measure folder by folder, so that a big tree does not keep the caller from its other duties."""
    yield from _survey_tree(top, usage)
    yield from _survey_unlinked(usage)


def _survey_tree(top: str, usage: Usage) -> "Iterator[None]":
    """Everything below `top`. Folders are opened by descriptor: paths may be too long, and may change meanwhile."""
    pending, opened, here, depth = [[top]], list[int](), None, _reachable_depth()
    while pending:
        if len(opened) == depth and pending[-1]:
            usage.too_deep = True
            pending[-1].clear()
        if not pending[-1]:
            pending.pop()
            if opened:
                os.close(opened.pop())
            here = opened[-1] if opened else None
            continue
        try:
            folder = os.open(pending[-1].pop(), _FOLDER, dir_fd=here)
        except OSError:
            # Removed meanwhile, or the machine has no descriptor left: the reserve of free space still holds.
            continue
        opened.append(folder)
        pending.append(_survey_folder(folder, usage))
        here = folder
        yield


def _reachable_depth() -> int:
    """Levels for which this process may hold a descriptor each, and some for its other duties."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, _MAX_DEPTH + _SPARE_DESCRIPTORS)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return min(_MAX_DEPTH, max(soft, wanted) - _SPARE_DESCRIPTORS)


def _survey_folder(folder: int, usage: Usage) -> list[str]:
    """Count what lies in one folder, as far as it can be listed; returns the names of folders in it."""
    names: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                _count(entry, usage, names)
    except OSError:
        # The machine has no descriptor left for now, or the disk fails: what was listed is counted.
        return names
    return names


def _count(entry: "os.DirEntry[str]", usage: Usage, folders: list[str]) -> None:
    try:
        found = entry.stat(follow_symlinks=False)
    except OSError:
        # It was removed between the listing and the question.
        return
    usage.add(found)
    if stat.S_ISDIR(found.st_mode):
        folders.append(entry.name)


def _survey_unlinked(usage: Usage) -> "Iterator[None]":
    """Files that were deleted and are still open: they take space and no folder shows them."""
    left = _MAX_DESCRIPTORS
    for pid in _pids():
        try:
            names = os.listdir(f"/proc/{pid}/fd")[:left]
        except OSError:
            # It ended between the listing and the question.
            continue
        left -= len(names)
        for name in names:
            _add_unlinked(f"/proc/{pid}/fd/{name}", usage)
        yield


def _add_unlinked(path: str, usage: Usage) -> None:
    try:
        found = os.stat(path)
        in_memory = os.readlink(path).startswith(("/memfd:", "/dev/"))
    except OSError:
        # Closed between the listing and the question.
        return
    if stat.S_ISREG(found.st_mode) and found.st_nlink == 0 and not in_memory:
        usage.add(found)

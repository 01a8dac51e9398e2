"""The only user of subprocess: run to the end, start in the background, stop a whole group, die with the parent.

Every child is the head of a process group of its own, so that it can be stopped whole and a terminal's Ctrl-C reaches
otcloud alone, which then stops its children in order. Nothing here decides what to run.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1  # include/uapi/linux/prctl.h
_libc: ctypes.CDLL | None = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


@dataclass(frozen=True)
class Completed:
    """What a finished program left: exit code (negative: killed by that signal), stdout and stderr as text."""

    argv: tuple[str, ...]
    code: int
    stdout: str
    stderr: str


def die_with_parent(sig: int = signal.SIGKILL, parent: int | None = None) -> None:
    """Ask the kernel to send `sig` to this process when its parent ends. Linux only; elsewhere it does nothing.

    `parent` is the pid that must still be the parent; if it is gone already, this process is killed at once: the
    request would otherwise wait for a death that has happened (prctl(2), PR_SET_PDEATHSIG). The parent that counts is
    the *thread* that started this process.
    """
    if _libc is None:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, sig, 0, 0, 0)
    if parent is not None and os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def run(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout_sec: float | None = None,
    stdin: str | None = None,
) -> Completed:
    """Run a program to its end and return what it said. A time-out stops its group and gives code -9.

    Errors: FileNotFoundError and PermissionError of the start itself; never for a non-zero exit.
    """
    child = _popen(argv, env=env, cwd=cwd, stdin=subprocess.PIPE, out=subprocess.PIPE, err=subprocess.PIPE)
    try:
        out, err = child.communicate(stdin.encode() if stdin is not None else None, timeout=timeout_sec)
    except BaseException as error:
        # Whatever ended the wait (a time-out, Ctrl-C), the child must not outlive it.
        _signal_group(child.pid, signal.SIGKILL)
        out, err = child.communicate()
        if not isinstance(error, subprocess.TimeoutExpired):
            raise
    return Completed(
        tuple(map(str, argv)), child.returncode, out.decode(errors="replace"), err.decode(errors="replace")
    )


class Child:
    """A program in the background, head of its own process group, its output appended to one file.

    It receives `death_signal` when this process dies. `stop` ends the whole group and waits for it.
    """

    def __init__(self, popen: subprocess.Popen[bytes], name: str) -> None:
        self._popen = popen
        self.name = name
        self.pid = popen.pid

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        return self._popen.poll()

    def wait(self, timeout_sec: float | None = None) -> int | None:
        """Wait for the end; None when the time is over first."""
        try:
            return self._popen.wait(timeout_sec)
        except subprocess.TimeoutExpired:
            return None  # the caller asked for a bound, and the bound came first

    def send(self, sig: int) -> None:
        """Send a signal to the head of the group alone (a program that cleans up its own children)."""
        if self.poll() is None:
            self._popen.send_signal(sig)

    def stop(self, *, sig: int = signal.SIGTERM, grace_sec: float = 10.0) -> int:
        """Signal the head, give it `grace_sec` to end by itself, then kill what is left of the group.

        Also for a head that has ended by itself: what it left behind is killed.
        """
        self.send(sig)
        self.wait(grace_sec)
        _signal_group(self.pid, signal.SIGKILL)
        return self._popen.wait()


def start(
    argv: Sequence[str | Path],
    *,
    name: str,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    death_signal: int = signal.SIGTERM,
    hold: Sequence[int] = (),
) -> Child:
    """Start a program in the background, stdout and stderr appended to `log`.

    `hold`: descriptors of locks that the program shares, so that they are free only when it has ended too.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        popen = _popen(
            argv,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            out=out,
            err=subprocess.STDOUT,
            death_signal=death_signal,
            hold=hold,
        )
    return Child(popen, name)


def replace(argv: Sequence[str | Path], env: Mapping[str, str]) -> None:
    """Become another program (`exec`): for a foreground browser of results that should own the terminal."""
    os.execvpe(str(argv[0]), [str(word) for word in argv], dict(env))


def is_alive(pid: int) -> bool:
    """Whether a process with this id exists (a zombie counts as gone)."""
    try:
        os.kill(pid, 0)
        stat = Path(f"/proc/{pid}/stat").read_bytes()  # a program's name may be no UTF-8
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's process
    except FileNotFoundError:
        # It has ended since, unless this system has no /proc: then it exists as far as kill(2) tells.
        return not Path("/proc/self").exists()
    return stat.rsplit(b")", 1)[1].split()[0] != b"Z"


def wait_gone(pid: int, timeout_sec: float) -> bool:
    """Wait until the process is gone; False when it is still there after the time."""
    end = time.monotonic() + timeout_sec
    while is_alive(pid):
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _popen(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None,
    cwd: Path | None,
    stdin: int,
    out: int | IO[bytes],
    err: int,
    death_signal: int = signal.SIGKILL,
    hold: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    parent = os.getpid()

    def in_child() -> None:
        if death_signal != signal.SIGKILL:
            # Until the exec the parent's own handler is in place and would swallow a death that comes this early.
            signal.signal(death_signal, signal.SIG_DFL)
        die_with_parent(death_signal, parent)

    return subprocess.Popen(
        [str(word) for word in argv],
        env=dict(env) if env is not None else None,
        cwd=cwd,
        stdin=stdin,
        stdout=out,
        stderr=err,
        start_new_session=True,
        pass_fds=hold,
        preexec_fn=in_child,
    )


def _signal_group(pid: int, sig: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # the group is gone: nothing left to stop
        os.killpg(pid, sig)

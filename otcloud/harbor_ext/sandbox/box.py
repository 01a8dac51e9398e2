"""A running sandbox as its owner sees it: start it, run commands in it, close it.

Knows nothing of Harbor or tasks. What comes back over the socket was written by a process of the sandbox and is
treated as such: bounded, parsed, never trusted.
"""

import asyncio
import contextlib
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from otcloud.harbor_ext.sandbox import meter, scratch
from otcloud.harbor_ext.sandbox.endings import SandboxError, SandboxLimitExceeded
from otcloud.harbor_ext.sandbox.gauge import Gauge, Used
from otcloud.harbor_ext.sandbox.spec import CODE, DEFAULT_PATH, FAILED, KILLED, READY, REFUSED, Command, Limits
from otcloud.harbor_ext.sandbox.streams import Capture, Feed, Sink

START_SEC, CLOSE_SEC, KILL_SEC, GRACE_SEC = 60.0, 10.0, 15.0, 1.0
CODE_OF_KILLED = 137
_ANSWER_BYTES = 65536
_PATIENCE = 10
_PACKAGE_ROOT = Path(__file__).resolve().parents[3]
_PROGRAM = "import sys; sys.path.insert(0, sys.argv.pop(1)); from otcloud.harbor_ext.sandbox.keeper import main; main()"


@dataclass(frozen=True)
class Pipes:
    """Where a command's streams go. Without `stdin` it reads end of file."""

    stdout: Sink
    stderr: Sink
    stdin: BinaryIO | None = None


class Box:
    """One sandbox. `folder` is its scratch folder (made by start), `base` the curated root beside it."""

    def __init__(self, folder: Path, base: Path, python: str, network: bool, limits: Limits | None = None) -> None:
        self.folder = folder
        self.limits = limits or Limits()
        self._base = base
        self._python = python
        self._network = network
        # The keeper's environment holds nothing of the host's, except what some interpreters need to start at all.
        loader = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
        self._keeper_env = {"PATH": DEFAULT_PATH, **loader}
        self._keeper: asyncio.subprocess.Process | None = None
        self._control: socket.socket | None = None
        self._captures: set[Capture] = set()
        self._gauge: Gauge | None = None
        self._ended: SandboxError | None = None

    @property
    def pid(self) -> int:
        """The keeper's process id on the host."""
        if self._keeper is None:
            raise SandboxError("the sandbox has not been started")
        return self._keeper.pid

    async def start(self) -> None:
        """Make the scratch folder, start the keeper and wait for "ready" from inside. Raises SandboxError, OSError."""
        await asyncio.to_thread(scratch.prepare_trial, self.folder)
        await self.spawn()
        await self.ready()

    async def spawn(self) -> None:
        """Start the keeper without waiting for it. The event loop's own thread spawns it: when that thread ends, the
        kernel ends the keeper."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = ours
        ours.setblocking(False)
        base, network = os.path.relpath(self._base, self.folder), "public" if self._network else "none"
        gauge, report = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._gauge = Gauge(gauge)
        with theirs, report:
            self._keeper = await asyncio.create_subprocess_exec(
                *(self._python, "-I", "-S", "-E", "-c", _PROGRAM),
                *(str(_PACKAGE_ROOT), str(theirs.fileno()), str(report.fileno())),
                *(base, network, str(os.getpid()), self.limits.to_argument()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=[theirs.fileno(), report.fileno()],
                cwd=self.folder,
                env=self._keeper_env,
                start_new_session=True,
            )

    async def ready(self) -> None:
        """Wait for the keeper's word. Raises SandboxError with the step that failed."""
        assert self._control is not None and self._keeper is not None and self._keeper.stderr is not None
        assert self._gauge is not None
        loop = asyncio.get_running_loop()
        try:
            data = await asyncio.wait_for(loop.sock_recv(self._control, _ANSWER_BYTES), START_SEC)
        except TimeoutError as error:
            raise SandboxError(f"the sandbox did not start within {START_SEC:.0f} s") from error
        word, *rest = data.decode(errors="replace").split("\n", 3)
        if word == READY:
            self._gauge.watch()
            return
        if word == FAILED and len(rest) == 3 and rest[0].isdigit():
            raise SandboxError(f"the sandbox could not be set up: {rest[2]}", rest[1], int(rest[0]))
        text = (await self._keeper.stderr.read(_ANSWER_BYTES)).decode(errors="replace").strip()
        raise SandboxError(f"the sandbox's keeper ended at start: {text or 'no message'}", "start the keeper")

    async def run(self, command: Command, pipes: Pipes, timeout_sec: float | None = None) -> int:
        """Run one command; returns its exit code (137 when its supervisor was killed).

        At the time limit, or when this call is cancelled, the command and all its descendants are killed.
        Raises TimeoutError, SandboxError; SandboxLimitExceeded or SandboxDiskFull when that ended the sandbox.
        """
        channel, captures, feed = self._delegate(pipes)
        reader, writer = await asyncio.open_unix_connection(sock=channel, limit=_ANSWER_BYTES)
        try:
            writer.write(command.to_bytes())
            word, rest = await asyncio.wait_for(_answer(reader), timeout_sec)
            if word == REFUSED:
                await self._hear_why()
                raise SandboxError(f"the sandbox refused a command: {rest}")
            if word != CODE:
                self.raise_if_ended()
            # A daemon that holds the pipes costs this grace; everything written before the command's end is there.
            await asyncio.wait([capture.ended for capture in captures], timeout=GRACE_SEC)
            for capture in captures:
                capture.settle()
            return int(rest) if word == CODE and rest.isdigit() else CODE_OF_KILLED
        except TimeoutError:
            await self._kill(reader, writer)
            raise
        finally:
            # Closing the channel is also the order to kill, if the command still runs.
            writer.close()
            if feed is not None:
                feed.close()
            for capture in captures:
                capture.drop()

    def _delegate(self, pipes: Pipes) -> tuple[socket.socket, list[Capture], Feed | None]:
        """Hand the keeper a fresh set of pipes and a channel. Only pipes: a host file's descriptor could be reopened
        for writing through /proc inside."""
        self.raise_if_ended()
        if self._control is None:
            raise SandboxError("the sandbox is not running")
        ours, theirs = socket.socketpair()
        in_read, in_write = os.pipe()
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        given = [theirs.detach(), in_read, out_write, err_write]
        try:
            socket.send_fds(self._control, [b"x"], given)
        except OSError as error:
            for descriptor in (in_write, out_read, err_read):
                os.close(descriptor)
            ours.close()
            self.raise_if_ended()
            raise SandboxError(f"the sandbox is gone: {error.strerror}") from error
        finally:
            for descriptor in given:
                os.close(descriptor)
        captures = [Capture(out_read, pipes.stdout), Capture(err_read, pipes.stderr)]
        for capture in captures:
            self._captures.add(capture)
            capture.ended.add_done_callback(lambda _, ended=capture: self._captures.discard(ended))
        if pipes.stdin is None:
            os.close(in_write)
            return ours, captures, None
        return ours, captures, Feed(in_write, pipes.stdin)

    async def _kill(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write_eof()
        try:
            answer = await asyncio.wait_for(_answer(reader), KILL_SEC)
        except TimeoutError:
            answer = ("", "")
        if answer[0] != CODE and answer != (KILLED, "1"):
            # Something escaped its supervisor, or that was killed: end the whole sandbox instead of leaving it running.
            await self.close()

    async def survey(self) -> Used | None:
        """What the sandbox holds on disk; None when it cannot be told."""
        return await self._gauge.survey() if self._gauge is not None else None

    async def end(self, reason: SandboxError) -> None:
        """Close the sandbox; commands that run, and all later ones, raise this reason."""
        self._ended = self._ended or reason
        await self.close()

    async def _hear_why(self) -> None:
        """A sandbox that has no room for one more process is about to be ended by its meter."""
        for _ in range(_PATIENCE):
            self.raise_if_ended()
            await asyncio.sleep(meter.TICK_SEC)

    def raise_if_ended(self) -> None:
        """Raises SandboxLimitExceeded or SandboxDiskFull when that has ended the sandbox."""
        if self._gauge is not None:
            self._gauge.hear()
        if self._ended is None and self._gauge is not None and self._gauge.over is not None:
            self._ended = SandboxLimitExceeded(
                f"the sandbox was ended: it ran {self._gauge.over} processes and threads, and its limit is "
                f"{self.limits.processes}"
            )
        if self._ended is not None:
            raise type(self._ended)(str(self._ended))

    async def close(self) -> None:
        """End every process of the sandbox and wait until they are gone. The scratch folder stays. Idempotent."""
        keeper, control = self._keeper, self._control
        self._control = None
        if control is not None:
            control.close()
        if keeper is not None:
            try:
                await asyncio.wait_for(keeper.wait(), CLOSE_SEC)
            except TimeoutError:
                # It hangs in the kernel: SIGKILL takes the namespace with it.
                with contextlib.suppress(ProcessLookupError):
                    keeper.kill()
                await keeper.wait()
        for capture in list(self._captures):
            capture.close()
        if self._gauge is not None:
            self._gauge.hear()
            self._gauge.close()


async def _answer(reader: asyncio.StreamReader) -> tuple[str, str]:
    """The first word and the rest of a supervisor's line; empty when there is none."""
    try:
        word, _, rest = (await reader.readline()).decode(errors="replace").strip().partition(" ")
    except (ValueError, ConnectionError):
        # A line beyond the limit, or a reset: the supervisor was tampered with or killed.
        return "", ""
    return word, rest

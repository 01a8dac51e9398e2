"""The node's entry: `python -m otcloud.node RUN_DIRECTORY`. Reads plan and lock there, ends with the run's exit code.

One node at a time works on a run directory: the lock is held by the node and by the programs it started, so a second
node waits until the last of a killed first one is gone.
"""

import contextlib
import errno
import os
import signal
import sys
import traceback
from pathlib import Path

from otcloud.errors import Cancelled, InputInvalid, Interrupted, OtcloudError, PublishFailed, UsageError
from otcloud.node.runner import Runner
from otcloud.node.slots import EVERYTHING, Scope, entries
from otcloud.node.status import Status
from otcloud.places import cache_dir
from otcloud.programs import ensure_harbor
from otcloud.runs.journal import locked, read_json
from otcloud.runs.layout import RunDir
from otcloud.runs.stored import newest, stored_plan
from otcloud.secrets import Secrets

_STOP_SEC = 150
"""Seconds in which a node that was asked to end must have ended: Harbor's minute for its sandboxes, then the rest."""
_LOCK_WAIT_SEC = _STOP_SEC + 30.0
"""So that the node before this one, asked to end a moment ago, is gone."""
_OVERTIME_SEC = 300
"""Seconds beyond its lifetime after which even a node that hangs is ended."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES)


class _Stop:
    """Set by SIGINT and SIGTERM; asked between two steps. The kernel's alarm (SIGALRM, deadly by default) ends a node
    that does not come to ask, and the death of a node ends all that it started."""

    def __init__(self) -> None:
        self.asked = False
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sig, self._ask)

    def __call__(self) -> bool:
        return self.asked

    def end_by(self, seconds: int) -> None:
        """Be dead in so many seconds, whatever happens; an end that was asked for comes sooner."""
        if not self.asked:
            signal.alarm(seconds)

    def _ask(self, _sig: int, _frame: object) -> None:
        if not self.asked:
            self.asked = True
            signal.alarm(_STOP_SEC)


def main(argv: list[str]) -> int:
    """Run the node on a run directory; gives the exit code, which also stands in node/status.json."""
    stop = _Stop()
    if len(argv) != 1 or not Path(argv[0]).is_dir():
        _say("usage: python -m otcloud.node RUN_DIRECTORY")
        return UsageError.exit_code
    run = RunDir(Path(argv[0]).absolute())
    try:
        with locked(run.node_lock, wait_sec=_LOCK_WAIT_SEC, give_up=stop) as held:
            if held is None and stop.asked:
                return Interrupted.exit_code
            if held is None:
                _say(f"another node is at work in {run.root}")
                return Cancelled.exit_code
            status = Status(run)
            return _end(status, _attempt(run, status, stop, held))
    except OSError as error:
        # No lock can be held, so no status may be written: the exit code and the log tell.
        _say(f"{run.root} cannot be locked: {error}")
        return PublishFailed.exit_code


def _attempt(run: RunDir, status: Status, stop: _Stop, lock: int) -> OtcloudError | None:
    try:
        status.begin()
        _execute(run, status, stop, lock)
    except OtcloudError as error:
        return error
    except OSError as error:
        _say(traceback.format_exc())
        return PublishFailed(
            f"the node cannot write or read its files: {error}",
            why="the disk is full, or the run directory is not writable" if error.errno in _FULL else "",
            do=f"everything published is kept; mend it, then: otcloud resume {run.run_id}",
        )
    except Exception as error:  # noqa: BLE001 - the boundary: a bug is told like any other end
        _say(traceback.format_exc())
        return OtcloudError(f"a bug in the node: {error!r}", why=traceback.format_exc(limit=-3))
    return None


def _end(status: Status, error: OtcloudError | None) -> int:
    try:
        return status.end(error)
    except OSError:
        # Not even the last word can be written (a full disk): the exit code still tells the truth.
        _say(traceback.format_exc())
        return PublishFailed.exit_code if error is None else error.exit_code


def _say(text: str) -> None:
    """A line in the node's log."""
    with contextlib.suppress(OSError):  # the log is on the same full disk
        os.write(sys.stderr.fileno(), f"{text.rstrip()}\n".encode(errors="backslashreplace"))


def _execute(run: RunDir, status: Status, stop: _Stop, held: int) -> None:
    amendment, plan, lock = newest(run), stored_plan(run), read_json(run.tasks_lock)
    if lock is None:
        do = "start a new run with the command that started this one, and --new"
        raise InputInvalid(f"{run.tasks_lock} cannot be read", why="it is missing or torn", do=do)
    stop.end_by(int(plan.lifetime.max_sec) + _OVERTIME_SEC)
    environ = dict(os.environ)
    secrets = Secrets(environ, "the node's environment").require(plan.secrets.required)
    harbor = ensure_harbor(plan.harbor.lock, cache_dir(environ), environ, lambda text: status.update(note=text))
    scope = EVERYTHING if amendment is None else Scope(frozenset(amendment.vacated), amendment.slots)
    Runner(run, plan, entries(lock), harbor, environ, secrets, status, stop, held, scope).execute()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The node's entry: `python -m otcloud.node RUN_DIRECTORY`. Reads plan and lock there, ends with the run's exit code.

One node at a time works on a run directory: the lock is held by the node and by the programs it started, so a second
node waits until the last of a killed first one is gone.
"""

import errno
import os
import signal
import sys
import traceback
from pathlib import Path

from otcloud.errors import Cancelled, InputInvalid, OtcloudError, PublishFailed
from otcloud.node.runner import Runner
from otcloud.node.slots import entries
from otcloud.node.status import Status
from otcloud.places import cache_dir
from otcloud.plan.plan import Plan
from otcloud.programs import ensure_harbor
from otcloud.runs.journal import locked, read_json
from otcloud.runs.layout import RunDir
from otcloud.secrets import Secrets

_LOCK_WAIT_SEC = 90.0
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)


class _Stop:
    """Set by SIGINT and SIGTERM; asked between two steps."""

    def __init__(self) -> None:
        self.asked = False
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sig, self._ask)

    def __call__(self) -> bool:
        return self.asked

    def _ask(self, _sig: int, _frame: object) -> None:
        self.asked = True


def main(argv: list[str]) -> int:
    """Run the node on a run directory; gives the exit code, which also stands in node/status.json."""
    stop = _Stop()
    run = RunDir(Path(argv[0]).absolute())
    with locked(run.root / "node" / "lock", wait_sec=_LOCK_WAIT_SEC) as held:
        if held is None:
            sys.stderr.write(f"another node is at work in {run.root}\n")
            return Cancelled.exit_code
        status = Status(run)
        return _end(status, _attempt(run, status, stop, held))


def _attempt(run: RunDir, status: Status, stop: _Stop, lock: int) -> OtcloudError | None:
    try:
        status.begin()
        _execute(run, status, stop, lock)
    except OtcloudError as error:
        return error
    except OSError as error:
        traceback.print_exc()
        return PublishFailed(
            f"the node cannot write or read its files: {error.strerror}: {error.filename}",
            why="the disk is full, or the run directory is not writable" if error.errno in _FULL else "",
            do=f"everything published is kept; mend it, then: otcloud resume {run.run_id}",
        )
    except Exception as error:  # noqa: BLE001 - the boundary: a bug is told like any other end
        traceback.print_exc()
        return OtcloudError(f"a bug in the node: {error!r}", why=traceback.format_exc(limit=-3))
    return None


def _end(status: Status, error: OtcloudError | None) -> int:
    try:
        return status.end(error)
    except OSError:
        # Not even the last word can be written (a full disk): the exit code still tells the truth.
        traceback.print_exc()
        return PublishFailed.exit_code if error is None else error.exit_code


def _execute(run: RunDir, status: Status, stop: _Stop, held: int) -> None:
    plan, lock = read_json(run.plan), read_json(run.tasks_lock)
    if plan is None or lock is None:
        raise InputInvalid(f"{run.root} is no run directory", why="plan.json or tasks.lock.json cannot be read")
    compiled = Plan.model_validate(plan)
    environ = dict(os.environ)
    secrets = Secrets(environ, "the node's environment").require(compiled.secrets.required)
    harbor = ensure_harbor(compiled.harbor.lock, cache_dir(environ), environ, lambda text: status.update(note=text))
    Runner(run, compiled, entries(lock), harbor, environ, secrets, status, stop, held).execute()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

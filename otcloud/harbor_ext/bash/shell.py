"""Runs one bash block in a Harbor environment: working directory kept, time and output bounded.

Every block is a bash of its own. Its working directory at the end is left in a file in the sandbox and taken up by the
next; the output passes through head and tail there, so that an endless one costs no memory here. Needs bash alone:
without coreutils in the sandbox the environment's own time limit holds and the output comes whole.
"""

import shlex
import time

from harbor.environments.base import BaseEnvironment, ExecResult

from otcloud.harbor_ext.bash.feedback import BlockResult

_GRACE_SEC = 15
"""Seconds past a block's limit before the environment's own limit strikes, which loses the output."""

_MAX_COMMAND_BYTES = 100_000
"""Linux takes no single argument of 128 KiB or more (MAX_ARG_STRLEN), and an environment may add quotes."""

# The path is fixed before the block runs: it may set TMPDIR to something else.
_CWD_FILE = "${TMPDIR:-/tmp}/.otcloud-bash-cwd"
_GO_BACK = f'cd -- "$(<"{_CWD_FILE}")" 2>/dev/null; '
# A trap of the block's own on EXIT wins over this one: its working directory is then not kept.
_KEEP_AND_RUN = (
    f'{{ builtin pwd >|"{_CWD_FILE}"; }} 2>/dev/null; '
    f"trap \"{{ builtin pwd >|'{_CWD_FILE}'; }} 2>/dev/null\" EXIT; "
    'eval "shift; $1"'
)
_HELD = "[A process in the background still holds this block's output: the rest of it is lost. Send it to a file.]"
# The output goes through `cat` so that its end can be forced: a background process may keep its own end open for ever.
_WRAP = """\
for tool in timeout head tail cat sleep; do
  command -v "$tool" >/dev/null || exec bash -c "$1" bash "$2" 2>&1 </dev/null
done
{{
  exec 9> >(exec cat)
  relay=$!
  timeout -s KILL {timeout} bash -c "$1" bash "$2" >&9 2>&1 9>&- </dev/null
  code=$?
  exec 9>&-
  for pause in 0.01 0.02 0.05 0.1 0.2 0.3 0.4; do kill -0 "$relay" || exit "$code"; sleep "$pause"; done
  kill -KILL "$relay" && printf '\\n%s\\n' "{held}"
  exit "$code"
}} 2>/dev/null | {{ head -c {window}; tail -c {window}; }}
exit "${{PIPESTATUS[0]}}"
"""


class NoBash(RuntimeError):
    """The sandbox has no bash, which is all that this agent needs."""


class Shell:
    """One trial's bash. Blocks are run one after the other, `timeout_sec` seconds each."""

    def __init__(self, environment: BaseEnvironment, *, timeout_sec: int, max_output_chars: int) -> None:
        self._environment = environment
        self._timeout_sec = timeout_sec
        # UTF-8 takes up to four bytes a character.
        self._window = 4 * max_output_chars
        self._started = False

    async def check(self) -> None:
        """Errors: NoBash, with what the sandbox said."""
        result = await self._environment.exec("bash -c 'exit 0'", timeout_sec=60)
        if result.return_code != 0:
            raise NoBash(f"the sandbox cannot run bash (exit code {result.return_code}): {_text(result).strip()}")

    async def run(self, block: str) -> BlockResult:
        """Run a block. Errors: whatever the environment raises, unless it is about this block's time."""
        command = self._command(block)
        if "\0" in block or len(command.encode()) > _MAX_COMMAND_BYTES:
            return BlockResult(None, reason="not run: it is too long, or holds a NUL character. Use smaller steps.")
        start = time.monotonic()
        try:
            result = await self._environment.exec(command, timeout_sec=self._timeout_sec + _GRACE_SEC)
        except (RuntimeError, TimeoutError):
            # Environments report a command that ran too long this way; before its time is over it is a real failure,
            # whose own name says what failed.
            if time.monotonic() - start < self._timeout_sec:
                raise
            return self._stopped("")
        self._started = True
        # `timeout` says 124, or 137 when it killed; a block may end so by itself, but then sooner.
        if result.return_code in (124, 137) and time.monotonic() - start >= self._timeout_sec:
            return self._stopped(_text(result))
        return BlockResult(result.return_code, _text(result))

    def _stopped(self, output: str) -> BlockResult:
        self._started = True
        return BlockResult(None, output, reason=f"stopped after {self._timeout_sec} seconds")

    def _command(self, block: str) -> str:
        # The first block starts where the environment puts it, whatever an earlier agent left in the file.
        run = (_GO_BACK if self._started else "") + _KEEP_AND_RUN
        wrap = _WRAP.format(timeout=self._timeout_sec, window=self._window, held=_HELD)
        return shlex.join(["bash", "-c", wrap, "bash", run, block])


def _text(result: ExecResult) -> str:
    return (result.stdout or "") + (result.stderr or "")

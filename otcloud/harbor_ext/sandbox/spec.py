"""What the two sides tell each other: a command and the limits of a sandbox.

Plain data with a form for the wire; no side effects. The keeper starts once per trial, so the modules it needs
(`kernel`, `keeper`, `meter`, `root`, `spec`, `supervisor`) import no json, typing, re, pathlib or dataclasses: 45 ms
became 20.
"""

HOSTNAME = "sandbox"
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEFAULT_ENV = {"PATH": DEFAULT_PATH, "LANG": "C.UTF-8", "TERM": "dumb", "HOSTNAME": HOSTNAME}

MIB = 1024**2
MAX_SHM_BYTES = 256 * 1024**2
OOM_SCORE = 500
"""Raised above the default of 0: when memory runs out the kernel ends the sandbox's processes before others."""

READY, FAILED = "ready", "failed"
CODE, KILLED, REFUSED = "code", "killed", "refused"
"""First words of the keeper's and of a supervisor's answer."""

WATCH, SURVEY = "watch", "survey"
"""What the meter is told: count processes from now on; measure the files."""
USED, OVER = "used", "over"
"""First words of the meter: `used <bytes> <files> <1 if some lie too deep to be counted, else 0>`; `over <processes>`,
after which it ends the sandbox."""


class Limits:
    """What one sandbox may use. Threads count as processes; a file that is being written counts as its size so far."""

    __slots__ = ("file_bytes", "open_files", "processes", "storage_bytes")

    def __init__(
        self,
        processes: int = 4096,
        open_files: int = 65536,
        file_bytes: int = 8192 * MIB,
        storage_bytes: int = 10240 * MIB,
    ) -> None:
        self.processes = processes
        self.open_files = open_files
        self.file_bytes = file_bytes
        self.storage_bytes = storage_bytes

    @property
    def most_processes(self) -> int:
        """What the kernel allows where it can: more than the limit, at which the meter ends the sandbox, so that the
        meter need not be fast, and more than the 301 that Linux asks of pid_max at least."""
        return 2 * self.processes + 512

    def to_argument(self) -> str:
        """One word for the keeper's command line."""
        return f"{self.processes},{self.open_files},{self.file_bytes},{self.storage_bytes}"

    @classmethod
    def from_argument(cls, text: str) -> "Limits":
        """The reverse of to_argument."""
        return cls(*map(int, text.split(",")))


class Command:
    """One process to run in the sandbox, waited for with everything it leaves behind.

    `user` is a name of the sandbox's /etc/passwd, or a number; `:group` may follow.
    """

    __slots__ = ("argv", "cwd", "env", "user")

    def __init__(self, argv: list[str], env: dict[str, str], cwd: str = "/", user: str = "0") -> None:
        self.argv = argv
        self.env = env
        self.cwd = cwd
        self.user = user

    def to_bytes(self) -> bytes:
        """A length of four bytes, then all strings separated by NUL, which none may contain (ValueError)."""
        pairs = [part for item in self.env.items() for part in item]
        parts = [self.cwd, self.user, str(len(self.argv)), *self.argv, *pairs]
        if any("\0" in part for part in parts):
            raise ValueError("a command, its folder or its environment contains a NUL byte")
        data = "\0".join(parts).encode(errors="surrogateescape")
        return len(data).to_bytes(4, "big") + data

    @classmethod
    def from_bytes(cls, data: bytes) -> "Command":
        """The reverse of to_bytes, without the length."""
        cwd, user, count, *rest = data.decode(errors="surrogateescape").split("\0")
        argv, pairs = rest[: int(count)], rest[int(count) :]
        return cls(argv, dict(zip(pairs[::2], pairs[1::2], strict=True)), cwd, user)

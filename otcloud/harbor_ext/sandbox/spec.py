"""What the two sides tell each other: a command and the limits of a sandbox.

Plain data with a form for the wire; no side effects. The keeper starts once per trial, so the modules it needs
(`kernel`, `keeper`, `root`, `spec`, `supervisor`) import no json, typing, re, pathlib or dataclasses: 45 ms became 20.
"""

HOSTNAME = "sandbox"
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEFAULT_ENV = {"PATH": DEFAULT_PATH, "LANG": "C.UTF-8", "TERM": "dumb", "HOSTNAME": HOSTNAME}

MAX_PROCESSES = 4096
MAX_OPEN_FILES = 65536
MAX_FILE_BYTES = 8 * 1024**3
MAX_SHM_BYTES = 256 * 1024**2
OOM_SCORE = 500
"""Raised above the default of 0: when memory runs out the kernel ends the sandbox's processes before others."""

READY, FAILED = "ready", "failed"
CODE, KILLED, REFUSED = "code", "killed", "refused"
"""First words of the keeper's and of a supervisor's answer."""


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

"""Why a sandbox did not start or is there no more: the exceptions, whose names the table of failures knows."""


class SandboxError(RuntimeError):
    """The sandbox could not start or is gone. `step` and `errno` say where the kernel refused, when it did."""

    def __init__(self, message: str, step: str = "", errno: int = 0) -> None:
        super().__init__(message)
        self.step = step
        self.errno = errno


class SandboxLimitExceeded(SandboxError):
    """The sandbox used more than its limits allow, and was ended."""


class SandboxDiskFull(SandboxError):
    """The disk of the scratch folder was nearly full, and this sandbox, which held most of it, was ended."""

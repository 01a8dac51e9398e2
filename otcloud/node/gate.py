"""The gate: one file that lets Harbor's plug-in start trials while nobody holds it.

The model server, the watch over failures and the budget may each hold it for a reason of their own. A held gate can
admit a counted few, to see whether what went wrong is over.
"""

from otcloud.runs.journal import write_text
from otcloud.runs.layout import RunDir


class Gate:
    """The file's only writer. It is there, and empty, while no one holds the gate; `<serial> <n>` in it admits n
    trials and no more, for each serial once. Without the file nothing starts."""

    def __init__(self, run: RunDir) -> None:
        self._path = run.gate
        self._holders: dict[str, str] = {}
        self._serial = 0
        self._admitting = False

    @property
    def held_for(self) -> tuple[str, ...]:
        """Why trials are held back, one sentence for each holder, the first to hold first."""
        return tuple(self._holders.values())

    @property
    def admitting(self) -> bool:
        """Whether what was last admitted may still come through: nobody has held or opened the gate since."""
        return self._admitting

    def hold(self, holder: str, why: str = "") -> None:
        """Let no further trial start until `holder` releases the gate; what was admitted and did not start may not."""
        self._holders[holder] = why
        self._admitting = False
        self._path.unlink(missing_ok=True)

    def release(self, holder: str) -> None:
        """Take back a hold; trials start when it was the last one."""
        self._holders.pop(holder, None)
        if not self._holders:
            self._admitting = False
            write_text(self._path, "")

    def admit(self, holder: str, starts: int) -> bool:
        """Let so many trials through although `holder` holds the gate; False while somebody else holds it too."""
        if set(self._holders) - {holder}:
            return False
        self._serial += 1
        self._admitting = True
        write_text(self._path, f"{self._serial} {starts}")
        return True

"""Harbor's side of the gate: whether one more trial may start now, from what the node has written into one file."""

from pathlib import Path


class Entrance:
    """Reads the gate that node/gate.py writes: empty when it is open, else `<serial> <n>`: n more, each serial once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._serial = ""
        self._left = 0

    def admits(self) -> bool:
        """Whether a trial may start; of a counted few, this call takes one."""
        try:
            said = self._path.read_text()
        except (OSError, ValueError):
            return False  # no file: somebody holds the gate
        if not said:
            return True
        serial, _, starts = said.partition(" ")
        if serial != self._serial and starts.isdecimal():
            self._serial, self._left = serial, int(starts)
        if self._left <= 0:
            return False
        self._left -= 1
        return True

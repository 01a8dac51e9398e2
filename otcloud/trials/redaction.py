"""Takes secrets out of a trial's files: providers quote the key that they refuse, and Harbor writes it down.

What is long enough to be taken out is said by otcloud/secrets.py. A value is looked for byte for byte, without the
blanks around it, and as JSON escapes it; a file that holds none is left alone, whatever it is.
"""

import json
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from otcloud.secrets import Secrets
from otcloud.trials.files import TrialFiles

_PIECE = 1 << 20


class Redaction:
    """Replaces each value by its name in brackets, the longest first."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._names: dict[bytes, bytes] = {}
        for name, value in values.items():
            for form in _forms(value):
                if Secrets({name: form}, "").redact(form) != form:
                    self._names.setdefault(os.fsencode(form), f"[{name}]".encode())
        forms = sorted(self._names, key=len, reverse=True)
        self._pattern = re.compile(b"|".join(map(re.escape, forms)))
        self._overlap = len(forms[0]) - 1 if forms else 0

    def data(self, data: bytes) -> bytes:
        """The data without the values."""
        return self._pattern.sub(self._name, data) if self._is_in(data) else data

    def text(self, said: str) -> str:
        """The text without the values."""
        return self.data(said.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def file(self, path: Path) -> None:
        """Replace a regular file that holds a value, in one step. Streams. Errors: OSError."""
        if not self._names or not stat.S_ISREG(path.lstat().st_mode):
            return
        # No following, no waiting: between the look and the opening the file may have become something else.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as source:
            if self._is_in_file(source):
                source.seek(0)
                self._rewrite(source, path)

    def folder(self, folder: Path, *, deep: bool = True) -> None:
        """The same for every file below a folder, or only for those right in it; links are not followed.

        Error: the first OSError, after all others have been looked at."""
        errors: list[OSError] = []
        for above, below, names in os.walk(folder, onerror=errors.append) if self._names else ():
            if not deep:
                below.clear()
            for name in names:
                try:
                    self.file(Path(above, name))
                except FileNotFoundError:
                    pass  # Harbor has removed it since
                except OSError as error:
                    errors.append(error)  # raised below: one bad file does not keep a value in the others
        if errors:
            raise errors[0]

    def _rewrite(self, source: BinaryIO, path: Path) -> None:
        temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
        try:
            with temporary.open("xb") as target:
                target.writelines(self._pieces(source))
                target.flush()
                os.fchmod(target.fileno(), stat.S_IMODE(os.fstat(source.fileno()).st_mode))
                os.fsync(target.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)

    def _is_in(self, data: bytes) -> bool:
        return any(form in data for form in self._names)

    def _is_in_file(self, source: BinaryIO) -> bool:
        end = b""
        while piece := source.read(_PIECE):
            data = end + piece
            if self._is_in(data):
                return True
            end = data[-self._overlap :]
        return False

    def _pieces(self, source: BinaryIO) -> Iterator[bytes]:
        """The file without the values; the end of each piece waits for the next, where a value may go on."""
        rest = b""
        while piece := source.read(_PIECE):
            data = rest + piece
            cut = max(0, len(data) - self._overlap)
            for found in self._pattern.finditer(data):
                if found.start() < cut:
                    cut = max(cut, found.end())
            yield self.data(data[:cut])
            rest = data[cut:]
        yield self.data(rest)

    def _name(self, found: re.Match[bytes]) -> bytes:
        return self._names[found[0]]


NOTHING_HIDDEN = Redaction({})
"""Where there are no secrets."""


class RedactedFiles:
    """A trial's files as they are without the values."""

    def __init__(self, files: TrialFiles, redaction: Redaction) -> None:
        self._files = files
        self._redaction = redaction

    @property
    def name(self) -> str:
        """The trial's name."""
        return self._files.name

    def read(self, relative: str) -> bytes | None:
        """The file's contents without the values, or None."""
        data = self._files.read(relative)
        return None if data is None else self._redaction.data(data)


def _forms(value: str) -> Iterator[str]:
    """A line break at a value's end, as files of secrets have it, is not sent; JSON escapes what stands within."""
    for form in (value, value.strip()):
        yield form
        yield json.dumps(form)[1:-1]
        yield json.dumps(form, ensure_ascii=False)[1:-1]

"""The options of the local sandbox: what `sandbox.kwargs` of a recipe may hold, with defaults and bounds.

Harbor takes any environment kwargs without a word, so they are read here: once before a run, and by every trial.
"""

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from otcloud.harbor_ext.sandbox.spec import MIB, Limits


class Options(BaseModel):
    """All of them, valid."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, use_attribute_docstrings=True)

    scratch: str | None = None
    """Folder for the sandboxes' files, relative to Harbor's working folder; below the trial's own when absent."""

    max_processes: int = Field(default=4096, ge=16, le=2_000_000)
    """Processes and threads of one sandbox; one that runs more is ended."""

    max_open_files: int = Field(default=65536, ge=64, le=1_000_000)
    """Open files of one process; to open more fails inside. Never above Harbor's own limit."""

    max_file_mb: int = Field(default=8192, ge=1)
    """Largest file in a sandbox, in MiB; to write more of it fails inside."""

    default_storage_mb: int = Field(default=10240, ge=1)
    """What one sandbox may hold on disk, in MiB, when the task names no storage_mb; one that holds more is ended."""

    min_free_mb: int | None = Field(default=None, ge=0)
    """Free space of the scratch folder's disk, in MiB, below which the sandbox that holds most is ended. When absent
    1024, or a twentieth of a disk smaller than 20 GiB."""

    max_output_mb: int = Field(default=10, ge=1, le=1024)
    """What is kept of each stream of a command, in MiB: its first and its last half."""

    max_log_file_mb: int = Field(default=64, ge=1)
    """Largest log file that is copied out whole, in MiB; of a larger one, its first and last half."""

    max_download_mb: int = Field(default=2048, ge=1)
    """Largest file or folder, artifacts included, that is copied out at once, in MiB; more is an error."""

    def limits(self, storage_mb: int | None) -> Limits:
        """Those that the sandbox itself must know, for a task that asks for `storage_mb`."""
        return Limits(
            processes=self.max_processes,
            open_files=self.max_open_files,
            file_bytes=self.max_file_mb * MIB,
            storage_bytes=(storage_mb or self.default_storage_mb) * MIB,
        )


def read(kwargs: Mapping[str, Any]) -> tuple[Options, list[str]]:
    """The options, and a sentence for each that is wrong; with any, the options are the defaults."""
    try:
        return Options.model_validate(dict(kwargs)), []
    except ValidationError as error:
        return Options(), [_sentence(str(item["loc"][0]), item["type"], item["msg"]) for item in error.errors()]


def _sentence(name: str, kind: str, message: str) -> str:
    if kind != "extra_forbidden":
        return f"sandbox.kwargs.{name}: {message[:1].lower()}{message[1:]}"
    near = difflib.get_close_matches(name, Options.model_fields, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(sorted(Options.model_fields))}"
    return f"sandbox.kwargs: the local sandbox has no option {name!r} ({hint})"

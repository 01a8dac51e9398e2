"""A PATH with stand-ins for docker and podman, which answer what the real ones answer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class Programs:
    """A folder of programs, and the PATH that finds them alone."""

    folder: Path

    @property
    def environ(self) -> dict[str, str]:
        """A narrow environment."""
        return {"PATH": str(self.folder / "bin")}

    def put(self, name: str, script: str) -> Self:
        """A program whose words are in $1, $2, ..."""
        program = self.folder / "bin" / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return self

    def docker(self, info: str = "exit 0", version: str = "echo 2.26.1-4") -> Self:
        """Docker with a daemon and Compose."""
        return self.put("docker", f"case $1 in info) {info};; compose) {version};; esac")

    def podman(self, info: str = "exit 0", compose: str = "exit 125") -> Self:
        """Podman, which has no `compose` of its own before 4.7, and podman-compose beside it."""
        self.put("podman", f"case $1 in info) {info};; compose) {compose};; esac")
        return self.put("podman-compose", "echo podman-compose version 1.6.0")

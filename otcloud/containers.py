"""Whether docker or podman can be used as Harbor uses them on this machine, and what gets what is missing.

Harbor's own check passes without the Compose plug-in, and every trial then fails; this one asks for the program, for
the daemon's answer and for Compose. Asked on the client before a local run, and by every node.
"""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass

from otcloud import process
from otcloud.errors import CredentialOrProgramMissing

_ASK_TIMEOUT_SEC = 10.0
_COMPOSE_FILES = "https://docs.docker.com/compose/install/linux/"


@dataclass(frozen=True)
class Missing:
    """What keeps a container engine from working here, the likely reason, and what gets it."""

    what: str
    do: str
    why: str = ""

    def __str__(self) -> str:
        return f"{self.what} ({self.why})" if self.why else self.what


def missing(sandbox: str, environ: Mapping[str, str]) -> Missing | None:
    """What `sandbox` lacks on this machine; None when it works, and for a sandbox that is no container engine."""
    ask = {"docker": _docker, "podman": _podman}.get(sandbox)
    return ask(environ) if ask is not None else None


def require(sandbox: str, environ: Mapping[str, str]) -> None:
    """Error: CredentialOrProgramMissing, with the words that get what `sandbox` lacks on this machine."""
    lack = missing(sandbox, environ)
    if lack is not None:
        raise CredentialOrProgramMissing(f"sandbox {sandbox}: {lack.what}", why=lack.why, do=lack.do)


def _docker(environ: Mapping[str, str]) -> Missing | None:
    if not _has("docker", environ):
        return Missing(
            "the program docker is not installed",
            "on Debian or Ubuntu: sudo apt-get install docker.io; elsewhere: https://docs.docker.com/engine/install/",
        )
    info = _ask(["docker", "info"], environ)
    if info.code != 0:
        return _silent_daemon(info, environ)
    asked = _ask(["docker", "compose", "version", "--short"], environ)
    version = re.search(r"\d+", asked.stdout) if asked.code == 0 else None
    if version is not None and int(version[0]) >= 2:
        return None
    old = "the separate program docker-compose is not what Harbor calls" if _has("docker-compose", environ) else ""
    return Missing(
        "docker has no compose plug-in of version 2",
        "install it: docker-compose-v2 (Ubuntu), docker-compose (Debian 13), docker-compose-plugin (Docker's own"
        f" packages), or its file into ~/.docker/cli-plugins/docker-compose: {_COMPOSE_FILES}",
        old,
    )


def _silent_daemon(info: process.Completed, environ: Mapping[str, str]) -> Missing:
    said = _last_line(info)
    where = environ.get("DOCKER_HOST", "")
    if "permission denied" in f"{info.stdout}{info.stderr}".lower():
        return Missing(
            "this user may not talk to docker's daemon",
            "join its group: sudo usermod -aG docker $USER, then log in again (or: newgrp docker)",
            said,
        )
    start = f"start it, or unset DOCKER_HOST ({where})" if where else "start it: sudo systemctl start docker"
    return Missing("docker's daemon does not answer", start, said)


def _podman(environ: Mapping[str, str]) -> Missing | None:
    if not _has("podman", environ):
        return Missing(
            "the program podman is not installed",
            "on Debian, Ubuntu or Fedora: sudo apt-get (or dnf) install podman; elsewhere: https://podman.io/docs/installation",
        )
    info = _ask(["podman", "info"], environ)
    if info.code != 0:
        return Missing("podman does not work here", "mend what `podman info` says, then try again", _last_line(info))
    help_text = _ask(["podman", "compose", "up", "--help"], environ)
    if "--detach" in help_text.stdout + help_text.stderr:  # the same question as Harbor's
        return _compose_provider(environ)
    if _has("podman-compose", environ) and _ask(["podman-compose", "version"], environ).code == 0:
        return None
    return Missing("podman has no compose program", "install it: uv tool install podman-compose (or: pipx install)")


def _compose_provider(environ: Mapping[str, str]) -> Missing | None:
    """`podman compose` hands over to another program, which needs podman's socket; podman-compose does not."""
    listed = _ask(["podman", "compose", "ls"], environ)
    if listed.code == 0:
        return None
    return Missing(
        "podman's compose provider does not reach podman",
        "start its socket: systemctl --user enable --now podman.socket",
        _last_line(listed),
    )


def _has(program: str, environ: Mapping[str, str]) -> bool:
    return shutil.which(program, path=environ.get("PATH", "")) is not None


def _ask(argv: list[str], environ: Mapping[str, str]) -> process.Completed:
    program = shutil.which(argv[0], path=environ.get("PATH", "")) or argv[0]
    return process.run([program, *argv[1:]], env=environ, timeout_sec=_ASK_TIMEOUT_SEC)


def _last_line(done: process.Completed) -> str:
    said = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return said[-1].strip() if said else f"no answer within {_ASK_TIMEOUT_SEC:g} s"

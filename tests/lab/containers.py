"""Container engines of a test session's own: a dockerd with its own socket and storage, a podman with its own storage.

No registry is asked: the base image is made by debootstrap and imported under the tag that the test tasks name. What is
missing on the machine is a reason to skip; `.ci/lab` gets it.
"""

import os
import re
import shutil
import signal
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from otcloud import process
from otcloud.runs.log import last_lines
from tests.flow.command import wait_for

IMAGE = "debian:bookworm-slim"
_SUITE = "bookworm"
_WITHOUT = (
    "./var/cache/apt/archives",
    "./var/lib/apt/lists",
    "./usr/share/doc",
    "./usr/share/locale",
    "./usr/share/man",
)


@dataclass(frozen=True)
class Engine:
    """One engine at work: its program, and the environment that leads to it."""

    name: str
    environ: Mapping[str, str]

    def __call__(self, *words: str | Path) -> str:
        """Run one command, which must succeed; gives what it printed."""
        program = shutil.which(self.name, path=self.environ["PATH"]) or self.name
        done = process.run([program, *words], env=self.environ, timeout_sec=120)
        assert done.code == 0, f"{words}: {done.stderr}"
        return done.stdout

    def containers(self) -> list[str]:
        """Ids of all containers, running or not."""
        return self("ps", "--all", "--quiet").split()

    def left(self) -> dict[str, list[str]]:
        """What there is beside the base image and the networks that every engine has."""
        networks = self("network", "ls", "--format", "{{.Name}}").split()
        images = self("image", "ls", "--format", "{{.Repository}}:{{.Tag}}").split()
        found = {
            "containers": self.containers(),
            "networks": [name for name in networks if name not in ("bridge", "host", "none", "podman")],
            "volumes": self("volume", "ls", "--quiet").split(),
            "images": [name for name in images if not name.endswith(IMAGE)],
        }
        return {kind: names for kind, names in found.items() if names}


def need(environ: Mapping[str, str], *programs: str) -> None:
    """Skip where a program is missing, and for a user who may not start engines."""
    lacking = [name for name in programs if shutil.which(name, path=environ["PATH"]) is None]
    if lacking:
        pytest.skip(f"not installed: {', '.join(lacking)} (.ci/lab gets it)")
    if os.geteuid() != 0:
        pytest.skip("engines of the tests' own and debootstrap need root")


def base_image(cache: Path, environ: Mapping[str, str]) -> Path:
    """A small Debian with tmux as a tar file, made once: terminus-2 talks to tmux, everything else asks for a shell."""
    archive = cache / "lab" / f"{_SUITE}.tar"
    if archive.exists():
        return archive
    need(environ, "debootstrap")
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        root, part = Path(folder) / "root", Path(folder) / "part.tar"
        made = process.run(
            ["debootstrap", "--variant=minbase", "--include=tmux", _SUITE, root, *_mirror()],
            env=environ,
            timeout_sec=900,
        )
        if made.code != 0:
            pytest.skip(f"debootstrap cannot make {_SUITE} here: {made.stdout[-300:]}")
        packed = process.run(["tar", "-C", root, *[f"--exclude={path}/*" for path in _WITHOUT], "-cf", part, "."])
        assert packed.code == 0, packed.stderr
        part.rename(archive)
    return archive


def _mirror() -> list[str]:
    """The mirror that this machine itself uses, where it is a Debian; else debootstrap's own choice."""
    for path in sorted(Path("/etc/apt").glob("sources.list*")) + sorted(Path("/etc/apt/sources.list.d").glob("*s")):
        text = path.read_text() if path.is_file() else ""
        if found := re.search(r"^(?:URIs:|deb(?: \[[^]]*\])?)\s+(http\S+/debian/?)\s", text, re.MULTILINE):
            return [found[1]]
    return []


@contextmanager
def docker(cache: Path, environ: Mapping[str, str]) -> Generator[Engine]:
    """A dockerd of one's own, stopped at the end."""
    need(environ, "docker", "dockerd")
    # Not in pytest's folder: the path of a socket may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="otcloud-docker-"))
    own = {"DOCKER_HOST": f"unix://{folder}/docker.sock", "DOCKER_CONFIG": _docker_config(cache, environ)}
    engine = Engine("docker", {**environ, **own})
    if process.run(["docker", "compose", "version"], env=engine.environ).code != 0:
        pytest.skip("docker has no compose plug-in (.ci/lab gets it)")
    places = [f"--{name}={folder / name}" for name in ("data-root", "exec-root", "pidfile")]
    quiet = ["--iptables=false", "--ip6tables=false", "--ip-masq=false", "--bridge=none"]
    argv = ["dockerd", "--host", own["DOCKER_HOST"], *places, *quiet]
    daemon = process.start(argv, name="dockerd", log=folder / "log", env=environ)
    try:
        wait_for(lambda: daemon.poll() is not None or _answers(engine), "dockerd answers", 60)
        if daemon.poll() is not None:
            pytest.skip(f"dockerd does not start here: {last_lines(folder / 'log', 1)}")
        engine("import", base_image(cache, environ), IMAGE)
        yield engine
    finally:
        daemon.stop(sig=signal.SIGTERM, grace_sec=30)
        shutil.rmtree(folder, ignore_errors=True)


def _answers(engine: Engine) -> bool:
    return process.run(["docker", "version"], env=engine.environ, timeout_sec=10).code == 0


def _docker_config(cache: Path, environ: Mapping[str, str]) -> str:
    """The folder with the compose plug-in: the lab's own, which .ci/lab fills, or the user's."""
    lab = cache / "lab" / "docker"
    return str(lab) if lab.is_dir() else environ.get("DOCKER_CONFIG") or f"{environ['HOME']}/.docker"


@contextmanager
def podman(cache: Path, environ: Mapping[str, str]) -> Generator[Engine]:
    """A podman with storage of its own; it has no daemon."""
    path = f"{cache / 'lab' / 'podman-compose' / 'bin'}:{environ['PATH']}"
    need({**environ, "PATH": path}, "podman", "podman-compose")
    folder = Path(tempfile.mkdtemp(prefix="otcloud-podman-"))
    storage, conf = folder / "storage.conf", folder / "containers.conf"
    storage.write_text(f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/store"\nrunroot = "{folder}/run"\n')
    places = {"static_dir": "libpod", "volume_path": "volumes", "tmp_dir": "tmp"}
    lines = [f'{name} = "{folder}/{place}"' for name, place in places.items()]
    own_network = f'[network]\nnetwork_config_dir = "{folder}/net"'
    conf.write_text("\n".join(["[engine]", *lines, 'events_logger = "file"', own_network, ""]))
    own = {"PATH": path, "CONTAINERS_STORAGE_CONF": str(storage), "CONTAINERS_CONF": str(conf)}
    engine = Engine("podman", {**environ, **own})
    try:
        engine("import", base_image(cache, environ), IMAGE)
        yield engine
        process.run(["podman", "rm", "--all", "--force"], env=engine.environ, timeout_sec=60)
    finally:
        process.run(["umount", f"{folder}/store/overlay"])
        shutil.rmtree(folder, ignore_errors=True)

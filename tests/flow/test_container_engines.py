"""A container engine that is missing or half there: told before anything is created, with the words that get it."""

from pathlib import Path

from benchmarks.workload import make
from tests.flow.command import Otcloud
from tests.unit.engines_on_path import Programs


def path_with(programs: Programs, otcloud: Otcloud) -> dict[str, str]:
    """A PATH on which these programs come first; the system's own engines are not on it."""
    own = [folder for folder in otcloud.environ["PATH"].split(":") if not _has_engine(Path(folder))]
    return {"PATH": ":".join([programs.environ["PATH"], *own])}


def _has_engine(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("docker", "podman"))


def test_a_missing_engine_is_exit_code_4_and_nothing_is_created(otcloud: Otcloud, tmp_path: Path) -> None:
    """By name and on resume alike; a plan is only warned."""
    recipe = make(otcloud.folder / "work", 1, 0.0)
    bare = path_with(Programs(tmp_path / "none"), otcloud)
    for engine, words in (("docker", "apt-get install docker.io"), ("podman", "install podman")):
        refused = otcloud("tracegen", recipe, "--sandbox", engine, env=bare)
        assert refused.code == 4, refused.stderr
        assert words in refused.stderr
        planned = otcloud("plan", recipe, "--sandbox", engine, env=bare)
        assert planned.code == 0, planned.stderr
        assert f"the program {engine} is not installed" in planned.stdout + planned.stderr
    assert not otcloud.runs()
    assert not (otcloud.folder / "runs").exists()


def test_docker_without_its_plug_in_or_its_daemon(otcloud: Otcloud, tmp_path: Path) -> None:
    """What Harbor would find out trial by trial."""
    recipe = make(otcloud.folder / "work", 1, 0.0)
    without = Programs(tmp_path / "half").docker(version="echo unknown command: docker compose >&2; exit 1")
    refused = otcloud("tracegen", recipe, "--sandbox", "docker", env=path_with(without, otcloud))
    assert refused.code == 4
    assert "no compose plug-in of version 2" in refused.stderr
    stopped = without.docker(info="echo Cannot connect to the Docker daemon >&2; exit 1")
    refused = otcloud("tracegen", recipe, "--sandbox", "docker", env=path_with(stopped, otcloud))
    assert refused.code == 4
    assert "systemctl start docker" in refused.stderr
    assert not otcloud.runs()

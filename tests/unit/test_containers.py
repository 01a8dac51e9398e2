"""What docker and podman lack, told with the words that get it."""

from pathlib import Path

import pytest

from otcloud.containers import Missing, missing, require
from otcloud.errors import CredentialOrProgramMissing
from tests.unit.engines_on_path import Programs


def lacks(sandbox: str, programs: Programs, **environ: str) -> Missing:
    """What is missing, which must be something."""
    found = missing(sandbox, programs.environ | environ)
    assert found is not None
    return found


def test_engines_that_answer_and_have_compose_work(tmp_path: Path) -> None:
    here = Programs(tmp_path).docker().podman()
    for sandbox in ("docker", "podman", "local", "daytona"):
        assert missing(sandbox, here.environ) is None
        require(sandbox, here.environ)
    assert missing("daytona", {"PATH": ""}) is None


def test_a_program_that_is_not_there_is_named_with_its_package(tmp_path: Path) -> None:
    for name, package in (("docker", "docker.io"), ("podman", "install podman")):
        lack = lacks(name, Programs(tmp_path))
        assert lack.what == f"the program {name} is not installed"
        assert package in lack.do
    with pytest.raises(CredentialOrProgramMissing, match=r"docker\.io") as refused:
        require("docker", {"PATH": ""})
    assert refused.value.exit_code == 4


@pytest.mark.parametrize(
    ("said", "what", "do"),
    [
        (
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock",
            "does not answer",
            "systemctl start docker",
        ),
        ("permission denied while trying to connect to the Docker daemon socket", "may not talk", "usermod -aG docker"),
    ],
)
def test_a_daemon_that_is_silent_or_refuses(tmp_path: Path, said: str, what: str, do: str) -> None:
    lack = lacks("docker", Programs(tmp_path).docker(info=f"echo '{said}' >&2; exit 1"))
    assert what in lack.what
    assert do in lack.do
    assert lack.why == said


def test_a_daemon_at_another_address_is_named(tmp_path: Path) -> None:
    lack = lacks("docker", Programs(tmp_path).docker(info="exit 1"), DOCKER_HOST="tcp://nowhere:1")
    assert "DOCKER_HOST (tcp://nowhere:1)" in lack.do


@pytest.mark.parametrize("version", ["echo unknown command >&2; exit 1", "echo v1.29.2", "exit 0"])
def test_compose_that_is_missing_or_old(tmp_path: Path, version: str) -> None:
    lack = lacks("docker", Programs(tmp_path).docker(version=version))
    assert "no compose plug-in of version 2" in lack.what
    assert "cli-plugins" in lack.do
    assert lack.why == ""


def test_the_separate_docker_compose_is_no_help(tmp_path: Path) -> None:
    old = Programs(tmp_path).docker(version="exit 1").put("docker-compose", "exit 0")
    assert "not what Harbor calls" in str(lacks("docker", old))


def test_podman_needs_a_compose_program(tmp_path: Path) -> None:
    here = Programs(tmp_path).podman()
    (tmp_path / "bin" / "podman-compose").unlink()
    assert "podman-compose" in lacks("podman", here).do
    here.podman(info="echo no subuids >&2; exit 125")
    assert lacks("podman", here).why == "no subuids"


def test_a_compose_provider_has_to_reach_podman(tmp_path: Path) -> None:
    """Harbor takes `podman compose` where it is, and never podman-compose beside it."""
    here = Programs(tmp_path).podman(compose="[ $2 = up ] && echo --detach || { echo refused >&2; exit 1; }")
    lack = lacks("podman", here)
    assert lack.why == "refused"
    assert "podman.socket" in lack.do
    assert missing("podman", here.podman(compose="echo --detach").environ) is None

"""What a recipe's sandbox type wants to know of this machine."""

from pathlib import Path

from otcloud.launch.sandboxes import sandboxes
from tests.unit.engines_on_path import Programs


def test_an_engine_that_is_named_is_looked_at_and_a_hosted_one_is_not(tmp_path: Path) -> None:
    here = Programs(tmp_path).docker().podman()
    assert sandboxes("docker", here.environ, tmp_path) == {"docker": None}
    assert sandboxes("podman", here.environ, tmp_path) == {"podman": None}
    assert sandboxes("podman", {"PATH": ""}, tmp_path) == {"podman": "the program podman is not installed"}
    assert sandboxes("daytona", here.environ, tmp_path) is None
    assert sandboxes("local", here.environ, tmp_path) is None


def test_that_the_embedded_sandbox_works_is_remembered_where_that_can_be_written(tmp_path: Path) -> None:
    environ = {"PATH": ""}
    found = sandboxes("auto", environ, tmp_path / "cache")
    assert found is not None
    assert next(iter(found)) == "local"
    (tmp_path / "file").write_text("")
    assert sandboxes("auto", environ, tmp_path / "file") == found
    assert sandboxes("auto", environ, tmp_path / "cache") == found
    memory = tmp_path / "cache" / "sandbox-works.json"
    assert memory.exists() == (found["local"] is None)
    memory.parent.mkdir(exist_ok=True)
    memory.write_text('{"boot": "another"}')
    assert sandboxes("auto", environ, tmp_path / "cache") == found

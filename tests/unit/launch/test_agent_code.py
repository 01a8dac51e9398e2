"""The code of an agent of the user's own: what travels of it, what its digest sees, what is refused."""

import os
from pathlib import Path

import pytest

from otcloud.errors import InputInvalid
from otcloud.launch import agent_code
from otcloud.recipe.schema.agent import Agent


def agent(file: Path, path: str = "mine:Mine") -> Agent:
    """An agent of the user's own."""
    return Agent(import_path=path, file=file)


def names(own: Agent) -> list[str]:
    """What travels, relative to the folder of imports."""
    with agent_code.copied(own) as folder:
        assert folder is not None
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package folder, with what does not travel."""
    folder = tmp_path / "mine"
    for name in ("__init__.py", "sub/part.py", "prompt.txt", "__pycache__/x.pyc", ".git/config", ".env", "old.pyc"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def test_a_file_travels_alone_and_a_package_whole(package: Path, tmp_path: Path) -> None:
    (tmp_path / "alone.py").write_text("")
    assert names(agent(tmp_path / "alone.py", "alone:Mine")) == ["alone.py"]
    assert names(agent(package)) == ["mine/__init__.py", "mine/prompt.txt", "mine/sub/part.py"]
    assert names(agent(package, "sub.part:Mine")) == ["__init__.py", "prompt.txt", "sub/part.py"]
    with agent_code.copied(Agent(name="bash")) as nothing:
        assert nothing is None
    assert agent_code.digest(Agent(name="bash")) is None


def test_the_digest_sees_names_and_contents_and_nothing_else(package: Path) -> None:
    first = agent_code.digest(agent(package))
    assert first is not None
    os.utime(package / "prompt.txt", (1, 1))
    (package / "__pycache__" / "y.pyc").write_text("other")
    assert agent_code.digest(agent(package)) == first
    (package / "prompt.txt").rename(package / "prompts.txt")
    renamed = agent_code.digest(agent(package))
    (package / "prompts.txt").write_text("other")
    assert len({first, renamed, agent_code.digest(agent(package))}) == 3


def test_links_inside_travel_as_files_and_links_out_are_refused(package: Path, tmp_path: Path) -> None:
    (package / "same.txt").symlink_to("prompt.txt")
    assert "mine/same.txt" in names(agent(package))
    (tmp_path / "secret.txt").write_text("")
    (package / "out.txt").symlink_to("../secret.txt")
    with pytest.raises(InputInvalid, match=r"out\.txt is a link that leads out"):
        agent_code.digest(agent(package))
    (package / "out.txt").unlink()
    (package / "gone.txt").symlink_to("nothing")
    with pytest.raises(InputInvalid, match=r"gone\.txt is a link"):
        agent_code.digest(agent(package))
    (package / "gone.txt").unlink()
    (package / "folder").symlink_to(tmp_path)
    with pytest.raises(InputInvalid, match="folder is a link to a folder"):
        agent_code.digest(agent(package))


def test_an_agent_given_as_a_link_is_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "real.py").write_text("x = 1")
    (tmp_path / "mine.py").symlink_to("real.py")
    with agent_code.copied(agent(tmp_path / "mine.py")) as folder:
        assert folder is not None
        assert (folder / "mine.py").read_text() == "x = 1"
        assert not (folder / "mine.py").is_symlink()


def test_too_much_is_refused_before_it_is_read(package: Path) -> None:
    with (package / "weights.bin").open("wb") as file:
        file.truncate(agent_code.MOST_BYTES + 1)
    with pytest.raises(InputInvalid, match="too much to travel"):
        agent_code.digest(agent(package))
    (package / "weights.bin").unlink()
    (package / "many").mkdir()
    for index in range(agent_code.MOST_FILES):
        (package / "many" / str(index)).touch()
    with pytest.raises(InputInvalid, match="more than 2000 files"):
        agent_code.digest(agent(package))

"""An agent of the user's own: found beside what named it, and told when the file is not what is imported."""

from collections.abc import Callable
from pathlib import Path

import pytest

from otcloud.recipe.load import Loaded, load
from otcloud.recipe.show import to_yaml

type Write = Callable[..., Path]
type LoadText = Callable[..., Loaded]
type Problems = Callable[..., list[str]]

OWN = "agent: {import_path: 'mine:Mine'}"


@pytest.mark.parametrize("name", ["mine.py", "mine/__init__.py", "mine/part.py"])
def test_it_is_found_beside_the_recipe(write: Write, load_text: LoadText, tmp_path: Path, name: str) -> None:
    write("", name)
    loaded = load_text(OWN)
    assert loaded.recipe.agent.file == tmp_path / Path(name).parts[0]
    assert loaded.origins["agent.file"] == "beside r.yaml:1"
    write(to_yaml(loaded), "again/r.yaml")
    again = load(["again/r.yaml"], cwd=tmp_path).recipe
    assert again.agent.file == loaded.recipe.agent.file, "a resolved recipe names it"


def test_the_folder_that_named_the_class_comes_first(write: Write, tmp_path: Path) -> None:
    for folder in ("one", "two", "."):
        write("", f"{folder}/mine.py")
        write("{model: {id: a/b}, tasks: {hub: a/b}, agent: {import_path: 'mine:Mine'}}", f"{folder}/r.yaml")
    assert load(["one/r.yaml", "two/r.yaml"], cwd=tmp_path).recipe.agent.file == tmp_path / "two" / "mine.py"
    flagged = load(["one/r.yaml"], flags={"agent": "mine:Other"}, cwd=tmp_path).recipe.agent
    assert (flagged.import_path, flagged.file) == ("mine:Other", tmp_path / "mine.py")
    (tmp_path / "mine.py").unlink()
    assert load(["one/r.yaml"], flags={"agent": "mine:Other"}, cwd=tmp_path).recipe.agent.file == (
        tmp_path / "one" / "mine.py"
    )


def test_an_explicit_file_wins_and_goes_with_its_class(write: Write, load_text: LoadText, tmp_path: Path) -> None:
    for name in ("mine.py", "code/mine.py", "code/other.py"):
        write("", name)
    text = "agent: {import_path: 'mine:Mine', file: code/mine.py}"
    assert load_text(text).recipe.agent.file == tmp_path / "code" / "mine.py"
    assert load_text(text.replace("code/mine.py", "code")).recipe.agent.file == tmp_path / "code"
    assert load_text(text, flags={"agent": "oracle"}).recipe.agent.file is None


@pytest.mark.parametrize("path", ["harbor.agents.nop:NopAgent", "otcloud.harbor_ext.bash_agent:BashAgent"])
def test_what_is_installed_is_never_hidden(write: Write, load_text: LoadText, path: str) -> None:
    """A checkout of Harbor in the working folder is not what travels."""
    write("", f"{path.partition('.')[0]}/agents.py")
    assert load_text(f"agent: {{import_path: '{path}'}}").recipe.agent.file is None


def test_a_class_that_lies_nowhere_has_no_file(load_text: LoadText) -> None:
    assert load_text(OWN).recipe.agent.file is None


def test_a_file_that_is_not_what_is_imported_is_told(write: Write, problems: Problems) -> None:
    for name in ("other.py", "json.py", "code/other.py"):
        write("", name)
    for file in ("other.py", "code"):
        [told] = problems(f"agent: {{import_path: 'mine:Mine', file: {file}}}")
        assert "does not hold the module `mine`" in told
    [told] = problems("agent: {import_path: 'json:Mine'}")
    assert "`json` is a module of Python itself" in told
    [told] = problems("agent: {import_path: 'mine:Mine', file: nowhere.py}")
    assert "no such file or folder" in told
    [told] = problems("agent: {name: oracle, file: other.py}")
    assert "file goes with import_path" in told


@pytest.mark.parametrize("name", ["terminus", "terminus-1", "dspy-rlm"])
def test_an_agent_that_harbor_only_lists_is_refused_with_the_reason(problems: Problems, name: str) -> None:
    [told] = problems(f"agent: {{name: {name}}}")
    assert f"`{name}`" in told
    assert "terminus-2" in told or "dspy" in told

"""A recipe by its path or, where no such file is, by the name under which it ships."""

from pathlib import Path

import pytest

from otcloud.package_data import bundled
from otcloud.recipe.find import Found, find_preset, find_recipe
from otcloud.recipe.problems import Problem

SHIPPED = bundled("recipes") / "quickstart.yaml"


@pytest.mark.parametrize("name", ["quickstart", "quickstart.yaml", "recipes/quickstart.yaml"])
def test_a_bundled_recipe_needs_no_path(tmp_path: Path, name: str) -> None:
    (tmp_path / "quickstart").mkdir()
    assert find_recipe(name, tmp_path) == Found(SHIPPED, "recipes/quickstart.yaml")


@pytest.mark.parametrize("name", ["quickstart", "quickstart.yaml", "recipes/quickstart.yaml"])
def test_a_file_of_that_name_comes_first(tmp_path: Path, name: str) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / name).write_text("")
    assert find_recipe(name, tmp_path) == Found(tmp_path / name, name)


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("quikstart", "`quickstart`"),
        ("recipes/quikstart.yaml", "`quickstart`"),
        ("my/train-smal.yaml", "`my/train-small.yaml`"),
        ("my/train-small", "`my/train-small.yaml`"),
        ("nothing-like-it", ""),
        ("~nobodyhere/x", ""),
        ("x" * 300, ""),
        ("", ""),
    ],
)
def test_a_missing_file_is_told_with_the_nearest_name(tmp_path: Path, name: str, suggestion: str) -> None:
    (tmp_path / "my").mkdir()
    (tmp_path / "my" / "train-small.yaml").write_text("")
    found = find_recipe(name, tmp_path)
    assert isinstance(found, Problem)
    assert found.suggestion == suggestion


def test_a_folder_is_no_recipe(tmp_path: Path) -> None:
    assert find_recipe(".", tmp_path) == Problem(".", "", "is a folder; name a file in it")


def test_a_preset_is_found_by_its_name() -> None:
    found = find_preset("replay-local", "--preset")
    assert isinstance(found, Found)
    assert found.label == "preset replay-local"


def test_bundled_files_are_looked_up_in_the_package_first(tmp_path: Path) -> None:
    package = tmp_path / "site" / "otcloud"
    (tmp_path / "site" / "recipes").mkdir(parents=True)
    assert bundled("recipes", package=package) == tmp_path / "site" / "recipes"
    (package / "_data" / "recipes").mkdir(parents=True)
    assert bundled("recipes", package=package) == package / "_data" / "recipes"

"""Where things are kept: otcloud's own variable, XDG's, the home folder."""

import os
import pwd
import sys
from pathlib import Path

import pytest

from otcloud import process
from otcloud.places import cache_dir, data_dir


def test_the_own_variable_wins_over_xdg_and_home() -> None:
    environ = {"OTCLOUD_CACHE": "/a", "OTCLOUD_DATA": "/b", "XDG_CACHE_HOME": "/c", "XDG_DATA_HOME": "/d", "HOME": "/e"}
    assert (cache_dir(environ), data_dir(environ)) == (Path("/a"), Path("/b"))
    del environ["OTCLOUD_CACHE"], environ["OTCLOUD_DATA"]
    assert (cache_dir(environ), data_dir(environ)) == (Path("/c/otcloud"), Path("/d/otcloud"))
    del environ["XDG_CACHE_HOME"], environ["XDG_DATA_HOME"]
    assert (cache_dir(environ), data_dir(environ)) == (Path("/e/.cache/otcloud"), Path("/e/.local/share/otcloud"))


def test_an_empty_variable_counts_as_none() -> None:
    assert cache_dir({"OTCLOUD_CACHE": "", "XDG_CACHE_HOME": "", "HOME": "/e"}) == Path("/e/.cache/otcloud")


def test_a_relative_folder_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert cache_dir({"OTCLOUD_CACHE": "here"}) == tmp_path / "here"


def test_without_home_the_user_database_is_asked_and_not_the_environment(home: Path) -> None:
    assert os.environ["HOME"] == str(home)
    assert data_dir({}) == Path(pwd.getpwuid(os.getuid()).pw_dir) / ".local/share/otcloud"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become a user that does not exist")
def test_a_user_without_a_home_is_told_what_to_set() -> None:
    program = """
import os
from otcloud.errors import UsageError
from otcloud.places import cache_dir
os.setuid(64123)
try:
    cache_dir({})
except UsageError as error:
    print(error)
"""
    said = process.run([sys.executable, "-c", program]).stdout
    assert "no home folder" in said
    assert "OTCLOUD_CACHE" in said

"""Secrets: who wins, what is missing, and that no value is ever shown."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcloud.errors import CredentialOrProgramMissing, InputInvalid
from otcloud.secrets import Secrets, load

VALUE = "v-5f1d0c9a7e3b"


def dotenv(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_an_explicit_file_wins_over_everything(tmp_path: Path) -> None:
    named = dotenv(tmp_path / "named.env", "A_KEY=named\nB_KEY=named\n")
    dotenv(tmp_path / ".env", "A_KEY=folder\nC_KEY=folder\n")
    explicit = dotenv(tmp_path / "explicit.env", "export A_KEY='explicit'\n# a comment\n\nEMPTY_KEY=\n")
    environ = {"A_KEY": "shell", "B_KEY": "shell", "EMPTY_KEY": "shell", "KEYS": str(named), "PATH": "/bin"}
    found = load(environ, explicit=explicit, folder=tmp_path)
    assert found.pick(["A_KEY", "B_KEY", "C_KEY", "EMPTY_KEY"]) == {
        "A_KEY": "explicit",
        "B_KEY": "shell",
        "EMPTY_KEY": "shell",
    }


def test_a_file_that_a_variable_names_wins_over_the_shell_and_the_folder(tmp_path: Path) -> None:
    first = dotenv(tmp_path / "first.env", "A_KEY=first\n")
    other = dotenv(tmp_path / "other.env", "A_KEY=other\n")
    environ = {"A_KEY": "shell", "DC_AGENT_SECRET_ENV": str(first), "SECRET_ENV_PATH": str(other)}
    dotenv(tmp_path / ".env", "A_KEY=folder\n")
    assert load(environ, folder=tmp_path).pick(["A_KEY"]) == {"A_KEY": "first"}
    del environ["DC_AGENT_SECRET_ENV"]
    assert load(environ, folder=tmp_path).pick(["A_KEY"]) == {"A_KEY": "other"}


def test_the_shell_wins_over_the_folder(tmp_path: Path) -> None:
    dotenv(tmp_path / ".env", "A_KEY=folder\nGITHUB_PAT=folder\nB_KEY=folder\n")
    found = load({"A_KEY": "shell", "GITHUB_PAT": "shell"}, folder=tmp_path)
    assert found.pick(["A_KEY", "B_KEY", "GITHUB_PAT"]) == {"A_KEY": "shell", "B_KEY": "folder", "GITHUB_PAT": "shell"}


def test_a_variable_of_the_shell_needs_no_secret_name_when_it_is_asked_for() -> None:
    found = load({"DATABASE_URL": VALUE})
    assert found.require(["DATABASE_URL"]) == {"DATABASE_URL": VALUE}
    assert "DATABASE_URL" not in found.values


@pytest.mark.parametrize("alias", ["HUGGINGFACE_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_API_TOKEN"])
def test_an_alias_stands_for_the_name(alias: str) -> None:
    assert load({alias: VALUE, "HF_TOKEN": ""}).require(["HF_TOKEN"]) == {"HF_TOKEN": VALUE}


def test_the_winning_source_wins_under_every_name(tmp_path: Path) -> None:
    """An old token in the shell does not beat the file's, even where the file calls it by another name."""
    explicit = dotenv(tmp_path / "explicit.env", f"HUGGINGFACE_TOKEN={VALUE}\n")
    assert load({"HF_TOKEN": "old"}, explicit=explicit).pick(["HF_TOKEN"]) == {"HF_TOKEN": VALUE}
    dotenv(tmp_path / ".env", "HF_TOKEN=old\n")
    assert load({"HUGGINGFACE_TOKEN": VALUE}, folder=tmp_path).pick(["HF_TOKEN"]) == {"HF_TOKEN": VALUE}


def test_all_that_is_missing_is_named_at_once(tmp_path: Path) -> None:
    found = load({"A_KEY": VALUE}, explicit=dotenv(tmp_path / "x.env", "B_KEY=\n"))
    with pytest.raises(CredentialOrProgramMissing) as raised:
        found.require(["C_KEY", "A_KEY", "B_KEY"])
    assert "C_KEY, B_KEY" in raised.value.what
    assert str(tmp_path / "x.env") in raised.value.why
    assert VALUE not in str(raised.value)


def test_values_are_taken_as_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INNER", "expanded")
    text = "\ufeffA_KEY='pa${INNER}ss'\nB_KEY=\"two words # no comment\"\nC_KEY=plain # comment\n"
    found = load({}, explicit=dotenv(tmp_path / "x.env", text))
    assert found.values == {"A_KEY": "pa${INNER}ss", "B_KEY": "two words # no comment", "C_KEY": "plain"}


@pytest.mark.parametrize("content", [None, b"A_KEY=\xff\xfe\n"])
def test_a_file_that_cannot_be_read_is_named_and_never_quoted(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.env"
    if content is not None:
        path.write_bytes(content + f"B_KEY={VALUE}\n".encode())
    with pytest.raises(InputInvalid) as raised:
        load({}, explicit=path)
    assert str(path) in raised.value.what
    assert VALUE not in str(raised.value)


def test_a_variable_that_holds_a_key_instead_of_a_path_does_not_give_it_away() -> None:
    with pytest.raises(InputInvalid) as raised:
        load({"KEYS": VALUE})
    assert "$KEYS" in str(raised.value)
    assert VALUE not in str(raised.value)


def test_the_repr_shows_names_alone() -> None:
    assert repr(load({"A_KEY": VALUE, "HOME": "/nowhere"})) == "Secrets(A_KEY; from the shell)"
    assert os.environ["HOME"] not in load(os.environ).values.values()


names = st.from_regex(r"[A-Z]{1,8}_KEY", fullmatch=True)
values = st.text("abcdefg0123", min_size=6, max_size=20)


@given(st.dictionaries(names, values, min_size=1, max_size=5), st.text("abc XYZ", max_size=20), st.data())
def test_redact_leaves_no_value_and_no_text_out(known: dict[str, str], between: str, data: st.DataObject) -> None:
    order = data.draw(st.permutations(sorted(known.values())))
    text = Secrets(known, "a test").redact(between.join(order))
    assert not [value for value in known.values() if value in text]
    assert Secrets(known, "a test").redact(f"{between} ") == f"{between} "


def test_redact_takes_the_longest_first_and_leaves_short_ones() -> None:
    found = Secrets({"A_KEY": "secret", "B_KEY": "secret-longer", "C_KEY": "short"}, "a test")
    assert found.redact("secret secret-longer short") == "[A_KEY] [B_KEY] short"

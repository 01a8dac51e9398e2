"""Every flag is a name for a key path that exists, says what the schema says, and takes what it says."""

from pathlib import Path
from typing import Any

import pytest

from otcloud.recipe.fields import dotted, fields
from otcloud.recipe.flag import UPSTREAM, Flag
from otcloud.recipe.flags import FLAGS, flags_of
from otcloud.recipe.load import load
from otcloud.recipe.problems import RecipeInvalid

EXAMPLES: dict[str, tuple[object, object]] = {
    "--tasks-input-path": ("org/data", None),
    "--dataset-path": (".", Path()),
    "--agent": ("acp:opencode@1.3.9", "acp:opencode@1.3.9"),
    "--agent-kwarg": (["a=1"], {"a": 1}),
    "--sandbox": ("docker", "docker"),
    "--cloud-provider": ("gcp, aws", ["gcp", "aws"]),
    "--accelerator": ("H200:1,H100:2", ["H200:1", "H100:2"]),
    "--region": ("r1,r2", ["r1", "r2"]),
    "--down": (True, "down"),
    "--no-sync": (True, False),
    "--upload-error-mode": ("rollback_on_error", "rollback"),
    "--include": (["a*", "b"], ["a*", "b"]),
    "--exclude": (["a*"], ["a*"]),
    "--recording": ("rec.jsonl", Path("rec.jsonl")),
    "--gpus": (4, ["H100:4"]),
    "--health-max-attempts": (200, 100.0),
    "--health-retry-delay": (15.0, 25.0),
}
SOURCES = ("tasks.path", "tasks.registry")
WHOLE: dict[str, object] = {"model": "org/m", "dataset": "tb@2.0"}


def _value(flags: dict[str, object], path: str, cwd: Path) -> Any:
    found: Any = load(flags=flags, cwd=cwd).recipe
    for name in path.split("."):
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("flag", [flag for flag in FLAGS if flag.path], ids=lambda flag: flag.name)
def test_a_flag_sets_its_key_path_to_a_value_of_its_type(flag: Flag, tmp_path: Path) -> None:
    (tmp_path / "rec.jsonl").write_text("")
    plain = {str: "words", int: 3, float: 1.5, bool: True}[flag.takes]
    given, expected = EXAMPLES.get(flag.name, (flag.choices[-1], flag.choices[-1]) if flag.choices else (plain, plain))
    base = {"model": "org/m"} if flag.path in SOURCES else dict(WHOLE)
    if flag.path == "model.recording" or flag.name == "--engine":
        base |= {"engine": "replay", "recording": "rec.jsonl"}
    if flag.name == "--gpus":
        base |= {"accelerator": "H100"}
    value = _value({**base, flag.parameter: given}, flag.path, tmp_path)
    assert value == (tmp_path / expected if isinstance(expected, Path) else expected)


@pytest.mark.parametrize("flag", [flag for flag in FLAGS if flag.panel != UPSTREAM], ids=lambda flag: flag.name)
def test_the_table_agrees_with_the_schema(flag: Flag) -> None:
    field = fields()[tuple(flag.path.split("."))]
    shapes = {"whole": int, "number": float, "switch": bool}
    if flag.read is None:
        assert flag.help == field.description
        assert flag.takes is shapes.get(field.shape, str)
        assert flag.choices == field.choices
        assert flag.repeat == (field.shape == "texts")


def test_names_are_unique_and_kebab() -> None:
    names = [name for flag in FLAGS for name in (flag.name, flag.negative, *flag.aliases) if name]
    assert len(names) == len(set(names))
    assert all(name.startswith("--") and "_" not in name for name in names)


def test_the_flags_of_the_published_commands_exist() -> None:
    common = {"model", "agent", "agent-kwarg", "n-concurrent", "n-attempts", "accelerator", "cloud-provider", "region"}
    assert common | {"tasks-input-path"} <= {flag.name[2:] for flag in flags_of("tracegen")}
    assert common | {"dataset", "dataset-path"} <= {flag.name[2:] for flag in flags_of("eval")}
    assert "--harbor-env" in {alias for flag in FLAGS for alias in flag.aliases}
    assert {flag.name for flag in flags_of(None)} == {flag.name for flag in FLAGS}


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("DCAgent/some-data", "tasks.hub", "DCAgent/some-data"),
        ("here/tasks", "tasks.path", "here/tasks"),
        ("here", "tasks.path", "here"),
        ("here/data.parquet", "tasks.path", "here/data.parquet"),
    ],
)
def test_a_source_of_tasks_is_a_file_that_exists_or_a_dataset_id(
    tmp_path: Path, text: str, key: str, value: str
) -> None:
    (tmp_path / "here" / "tasks").mkdir(parents=True)
    (tmp_path / "here" / "data.parquet").write_bytes(b"")
    origins = load(flags={"model": "m", "tasks_input_path": text}, cwd=tmp_path).origins
    assert origins[key] == "--tasks-input-path"
    expected: object = tmp_path / value if key == "tasks.path" else value
    assert _value({"model": "m", "tasks_input_path": text}, key, tmp_path) == expected


@pytest.mark.parametrize("text", ["org/missing.parquet", "/no/where", "./nothing", "a/b/c"])
def test_a_source_that_can_only_be_a_file_must_exist(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecipeInvalid, match=r"--tasks-input-path: tasks\.path: no such file or folder"):
        load(flags={"model": "m", "tasks_input_path": text}, cwd=tmp_path)


def test_agent_arguments_nest_and_take_json(tmp_path: Path) -> None:
    texts = ['a.b={"c": [1, null]}', "a.d=2", "x=true", "y=plain=text", "z=", "w=1e3", "v=[", "n=null"]
    kwargs = _value({**WHOLE, "agent_kwarg": texts}, "agent.kwargs", tmp_path)
    assert kwargs == {
        "a": {"b": {"c": [1, None]}, "d": 2}, "x": True, "y": "plain=text", "z": "", "w": 1000.0, "v": "[", "n": None
    }  # fmt: skip


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["novalue"], "--agent-kwarg: takes key=value"),
        (["=1"], "--agent-kwarg: takes key=value"),
        (["a=1", "a.b=2"], "--agent-kwarg: states a as a single value and as a mapping"),
    ],
)
def test_a_wrong_agent_argument_is_told(tmp_path: Path, texts: list[str], message: str) -> None:
    with pytest.raises(RecipeInvalid, match=message):
        load(flags={**WHOLE, "agent_kwarg": texts}, cwd=tmp_path)


def test_every_field_is_documented() -> None:
    undocumented = [dotted(key) for key, field in fields().items() if not field.description.endswith((".", ")"))]
    assert undocumented == []

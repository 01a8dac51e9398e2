"""Files that are no recipe at all end in a problem with a place, never in another exception."""

from collections.abc import Callable
from pathlib import Path

import pytest

from otcloud.recipe.load import load
from otcloud.recipe.problems import RecipeInvalid

type Problems = Callable[..., list[str]]
type Write = Callable[..., Path]

LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{below}'] * 10)}]\n" for below, name in zip("abcdefgh", "bcdefghi", strict=True)
)
FLOW = "while parsing a flow node, expected the node content, but found '<stream end>'"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x00\x01\x02", "r.yaml: is a binary file, not a recipe"),
        ("kind: tracegen".encode("utf-16"), "r.yaml: is UTF-16; save it as UTF-8"),
        (b"kind: tracegen\nname: \xff", "r.yaml:2: is not UTF-8 text"),
        (b"# " + b"x" * 1_000_000, "r.yaml: is larger than 1000 kB, so it is hardly a recipe"),
        ("a: [", f"r.yaml:1: is not YAML: {FLOW}"),
        ("kind: eval\n\tname: x", "r.yaml:2: is not YAML: a tab stands where only spaces may"),
        ("a: 1\n---\nb: 2", "r.yaml:2: holds more than one document; a recipe is one"),
        ("- a\n- b", "r.yaml:1: a recipe is a mapping of keys to values, not a list"),
        ("just a text", "r.yaml:1: a recipe is a mapping of keys to values, not a single value"),
        ("a: " + "[" * 2000, "r.yaml:1: is nested too deeply, or holds an escape that stands for no character"),
        ('a: "\\UFFFFFFFF"', "r.yaml:1: is nested too deeply, or holds an escape that stands for no character"),
        ("a: \x07", "r.yaml:1: holds a character that YAML does not allow"),
        ("kind: !!python/object:os.system x",
         "r.yaml:1: kind: the tag `tag:yaml.org,2002:python/object:os.system` is not allowed; a recipe is plain data"),
        ("agent: &a\n  kwargs: {x: *a}", "r.yaml:1: agent.kwargs.x: an alias that contains itself"),
        ("kind: eval\nkind: tracegen", "r.yaml:2: kind: stands twice, first in line 1"),
        ("trials: {retries: 1,\n retries: 2}", "r.yaml:2: trials.retries: stands twice, first in line 1"),
        ("agent: {kwargs: {a: 1, a: 2}}", "r.yaml:1: agent.kwargs.a: stands twice, first in line 1"),
        ("agent: {kwargs: {? [a] : 2}}", "r.yaml:1: agent.kwargs: has a key that is not a text"),
        ("agent: {<<: 5}", "r.yaml:1: agent.<<: merges something that is no mapping"),
        ("a: " + "[" * 45 + "]" * 45, f"r.yaml:1: a{'[0]' * 19}[0...: is nested more than 40 levels deep"),
        (LAUGHS, "r.yaml:1: e[3][3][8][8][8]: the document has more than 50000 values, aliases counted"),
    ],
)  # fmt: skip
def test_no_recipe(problems: Problems, content: str | bytes, message: str) -> None:
    assert problems(content)[0] == message


def test_a_bom_and_windows_lines_do_no_harm(write: Write, tmp_path: Path) -> None:
    name = write(b"\xef\xbb\xbfmodel: {id: org/m}\r\ntasks: {hub: org/d}\r\n")
    assert load([name], cwd=tmp_path).recipe.tasks.hub == "org/d"


def test_an_unreadable_file_does_not_hide_the_others(write: Write, tmp_path: Path) -> None:
    write("a: [", "broken.yaml")
    write("foo: 1", "other.yaml")
    with pytest.raises(RecipeInvalid) as caught:
        load(["broken.yaml", "other.yaml", "nowhere/x.yaml", "../" + "x" * 300], cwd=tmp_path)
    wheres = [problem.where for problem in caught.value.problems]
    assert wheres[:2] == ["broken.yaml:1", "other.yaml:1"]
    assert wheres[2] == "nowhere/x.yaml"
    assert len(wheres) == 4


def test_thousands_of_problems_are_counted_and_some_are_told(write: Write, tmp_path: Path) -> None:
    name = write("".join(f"k{index}: 1\n" for index in range(3000)))
    with pytest.raises(RecipeInvalid) as caught:
        load([name], cwd=tmp_path)
    assert "r.yaml cannot be used: 3000 problems" in caught.value.what
    assert caught.value.what.endswith("... and 2950 more")


def test_a_pipe_is_read_and_a_device_is_not_read_to_its_end(tmp_path: Path) -> None:
    with pytest.raises(RecipeInvalid, match="is larger than 1000 kB"):
        load(["/dev/zero"], cwd=tmp_path)
    with pytest.raises(RecipeInvalid, match="no source of tasks"):
        load(["/dev/null"], cwd=tmp_path)

"""Folders of tasks: which are taken, what their digest sees, and that the copy is what was digested."""

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcloud import process
from otcloud.datasets.tasks import digest, find, materialise, only, source_folder, stray_link
from otcloud.errors import InputInvalid
from otcloud.node.slots import entries
from otcloud.plan.facts import TaskFact, TaskSet
from otcloud.recipe.schema.tasks import Tasks
from otcloud.runs.journal import read_json
from otcloud.runs.layout import RunDir

names = st.text(st.characters(categories=["L", "N"], include_characters="_-. "), min_size=1, max_size=20).filter(
    lambda name: not name.startswith(".") and name.isprintable() and len(name.encode()) < 200
)


def task(folder: Path, instruction: str = "do it") -> Path:
    """A task with the least that makes it one."""
    folder.mkdir(parents=True)
    (folder / "instruction.md").write_text(instruction)
    return folder


def taken(folder: Path, **wanted: object) -> list[str]:
    """Names of the tasks that are taken."""
    return [fact.name for fact in find(Tasks.model_validate(wanted), folder).tasks]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three tasks, and what is none."""
    made = tmp_path / "my__tasks"
    for name in ("a-1", "a-2", "b__c"):
        task(made / name)
    (made / "notes").mkdir()
    (made / ".hidden").mkdir()
    (made / ".hidden" / "task.toml").write_text("")
    (made / "README.md").write_text("")
    return made


def test_tasks_are_taken_by_name(folder: Path) -> None:
    assert taken(folder) == ["a-1", "a-2", "b__c"]
    assert taken(folder, include=["a-*"], exclude=["*2"]) == ["a-1"]
    assert taken(folder, include=["[ab]*"], limit=2) == ["a-1", "a-2"]
    assert taken(folder / "b__c") == ["b__c"]
    assert (source_folder(folder), source_folder(folder / "b__c")) == (folder, folder)
    found = find(Tasks(limit=1), folder)
    assert (found.slug, found.left_out) == ("my-tasks", 2)


def test_a_linked_task_is_a_task(folder: Path, tmp_path: Path) -> None:
    task(tmp_path / "elsewhere", "linked")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    assert "linked" in taken(folder)
    run = RunDir(tmp_path / "run")
    materialise(find(Tasks(), folder), folder, run)
    copies = list(run.tasks.glob("*/my-tasks/linked"))
    assert [copy.is_symlink() for copy in copies] == [False]
    assert (copies[0] / "instruction.md").read_text() == "linked"


@pytest.mark.parametrize(
    ("name", "said"),
    [("gone", "there is no folder"), ("README.md", "there is no folder"), ("notes", "holds no task")],
)
def test_a_source_without_tasks_is_refused(folder: Path, name: str, said: str) -> None:
    with pytest.raises(InputInvalid, match=said):
        find(Tasks(), folder / name)


def test_an_empty_choice_is_refused_with_names_to_choose_from(folder: Path) -> None:
    with pytest.raises(InputInvalid, match="none of the 3") as raised:
        find(Tasks(include=["c*"]), folder)
    assert "a-1" in raised.value.why


@pytest.mark.parametrize("name", [b"caf\xe9", b"two\nlines", b"bell\x07"])
def test_a_name_that_cannot_be_written_down_is_refused(folder: Path, name: bytes) -> None:
    task(folder / os.fsdecode(name))
    with pytest.raises(InputInvalid, match="1 task folders") as raised:
        find(Tasks(), folder)
    assert raised.value.why.isprintable()
    assert taken(folder, exclude=["*[!a-z0-9_-]*"]) == ["a-1", "a-2", "b__c"]


def test_a_file_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / "a-1" / "secret").write_text("")
    (folder / "a-1" / "secret").chmod(0)
    program = f"""
import os
from pathlib import Path
from otcloud.datasets.tasks import find
from otcloud.errors import InputInvalid
from otcloud.recipe.schema.tasks import Tasks
Tasks()
os.chdir({str(folder)!r})
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    find(Tasks(), Path("a-1"))
except InputInvalid as error:
    print(error)
"""
    folder.parent.chmod(0o755)
    done = process.run([sys.executable, "-c", program])
    assert "cannot read a-1/secret: Permission denied" in done.stdout, done.stderr


def test_the_digest_sees_names_contents_bits_and_links(tmp_path: Path) -> None:
    one = task(tmp_path / "one")
    (one / "run.sh").write_text("x")
    seen = {digest(one)}

    def changed(change: Callable[[], object]) -> None:
        change()
        assert digest(one) not in seen
        seen.add(digest(one))

    changed(lambda: (one / "run.sh").chmod(0o755))
    changed(lambda: (one / "run.sh").write_text("y"))
    changed(lambda: (one / "run.sh").rename(one / "go.sh"))
    changed(lambda: (one / "link").symlink_to("go.sh"))
    changed(lambda: ((one / "link").unlink(), (one / "link").symlink_to("gone")))
    changed(lambda: ((one / "link").unlink(), (one / "link").write_text("gone")))
    changed(lambda: ((one / "link").unlink(), (one / "link").symlink_to(tmp_path)))
    changed(lambda: ((one / "d").mkdir(), (one / "go.sh").rename(one / "d" / "go.sh")))


def test_the_digest_does_not_see_where_when_and_by_whom(tmp_path: Path) -> None:
    one = task(tmp_path / "one")
    before = digest(one)
    os.utime(one / "instruction.md", (1, 1))
    (one / "instruction.md").chmod(0o600)
    for folder in (one, one / "__pycache__"):
        folder.mkdir(exist_ok=True)
    (one / "__pycache__" / "x.pyc").write_text("cache")
    os.mkfifo(one / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(one / "socket"))
    (one / "empty").mkdir()
    moved = one.rename(tmp_path / "two")
    assert digest(moved) == before


@given(st.dictionaries(names, st.binary(max_size=30), min_size=1, max_size=4), st.randoms())
def test_the_copy_has_the_digest_of_its_source(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes], order: object
) -> None:
    folder = tmp_path_factory.mktemp("set")
    one = task(folder / "one")
    for number, (name, content) in enumerate(files.items()):
        path = one / ("sub" if number % 2 else ".") / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o755 if number % 3 else 0o644)
    os.mkfifo(one / "pipe")
    (one / "dangling").symlink_to("nowhere")
    found, run = find(Tasks(), folder), RunDir(folder / "run")
    lock = materialise(found, folder, run)
    assert digest(run.root / entries(lock)[0].path) == found.tasks[0].digest == digest(one)
    assert read_json(run.tasks_lock) == lock


@given(st.lists(names, unique=True, min_size=1, max_size=5))
def test_every_task_gets_a_folder_of_its_own_without_two_underscores(
    tmp_path_factory: pytest.TempPathFactory, chosen: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("set")
    chosen = sorted(chosen)
    for name in chosen:
        task(folder / name, name)
    run = RunDir(folder / ".run")
    locked = entries(materialise(find(Tasks(), folder), folder, run))
    assert [entry.name for entry in locked] == chosen
    assert len({entry.folder for entry in locked}) == len(chosen)
    for entry in locked:
        assert "__" not in entry.path
        assert (run.root / entry.path / "instruction.md").read_text() == entry.name


def test_names_that_become_one_are_told_apart(tmp_path: Path) -> None:
    for name in ("a-b", "a__b", "a-b-2"):
        task(tmp_path / "set" / name, name)
    run = RunDir(tmp_path / "run")
    locked = entries(materialise(find(Tasks(), tmp_path / "set"), tmp_path / "set", run))
    texts = {entry.name: (run.root / entry.path / "instruction.md").read_text() for entry in locked}
    assert texts == {"a-b": "a-b", "a__b": "a__b", "a-b-2": "a-b-2"}


def test_a_copy_goes_on_where_a_kill_left_it(folder: Path, tmp_path: Path) -> None:
    found, run = find(Tasks(), folder), RunDir(tmp_path / "run")
    first = materialise(found, folder, run)
    base = next(run.tasks.glob("*/my-tasks"))
    (base / "a-2").rename(base / ".a-2.building")
    (base / ".a-2.building" / "instruction.md").unlink()
    (base / "a-1" / "mark").touch()
    assert materialise(found, folder, run) == first
    assert sorted(path.name for path in base.iterdir()) == ["a-1", "a-2", "b-c"]
    assert (base / "a-1" / "mark").exists()
    assert (base / "a-2" / "instruction.md").exists()


def test_a_link_that_leads_out_of_its_task_is_found(tmp_path: Path) -> None:
    one = task(tmp_path / "one")
    (one / "tests").mkdir()
    (one / "tests" / "inside").symlink_to("../instruction.md")
    (one / "tests" / "absolute").symlink_to("/usr/bin/env")
    assert stray_link(one) is None
    (one / "tests" / "lib.sh").symlink_to("../../shared/lib.sh")
    assert stray_link(one) == "tests/lib.sh"
    (one / "tests" / "lib.sh").unlink()
    (one / "up").symlink_to("..")
    assert stray_link(one) == "up"


def test_a_part_of_a_set_has_a_digest_of_its_own() -> None:
    facts = tuple(TaskFact(name=name, digest=name) for name in "abc")
    whole = only(TaskSet(slug="s", digest="", tasks=facts, left_out=4), "abc")
    part = only(whole, ["c", "a", "x"])
    assert [fact.name for fact in part.tasks] == ["a", "c"]
    assert (part.slug, part.left_out) == ("s", 4)
    assert part.digest != whole.digest
    assert only(whole, ["a", "c"]) == part
    assert only(whole, []).tasks == ()

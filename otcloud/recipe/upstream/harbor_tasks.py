"""The tasks of a Harbor job file (`datasets`, `tasks`) -> `tasks` of a recipe, which has one source.

Harbor takes paths in its files from the working folder, and so does this.
"""

from pathlib import Path

from otcloud.recipe.flag_values import task_source
from otcloud.recipe.upstream.reading import Reading, is_placeholder
from otcloud.recipe.upstream.rules import Rules, dropped, idle, read, to
from otcloud.recipe.written import Scalar, Written, write

_NO_FIELD = "a recipe has no field for it"


def read_datasets(reading: Reading, written: Written, key: str) -> None:
    """Read the first of `datasets`."""
    for index, item in enumerate(reading.items(written, key)):
        place = f"{key}[{index}]"
        if index:
            reading.drop(item, place, "a run has one source of tasks, the first; --dataset names another")
        else:
            reading.walk(reading.mapping(item, place), DATASET, place)


def _task_path(reading: Reading, written: Written, key: str) -> None:
    text = reading.text(written, key)
    if not text or is_placeholder(text) or "\0" in text:
        return
    for path, value in task_source(text, reading.folder).items():
        reading.state(path, write(value, written.line))


def _registry_name(reading: Reading, written: Written, key: str) -> None:
    if reading.text(written, key):
        reading.state("tasks.registry", written)


def _registry_version(reading: Reading, written: Written, key: str) -> None:
    name, version = reading.stated("tasks.registry"), reading.text(written, key)
    if name is None:
        reading.drop(written, key, "it goes with a name, which is not given")
    elif version:
        reading.state("tasks.registry", Written(Scalar(f"{name.value}@{version}", False), written.line))


DATASET: Rules = {
    "path": read(_task_path, "tasks.path, tasks.hub", "a placeholder is replaced by --tasks-input-path or --dataset"),
    "name": read(_registry_name, "tasks.registry"),
    "version": read(_registry_version, "tasks.registry"),
    "ref": read(_registry_version, "tasks.registry"),
    "task_names": to("tasks.include"),
    "exclude_task_names": to("tasks.exclude"),
    "n_tasks": to("tasks.limit"),
    "registry_path": dropped(_NO_FIELD),
    "registry_url": dropped(_NO_FIELD),
    "repo": dropped(_NO_FIELD),
    "overwrite": idle("tasks are fetched once for each run"),
    "download_dir": idle("tasks are kept in the run directory"),
}


def read_tasks(reading: Reading, written: Written, key: str) -> None:
    """Single tasks of one folder become that folder and the names in it."""
    items = reading.items(written, key)
    paths = [reading.mapping(item, f"{key}[{index}]").get("path") for index, item in enumerate(items)]
    found = [Path(reading.text(path, f"{key}.path")) for path in paths if path is not None and not path.empty]
    folders = {path.parent for path in found}
    if len(found) == len(items) and len(folders) == 1 and reading.stated("tasks.path") is None and len(found[0].parts):
        reading.state("tasks.path", write(str(folders.pop()), written.line))
        reading.state("tasks.include", write([path.name for path in found], written.line))
    elif not reading.problems:
        reading.drop(written, key, "a run has one source of tasks; put them into one folder and give tasks.path")

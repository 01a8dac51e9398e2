"""The commented recipe that `otcloud recipe init` writes, and the schema file that editors check it against."""

import json
from pathlib import Path

from otcloud.errors import InputInvalid

SCHEMA_FILE = "otcloud.schema.json"
"""Stands beside a recipe: the recipe's first line points at it, so an editor checks and completes without a network."""

LAUNCHES = """\
This version launches `engine: replay` with `tasks.path`, on this machine; `otcloud plan FILE` names what it refuses."""
"""What `init` says, and the file that it writes."""

STARTER = f"""\
# yaml-language-server: $schema={SCHEMA_FILE}
#
# What this run is for, where it runs and what it costs. Every key: `otcloud recipe schema`.
# Check it with `otcloud recipe validate FILE`, see what it would do with `otcloud plan FILE`.
#
# {LAUNCHES}
# As written below this file is for a later version; `otcloud tracegen quickstart` runs today.

kind: tracegen             # or eval

model:
  id: Qwen/Qwen3-8B        # on the Hugging Face Hub
  engine: vllm             # or api, replay

compute:
  providers: [local]       # first choice first: [gcp, lambda, local]
  # accelerators: [H100:1, A100-80GB:1]

agent:
  name: terminus-2         # any agent of Harbor, or bash
  # max_turns: 50

sandbox:
  type: auto               # local, docker or podman, whichever works; daytona, modal...

tasks:
  hub: DCAgent/stackexchange-tor-sandboxes   # or path: FOLDER, or registry: terminal-bench@2.0
  limit: 10

trials:
  attempts: 1
  concurrency: 8

limits:
  max_hours: 4

# secrets: [DAYTONA_API_KEY]   # names only; values come from --secrets-env or the shell
"""


def schema() -> dict[str, object]:
    """The JSON Schema of a recipe, as editors want it."""
    from otcloud.recipe.schema import Recipe

    document = Recipe.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **document,
        "title": "otcloud recipe",
    }


def schema_text() -> str:
    """The schema file's text."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def write_starter(path: Path) -> Path:
    """Write the starter recipe, and the schema beside it. Returns the schema's path. Error: InputInvalid."""
    schema_file = path.parent / SCHEMA_FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(STARTER)
        schema_file.write_text(schema_text(), encoding="utf-8")
    except FileExistsError:
        # An existing file is somebody's work.
        raise InputInvalid(f"{path} exists already", do="name another file, or remove it first") from None
    except OSError as error:
        # A folder that cannot be written is told like any other wrong input.
        raise InputInvalid(f"cannot write {path}: {error.strerror}") from None
    return schema_file

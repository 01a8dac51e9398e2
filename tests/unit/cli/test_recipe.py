"""`otcloud recipe`: data on stdout, talk on stderr, exit code 3 for an invalid recipe, JSON on request."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from otcloud.recipe.presets import presets, recipes

ENTRY = "from otcloud.cli.app import main; main()"


def otcloud(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the real command line in a folder."""
    command = [sys.executable, "-c", ENTRY, *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_list_names_what_ships(tmp_path: Path) -> None:
    done = otcloud(tmp_path, "recipe", "list")
    assert (done.returncode, done.stderr) == (0, "")
    shown = [line.split()[:2] for line in done.stdout.splitlines()[2:]]
    assert shown == [["recipe", each.name] for each in recipes()] + [["preset", each.name] for each in presets()]
    assert {"quickstart", "eval-terminal-bench", "gpt-oss-120b-131k-1xh200"} <= {name for _, name in shown}
    listed = json.loads(otcloud(tmp_path, "recipe", "list", "--json").stdout)
    assert {each["name"]: each["type"] for each in listed}["quickstart"] == "recipe"


def test_show_prints_a_recipe_that_validates(tmp_path: Path) -> None:
    done = otcloud(tmp_path, "recipe", "show", "quickstart", "--set", "trials.concurrency=2")
    assert "concurrency: 2  # --set trials.concurrency" in done.stdout
    (tmp_path / "shown.yaml").write_text(done.stdout)
    assert otcloud(tmp_path, "recipe", "validate", "shown.yaml").stdout == "shown.yaml: valid\n"
    document = json.loads(otcloud(tmp_path, "recipe", "show", "quickstart", "--json").stdout)
    assert document["recipe"]["trials"]["concurrency"] == 5
    assert document["origins"]["trials.concurrency"].startswith("recipes/quickstart.yaml:")


def test_show_warns_on_stderr(tmp_path: Path) -> None:
    done = otcloud(
        tmp_path,
        "recipe",
        "show",
        "quickstart",
        "--set",
        "model.engine=api",
        "--set",
        "model.base_url=http://127.0.0.1:1/v1",
    )
    assert "warning: model.recording (recipes/quickstart.yaml:" in done.stderr
    assert "warning" not in done.stdout


def test_validate_looks_at_every_recipe(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("concurrency: 3\n")
    done = otcloud(tmp_path, "recipe", "validate", "bad.yaml", "quickstart")
    assert (done.returncode, done.stdout) == (3, "quickstart: valid\n")
    assert "bad.yaml:1: concurrency: unknown key; did you mean `trials.concurrency`?" in done.stderr
    machine = otcloud(tmp_path, "recipe", "validate", "bad.yaml", "quickstart", "--json")
    assert machine.returncode == 3
    bad, good = json.loads(machine.stdout)
    assert (bad["valid"], good) == (False, {"recipe": "quickstart", "valid": True, "problems": []})
    assert bad["problems"][0]["suggestion"] == "`trials.concurrency`"


def test_schema_is_json(tmp_path: Path) -> None:
    plain = otcloud(tmp_path, "recipe", "schema").stdout
    document = json.loads(plain)
    assert document["title"] == "otcloud recipe"
    assert {"local", "auto", "daytona"} <= set(document["$defs"]["Sandbox"]["properties"]["type"]["enum"])
    assert otcloud(tmp_path, "recipe", "schema", "--json", "-q").stdout == plain


def test_init_writes_a_recipe_that_validates_and_overwrites_nothing(tmp_path: Path) -> None:
    done = otcloud(tmp_path, "recipe", "init", "mine.yaml")
    assert (done.returncode, sorted(each.name for each in tmp_path.iterdir())) == (
        0,
        ["mine.yaml", "otcloud.schema.json"],
    )
    assert otcloud(tmp_path, "recipe", "validate", "mine.yaml").returncode == 0
    told = "This version launches `engine: replay` with `tasks.path`"
    assert told in done.stderr
    assert f"# {told}" in (tmp_path / "mine.yaml").read_text()
    assert otcloud(tmp_path, "recipe", "init", "quiet.yaml", "-q").stderr == ""
    again = otcloud(tmp_path, "recipe", "init", "mine.yaml", "--json")
    assert again.returncode == 3
    assert "exists already" in json.loads(again.stdout)["error"]["what"]


@pytest.mark.parametrize(
    "words", [("show", "nowhere.yaml"), ("show", "quickstart", "--preset", "x"), ("validate", "x.yaml")]
)
def test_an_invalid_input_ends_in_3_without_a_traceback(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = otcloud(tmp_path, "recipe", *words)
    assert (done.returncode, done.stdout) == (3, "")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("recipe", "validate", "r.yaml"), ("plan", "r.yaml"), ("tracegen", "r.yaml")])
def test_a_mistyped_sandbox_is_refused_before_anything_starts(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "r.yaml").write_text("model: {id: m}\ntasks: {hub: a/b}\nsandbox: {type: dokcer}\n")
    done = otcloud(tmp_path, *words)
    assert (done.returncode, done.stdout) == (3, "")
    assert "r.yaml:3: sandbox.type: `dokcer` is not a sandbox type" in done.stderr
    assert "did you mean `docker`?" in done.stderr
    assert not (tmp_path / "runs").exists()

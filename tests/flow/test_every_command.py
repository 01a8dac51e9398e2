"""Rules that every command keeps: stdout is one JSON document with `--json`, errors have a code and no traceback."""

import json
import socket
from pathlib import Path

import pytest

from otcloud import __version__
from otcloud.cli.app import COMMANDS
from otcloud.errors import exit_codes
from otcloud.runs.journal import append_line, write_json
from tests.flow.command import Otcloud

WORDS: dict[str, list[list[str]]] = {
    "tracegen": [["tracegen", "quickstart", "--dry-run"], ["tracegen", "nothing-like-it"]],
    "eval": [["eval", "quickstart", "--dry-run"], ["eval", "--model", "a/b"]],
    "plan": [["plan", "quickstart"], ["plan", "quickstart", "--set", "trials.atempts=3"]],
    "runs": [["runs"]],
    "status": [["status"], ["status", "no-such-run"]],
    "logs": [["logs"], ["logs", "--program", "nobody"]],
    "wait": [["wait"]],
    "resume": [["resume", "no-such-run"]],
    "view": [["view"]],
    "recipe": [["recipe", "list"], ["recipe", "show", "quickstart"], ["recipe", "validate", "quickstart"]],
}
CALLS = [words for group in WORDS.values() for words in group]
CODES = {row.code for row in exit_codes()}


def test_every_command_is_called_here() -> None:
    """A new command must be added to the words above."""
    assert set(WORDS) == {command.name for command in COMMANDS}


@pytest.mark.parametrize("words", CALLS, ids=" ".join)
def test_json_is_one_document(otcloud: Otcloud, words: list[str]) -> None:
    """Whether it works or fails, what stands on stdout parses; a failure says its exit code."""
    done = otcloud(*words, "--json")
    document = json.loads(done.stdout)
    assert done.code in CODES - {1}, done.stderr
    assert "Traceback" not in done.stderr
    if done.code != 0:
        assert document["error"]["exit_code"] == done.code
        assert document["error"]["what"] in done.stderr


@pytest.mark.parametrize("words", [["--help"], *([command.name, "--help"] for command in COMMANDS)], ids=" ".join)
def test_help_fits_eighty_columns(otcloud: Otcloud, words: list[str]) -> None:
    """Every help text is there, and no line is wider than a terminal."""
    done = otcloud(*words, env={"COLUMNS": "80"})
    assert done.code == 0
    assert "Usage" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_typo_in_a_recipe_is_told_with_its_place(otcloud: Otcloud, tmp_path: Path) -> None:
    """Exit code 3, file and line, and what was probably meant."""
    recipe = tmp_path / "typo.yaml"
    recipe.write_text("kind: tracegen\ntrials:\n  atempts: 3\n")
    done = otcloud("tracegen", recipe)
    assert done.code == 3
    assert "typo.yaml:3" in done.stderr
    assert "attempts" in done.stderr


def test_what_is_not_built_is_refused_by_name(otcloud: Otcloud) -> None:
    """The dry run prints the plan; the launch refuses and starts nothing."""
    words = ("tracegen", "quickstart", "--cloud-provider", "gcp", "--accelerator", "H100:1")
    plan = otcloud.json(*words, "--dry-run")
    assert plan["not_built"] == ["compute.providers: gcp"]
    refused = otcloud(*words)
    assert refused.code == 3
    assert "compute.providers: gcp" in refused.stderr
    assert not otcloud.runs()


def test_snake_case_flags_are_accepted(otcloud: Otcloud) -> None:
    """`--n_concurrent` stands for `--n-concurrent`."""
    plan = otcloud.json("tracegen", "quickstart", "--n_concurrent", "3", "--dry_run")
    assert plan["harbor"]["job"]["n_concurrent_trials"] == 3


def test_a_typo_in_a_flag_is_usage(otcloud: Otcloud) -> None:
    """Exit code 2, and a document where one was asked for."""
    done = otcloud("tracegen", "quickstart", "--n-concurent", "3", "--json")
    assert done.code == json.loads(done.stdout)["error"]["exit_code"] == 2


def test_the_version(otcloud: Otcloud) -> None:
    """One line on stdout."""
    assert otcloud("--version").stdout == f"otcloud {__version__}\n"


def test_completion_knows_the_commands(otcloud: Otcloud) -> None:
    """What the shell asks when a person presses the tab key."""
    env = {"_OTCLOUD_COMPLETE": "complete_bash", "COMP_WORDS": "otcloud trace", "COMP_CWORD": "1"}
    assert "tracegen" in otcloud(env=env).stdout


def completed(otcloud: Otcloud, *words: str) -> list[str]:
    """What bash offers for the last of these words."""
    env = {"_OTCLOUD_COMPLETE": "complete_bash", "COMP_WORDS": " ".join(["otcloud", *words])}
    done = otcloud(env={**env, "COMP_CWORD": str(len(words))})
    assert not done.stderr
    return done.stdout.split()


def test_completion_knows_runs_and_recipes(otcloud: Otcloud) -> None:
    """Runs that are still there, newest first; bundled recipes and YAML files of the folder."""
    (otcloud.folder / "quick.yaml").touch()
    assert completed(otcloud, "tracegen", "quick") == ["quickstart", "quickstart-eval", "quick.yaml"]
    assert completed(otcloud, "status", "fi") == []
    index = otcloud.folder / "data" / "runs.jsonl"
    for name in ("first", "fifth", "other", "file-gone"):
        append_line(index, {"run_id": name, "path": str(otcloud.folder / "runs" / name)})
        if name != "file-gone":
            write_json(otcloud.folder / "runs" / name / "run.json", {"run_id": name})
    assert completed(otcloud, "status", "fi") == ["fifth", "first"]
    index.write_bytes(b'{"path": "\\u0000"}\n[]\n\xff\n')
    assert completed(otcloud, "status", "fi") == []


@pytest.mark.parametrize(
    ("words", "last"),
    [
        (["plan", "quickstart"], "nothing was started; otcloud tracegen with the same words starts it"),
        (["tracegen", "quickstart", "--dry-run"], "nothing was started; without --dry-run the same words start it"),
    ],
)
def test_a_plan_says_how_it_is_started(otcloud: Otcloud, words: list[str], last: str) -> None:
    """In words that were typed."""
    assert otcloud(*words).stdout.splitlines()[-1] == last


@pytest.mark.parametrize("below", ["", "/deeper"])
def test_a_file_is_no_folder_for_runs(otcloud: Otcloud, below: str) -> None:
    """Exit code 2 before anything else is looked at."""
    (otcloud.folder / "file").write_text("kept")
    for words in (["runs"], ["tracegen", "nothing-like-it"], ["status"]):
        done = otcloud(*words, "--runs-dir", f"file{below}")
        assert done.code == 2
        assert "--runs-dir" in done.stderr
    assert (otcloud.folder / "file").read_text() == "kept"


def test_view_needs_a_free_port(otcloud: Otcloud) -> None:
    """Exit code 2 with the port, and no address at which somebody else would answer."""
    run = otcloud.folder / "runs" / "seen"
    (run / "jobs").mkdir(parents=True)
    write_json(run / "run.json", {"run_id": "seen"})
    write_json(run / "plan.json", otcloud.json("plan", "quickstart"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = otcloud("view", "seen", "--port", port)
    assert (done.code, done.stdout) == (2, "")
    assert port in done.stderr
    assert "--port" in done.stderr

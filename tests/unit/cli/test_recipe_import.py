"""`otcloud recipe import`, and the published command lines themselves: what is printed, what is written, exit codes."""

import json
from pathlib import Path

from tests.unit.cli.test_recipe import otcloud
from tests.unit.recipe.upstream.corpus import CORPUS

FILES = (str(CORPUS / "trace_16concurrency_ctx131k.yaml"), str(CORPUS / "gpt_oss_120b_vllm_serve_131k_1xH200.yaml"))


def test_it_prints_a_recipe_and_warns_on_stderr(tmp_path: Path) -> None:
    done = otcloud(tmp_path, "recipe", "import", *FILES)
    assert done.returncode == 0
    assert "max_model_len: 131072  # " in done.stdout
    assert "swap_space: is left out" in done.stderr
    assert "warning" not in done.stdout


def test_it_writes_a_recipe_that_validates_and_overwrites_nothing(tmp_path: Path) -> None:
    done = otcloud(tmp_path, "recipe", "import", *FILES, "-o", "new/mine.yaml")
    assert (done.returncode, done.stdout) == (0, "wrote new/mine.yaml\n")
    with (tmp_path / "new" / "mine.yaml").open("a") as file:
        file.write("tasks: {hub: org/data}\n")
    assert otcloud(tmp_path, "recipe", "validate", "new/mine.yaml").returncode == 0
    again = otcloud(tmp_path, "recipe", "import", *FILES, "-o", "new/mine.yaml", "--json")
    assert again.returncode == 3
    assert "exists already" in json.loads(again.stdout)["error"]["what"]


def test_json_has_text_origins_and_warnings(tmp_path: Path) -> None:
    document = json.loads(otcloud(tmp_path, "recipe", "import", FILES[1], "--json").stdout)
    assert document["recipe"] is None
    assert document["origins"]["serve.max_num_seqs"].endswith("1xH200.yaml:23")
    assert any("swap_space" in warning for warning in document["warnings"])
    assert "kind" not in document["origins"]


def test_what_is_no_such_file_ends_in_3(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("model: {id: org/m}\n")
    done = otcloud(tmp_path, "recipe", "import", "r.yaml", "nowhere.yaml")
    assert (done.returncode, done.stdout) == (3, "")
    assert "r.yaml: is a recipe, or near to one" in done.stderr
    assert "nowhere.yaml: no such file" in done.stderr


def test_the_published_command_line_ends_in_a_plan(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").write_text("export DAYTONA_API_KEY=words\n")
    words = ["--harbor_config", FILES[0], f"--datagen_config={FILES[1]}", "--secrets_env", "secrets.env"]
    words += ["--tasks_input_path", "DCAgent/stackexchange-tor-sandboxes", "--model", "openai/gpt-oss-120b"]
    words += ["--accelerator", "H100:1", "--cloud_provider", "gcp", "--region", "us-central1"]
    done = otcloud(tmp_path, "tracegen", *words, "--local_sync_dir", "home", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    assert (plan["kind"], plan["sandbox"], plan["tasks"]["reference"]) == (
        "tracegen",
        "daytona",
        "DCAgent/stackexchange-tor-sandboxes",
    )
    assert "the input is capped at 114688" in done.stderr


def test_the_published_command_line_of_a_score_ends_in_a_plan(tmp_path: Path) -> None:
    files = [CORPUS / "trace_16concurrency_eval_ctx131k.yaml"]
    files.append(CORPUS / "qwen3_coder_30b_a3b_vllm_serve_131k_1xH200.yaml")
    words = ["--harbor_config", str(files[0]), "--datagen_config", str(files[1]), "--dataset", "terminal-bench@2.0"]
    words += ["--model", "Qwen/Qwen3-Coder-30B-A3B-Instruct", "--agent", "terminus-2", "--accelerator", "H100:1"]
    done = otcloud(tmp_path, "eval", *words, "--cloud_provider", "gcp", "--dry_run", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["kind"] == "eval"
    assert "the score cannot stand beside a published one" in done.stderr


def test_a_list_of_providers_ends_cleanly(tmp_path: Path) -> None:
    done = otcloud(tmp_path, "tracegen", "--list_providers")
    assert (done.returncode, done.stdout) == (3, "")
    assert "--list-providers: is not in this version" in done.stderr
    assert "Traceback" not in done.stderr

"""The corpus: every file becomes a recipe, and an imported recipe means what the files given directly mean."""

from pathlib import Path

import pytest

from otcloud.plan.compile import compile_plan
from otcloud.plan.facts import Facts
from otcloud.recipe.adopt import adopt
from otcloud.recipe.load import load
from otcloud.recipe.schema import Recipe
from tests.unit.recipe.upstream.corpus import CORPUS, FILES, WHOLE, given

HARBOR = CORPUS / "trace_16concurrency_ctx131k.yaml"
SERVER = CORPUS / "gpt_oss_120b_vllm_serve_131k_1xH200.yaml"
SETS = [[path] for path in FILES] + [[HARBOR, SERVER], [SERVER, HARBOR], [HARBOR, CORPUS / "api_gemini.yaml"]]
FLAGS: list[dict[str, object]] = [
    {},
    {"agent": "terminus-2", "agent_kwarg": ["temperature=0.1", "max_episodes=7"], "n_attempts": 2},
    {"cloud_provider": "gcp,aws", "accelerator": "H100:8,A100:8"},
]


def _plan(recipe: Recipe) -> str:
    facts = Facts(run_id="r", now="2030-01-01T00:00:00+00:00", otcloud_version="0", sandboxes={"local": None})
    return compile_plan(recipe, facts, "lock").model_dump_json()


@pytest.mark.parametrize("paths", SETS, ids=lambda paths: "+".join(path.stem for path in paths))
@pytest.mark.parametrize("flags", FLAGS, ids=["plain", "agent", "machine"])
def test_an_imported_recipe_is_the_files(tmp_path: Path, paths: list[Path], flags: dict[str, object]) -> None:
    (tmp_path / "somewhere" / "tasks").mkdir(parents=True)
    direct = load(flags={**WHOLE, **given(paths), **flags}, cwd=tmp_path, kind="tracegen")
    (tmp_path / "mine.yaml").write_text(adopt([str(path) for path in paths], tmp_path).text, encoding="utf-8")
    imported = load(["mine.yaml"], flags={**WHOLE, **flags}, cwd=tmp_path, kind="tracegen")
    assert imported.recipe == direct.recipe


def test_and_so_are_their_plans(tmp_path: Path) -> None:
    paths = [HARBOR, SERVER]
    flags: dict[str, object] = {"tasks_input_path": "org/tasks", "model": "openai/gpt-oss-120b"}
    direct = load(flags={**flags, **given(paths)}, cwd=tmp_path, kind="tracegen")
    (tmp_path / "mine.yaml").write_text(adopt([str(path) for path in paths], tmp_path).text, encoding="utf-8")
    imported = load(["mine.yaml"], flags=flags, cwd=tmp_path, kind="tracegen")
    assert _plan(imported.recipe) == _plan(direct.recipe)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_import_reads_back_and_imports_to_itself(tmp_path: Path, path: Path) -> None:
    adopted = adopt([str(path)], tmp_path)
    (tmp_path / "mine.yaml").write_text(adopted.text, encoding="utf-8")
    again = load(["mine.yaml"], cwd=tmp_path, partial=True)
    assert again.recipe == adopted.loaded.recipe
    assert again.warnings == ()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_left_out_is_named_with_file_and_line(tmp_path: Path, path: Path) -> None:
    for warning in adopt([str(path)], tmp_path).loaded.warnings:
        assert path.name in warning, warning


def test_the_order_of_the_files_is_not_the_order_of_precedence(tmp_path: Path) -> None:
    for paths in ([HARBOR, SERVER], [SERVER, HARBOR]):
        loaded = load(flags={**WHOLE, **given(paths)}, cwd=tmp_path)
        assert loaded.recipe.agent.max_turns == 80
        assert loaded.origins["agent.max_turns"].startswith(str(SERVER))

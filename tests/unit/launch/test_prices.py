"""Asking for prices when nobody can answer, and what would be sent to another machine."""

import json
from pathlib import Path

from otcloud.launch import sky_prices
from otcloud.launch.uploads import uploads
from otcloud.recipe.schema import Recipe
from tests.unit.plan.made import TASKS, recipe

DAY = "20261120"


def asking(*providers: str) -> Recipe:
    """A vLLM recipe for an H100 of these providers."""
    return recipe(model={"id": "made/model"}, compute={"providers": list(providers), "accelerators": ["H100:1"]})


def environ_with(folder: Path, sky: str) -> dict[str, str]:
    """An environment in which `import sky` does this."""
    folder.mkdir()
    (folder / "sky.py").write_text(sky)
    return {"PYTHONPATH": str(folder), "HOME": str(folder)}


def test_without_skypilot_prices_are_unknown_and_the_reason_helps(tmp_path: Path) -> None:
    """The extra is named; nothing is kept, so that the answer after installing it is another one."""
    environ = environ_with(tmp_path / "lib", "raise ModuleNotFoundError(name='sky')")
    found, catalogs = sky_prices.offers(asking("gcp", "aws"), tmp_path / "cache", environ, DAY)
    assert found == ()
    assert set(catalogs) == {"gcp", "aws"}
    assert all("otcloud[sky]" in (reason or "") for reason in catalogs.values())
    assert not (tmp_path / "cache").exists()


def test_a_child_that_dies_is_a_reason_and_no_error(tmp_path: Path) -> None:
    """Whatever SkyPilot does to its process, the plan compiles."""
    environ = environ_with(tmp_path / "lib", "import os; os._exit(3)")
    found, catalogs = sky_prices.offers(asking("gcp"), tmp_path / "cache", environ, DAY)
    assert (found, catalogs) == ((), {"gcp": "SkyPilot did not answer: it ended with code 3"})


def test_a_kept_answer_is_read_tolerantly(tmp_path: Path) -> None:
    """What another version or a torn write left is asked anew."""
    environ = environ_with(tmp_path / "lib", "raise ModuleNotFoundError(name='sky')")
    asked = sky_prices.question(asking("gcp"))
    assert asked is not None
    kept = tmp_path / "prices" / DAY / f"gcp-{sky_prices._digest(asked)}.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(json.dumps({"offers": [{"provider": "gcp", "accelerator": "H100"}], "catalogs": {"gcp": None}}))
    assert [each.accelerator for each in sky_prices.offers(asking("gcp"), tmp_path, environ, DAY)[0]] == ["H100"]
    for torn in ("", '{"offers": [{"provider": 3}], "catalogs": {"gcp": null}}', '{"catalogs": {}}'):
        kept.write_text(torn)
        assert sky_prices.offers(asking("gcp"), tmp_path, environ, DAY)[0] == ()


def test_the_question_knows_the_names_of_every_provider() -> None:
    """RunPod's name for an H100 is asked for, and what cannot be used or has no prices is not asked."""
    asked = sky_prices.question(asking("runpod", "local", "kubernetes", "verda"))
    assert asked is not None
    assert asked["providers"] == ["runpod"]
    assert {"H100", "H100-SXM"} <= set(asked["accelerators"])
    assert sky_prices.question(asking("local", "slurm")) is None


def test_uploads_are_what_is_there(tmp_path: Path) -> None:
    """The chosen tasks and the recording, byte for byte; compiled Python stays; nothing for this machine."""
    for name in ("alpha", "beta", "gamma"):
        (tmp_path / "sample" / name / "__pycache__").mkdir(parents=True)
        (tmp_path / "sample" / name / "task.toml").write_text("x" * 100)
        (tmp_path / "sample" / name / "__pycache__" / "x.pyc").write_text("x" * 1000)
    (tmp_path / "answers.jsonl").write_text("x" * 10)
    model = {"engine": "replay", "recording": tmp_path / "answers.jsonl"}
    sections = {"model": model, "tasks": {"path": tmp_path / "sample"}}
    sent = uploads(recipe(**sections, compute={"providers": ["gcp"]}), TASKS)
    code = sent.pop("otcloud's code")
    assert code > 100_000
    assert sent == {"2 tasks": 200, "the recording": 10}
    assert uploads(recipe(**sections), TASKS) == {}

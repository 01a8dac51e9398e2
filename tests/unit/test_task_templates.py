"""The templates as files: readable, alike where they must be, and a bootstrap that is whole."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from otcloud import process
from otcloud.launch.task_templates import task_templates
from tests.unit.architecture.source import ROOT

FOLDER = ROOT / "task_templates"
FILES = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_template_opens_with_a_paragraph_and_says_how_it_is_launched(path: Path) -> None:
    """By hand, with this very file."""
    opening = path.read_text().partition("\n\n")[0].splitlines()
    assert len(opening) >= 5
    assert all(line.startswith("#") for line in opening)
    command = "sky jobs launch" if path.stem == "managed" else "sky launch"
    assert opening[-1].startswith(f"#   {command}") and opening[-1].endswith(path.name)


def test_the_templates_agree_on_what_keeps_money_and_secrets() -> None:
    """The run's command is one; every machine goes down; secrets are names; nothing speaks to the API server."""
    for name, template in task_templates().items():
        assert template["run"] == 'timeout -k 60 "$OTCLOUD_LIFETIME_SEC" bash bootstrap.sh "runs/$OTCLOUD_RUN"', name
        assert template["resources"]["autostop"] == {"idle_minutes": 30, "down": True, "wait_for": "jobs"}, name
        assert set(template["secrets"].values()) == {None}, name
        assert template["api_server_access"] is False, name
        assert "setup" not in template, name


def bootstrap(*arguments: str, cwd: Path, **environ: str) -> process.Completed:
    """Run the bootstrap of a bundle in `cwd`."""
    shutil.copy(FOLDER / "bootstrap.sh", cwd)
    return process.run(["bash", cwd / "bootstrap.sh", *arguments], env=environ, cwd=cwd, timeout_sec=60)


def fake_uv(folder: Path) -> Path:
    """A uv that makes a venv whose python says how it was called: what the network would bring is not tested here."""
    tools: dict[str, Any] = {
        "uv": '#!/bin/sh\necho "uv $*" >>"$HOME/calls"\nif [ "$1" = venv ]; then for venv; do :; done\n'
        'mkdir -p "$venv/bin"\nprintf \'#!/bin/sh\\necho "node $*"\\nexit 7\\n\' >"$venv/bin/python"\n'
        'chmod +x "$venv/bin/python"\nfi\n',
    }
    for name, text in tools.items():
        (folder / ".local/bin").mkdir(parents=True)
        (folder / ".local/bin" / name).write_text(text)
        (folder / ".local/bin" / name).chmod(0o755)
    return folder / "calls"


def test_the_bootstrap_starts_the_node_on_the_run(tmp_path: Path) -> None:
    """With uv from SkyPilot's folder, a venv made once, and the node's own exit code."""
    bundle, home = tmp_path / "bun dle", tmp_path / "home"
    bundle.mkdir()
    home.mkdir()
    (bundle / "otcloud-0.1.0-py3-none-any.whl").write_bytes(b"made up")
    calls = fake_uv(home)
    for _ in range(2):
        done = bootstrap("runs/mine", cwd=bundle, HOME=str(home), PATH="/usr/bin:/bin")
        assert (done.code, done.stdout) == (7, f"node -m otcloud.node {bundle}/runs/mine\n"), done.stderr
    assert [line.split()[:2] for line in calls.read_text().splitlines()] == [["uv", "venv"], ["uv", "pip"]]


@pytest.mark.parametrize(
    ("arguments", "environ", "told"),
    [
        ([], {}, "usage: bash bootstrap.sh RUN_DIRECTORY"),
        (["runs/mine"], {"SKYPILOT_NUM_NODES": "2"}, "on one machine, not on 2"),
    ],
)
def test_the_bootstrap_refuses_what_it_cannot_do(
    arguments: list[str], environ: dict[str, str], told: str, tmp_path: Path
) -> None:
    """Before anything is set up."""
    done = bootstrap(*arguments, cwd=tmp_path, HOME=str(tmp_path), PATH="/usr/bin:/bin", **environ)
    assert done.code != 0 and told in done.stderr
    assert process.run(["bash", "-n", FOLDER / "bootstrap.sh"]).code == 0

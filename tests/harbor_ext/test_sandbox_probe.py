"""Why sandboxes do not work on a machine: one sentence that names the remedy."""

import os
import sys
from pathlib import Path

import pytest

from otcloud.harbor_ext.sandbox import probe


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """This machine's kernel settings, as far as the test says."""
    values: dict[str, str] = {}
    monkeypatch.setattr(probe, "_setting", lambda name: values.get(name, ""))
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(probe, "in_container", lambda: False)
    return values


@pytest.mark.parametrize(
    "step", ["map user ids", "create namespaces", "mount proc", "mount overlay", "make mounts private"]
)
def test_ubuntus_restriction_goes_first(settings: dict[str, str], step: str) -> None:
    settings["kernel/apparmor_restrict_unprivileged_userns"] = "1"
    sentence = probe.explain(step, "message")
    assert "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" in sentence
    assert "sandbox.type: docker" in sentence


@pytest.mark.parametrize("name", ["kernel/unprivileged_userns_clone", "user/max_user_namespaces"])
def test_closed_switches_are_named(settings: dict[str, str], name: str) -> None:
    settings[name] = "0"
    assert f"sysctl -w {name.replace('/', '.')}=" in probe.explain("create a user namespace", "message")


def test_containers_are_told_apart(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "in_container", lambda: True)
    assert "--privileged" in probe.explain("create namespaces", "message")
    assert "hides parts of /proc" in probe.explain("mount proc", "message")


def test_old_kernels_and_the_rest(settings: dict[str, str]) -> None:
    assert "needs Linux 5.11" in probe.explain("mount overlay", "no such device")
    assert "(strange)" in probe.explain("pivot_root", "strange")


def test_an_interpreter_that_does_not_start(tmp_path: Path) -> None:
    assert "cannot start" in str(probe.probe(str(tmp_path / "python")))


def test_an_interpreter_that_fails(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho 'no module named anything' >&2; exit 3\n")
    program.chmod(0o755)
    assert "no module named anything" in str(probe.probe(str(program)))


def test_a_refused_step_is_reported_from_inside(working_sandbox: None, tmp_path: Path) -> None:
    """A keeper without the right to make namespaces says which step failed."""
    program = tmp_path / "python"
    prepare = "import ctypes, os, sys; ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)"
    limit = "open('/proc/sys/user/max_mnt_namespaces').close()"
    program.write_text(f"#!{sys.executable}\n{prepare}\n{limit}\nsys.exit('refused here')\n")
    program.chmod(0o755)
    assert "refused here" in str(probe.probe(str(program)))

"""Command lines and the table of options against the real parser of the pinned vLLM.

OTCLOUD_LAB_VLLM_PYTHON names an interpreter that has it, such as the build for CPUs.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from otcloud.plan.serve import compile_serve
from otcloud.plan.vllm_argv import vllm_argv, vllm_options
from otcloud.recipe.vllm_options import DEFAULT_VLLM, known, options
from otcloud.recipe.vllm_values import fault
from tests.conftest import REAL_ENVIRON
from tests.unit.architecture.source import ROOT
from tests.unit.plan.command_lines import as_read, served_presets, specs_of, stated
from tests.unit.plan.test_vllm_argv import FIELDS, OTHERS, SIZES, served


class RealParser:
    """The real parser, in its own interpreter, asked line by line."""

    def __init__(self, python: str) -> None:
        command = [python, str(ROOT / ".ci" / "vllm_parser.py"), "parse"]
        env = {"PATH": os.defpath, "HOME": os.environ["HOME"], "VLLM_LOGGING_LEVEL": "ERROR"}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, env=env, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, encoding="utf-8"
        )

    def ask(self, what: object) -> dict[str, Any]:
        """The answer to one line."""
        pipe_in, pipe_out = self.process.stdin, self.process.stdout
        assert pipe_in is not None and pipe_out is not None
        pipe_in.write(json.dumps(what) + "\n")
        pipe_in.flush()
        return json.loads(pipe_out.readline())

    def values(self, words: tuple[str, ...]) -> dict[str, Any]:
        """What the parser reads; a command line that it refuses fails the test."""
        answer = self.ask(list(words))
        assert "error" not in answer, (words, answer["error"])
        return answer["values"]


@pytest.fixture(scope="module")
def real() -> Iterator[RealParser]:
    """The real parser of the pinned vLLM."""
    python = REAL_ENVIRON.get("OTCLOUD_LAB_VLLM_PYTHON")
    if not python:
        pytest.skip("OTCLOUD_LAB_VLLM_PYTHON names no interpreter that has vLLM")
    parser = RealParser(python)
    with parser.process:
        yield parser
        parser.process.terminate()


def test_the_table_is_that_of_the_real_parser(real: RealParser) -> None:
    told = real.ask("options")
    ours = {name: {"kind": each.kind, "choices": list(each.choices)} for name, each in options().items()}
    theirs = {
        name: {"kind": each["kind"], "choices": [str(value) for value in each["choices"]]}
        for name, each in told["options"].items()
    }
    assert told["version"] == DEFAULT_VLLM
    assert ours == theirs
    named = {name: option.name for name in told["aliases"] if (option := known(name)) is not None}
    assert named == told["aliases"]


def test_what_the_table_refuses_the_parser_refuses(real: RealParser) -> None:
    seed, level = options()["seed"], options()["uvicorn_log_level"]
    for option, value in ((seed, "x"), (seed, 1.5), (level, "loud")):
        assert fault(option, value)
        assert "error" in real.ask(["org/model", f"{option.flag}={value}"])
    assert "error" in real.ask(["org/model", "--swap-space=4"])


def test_every_field_is_understood(real: RealParser) -> None:
    spec = compile_serve(served({**FIELDS, "vllm": OTHERS}, revision="v1.0"), "org/model-7B", SIZES)
    values = real.values(spec.argv)
    adapter = {"name": "mine", "path": "org/adapter, the second", "base_model_name": None}
    told = {name: values[name] for name in spec.options if name != "lora_modules"}
    assert told == {name: value for name, value in spec.options.items() if name != "lora_modules"}
    assert values["model_tag"] == "org/model-7B"
    assert values["served_model_name"] == ["model-7B"]
    assert [{name: each[name] for name in adapter} for each in values["lora_modules"]] == [adapter]


@pytest.mark.parametrize("preset", served_presets())
def test_every_candidate_of_every_preset_is_understood(real: RealParser, preset: str) -> None:
    for spec in specs_of(preset):
        values = real.values((*spec.argv, "--host=127.0.0.1", "--port=8000"))
        assert values["model_tag"] == spec.model
        assert {name: values[name] for name in spec.options} == spec.options


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_options=stated())
def test_any_options_of_the_right_kind_read_back(real: RealParser, given_options: dict[str, Any]) -> None:
    found = vllm_options(served({"vllm": given_options}), None)
    values = real.values(("org/model", *vllm_argv(found)))
    for name, value in as_read(found).items():
        option = options()[name]
        if option.kind == "config" or name == "device_ids":
            continue  # read into a type of vLLM's own, which its defaults fill
        if option.kind == "size" and isinstance(value, str):
            assert isinstance(values[name], int)
        else:
            assert values[name] == value, name

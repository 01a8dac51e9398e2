"""Whatever a file, a setting or a flag holds: a recipe, or the one error. And what is shown reads back the same."""

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from otcloud.recipe.fields import dotted, fields
from otcloud.recipe.load import Loaded, load
from otcloud.recipe.problems import RecipeInvalid
from otcloud.recipe.show import to_yaml

SAMPLE = """\
# a comment
kind: tracegen
model: {id: org/m, revision: 12e4, sampling: {temperature: 0.7, stop: ["</s>", 'no']}}
serve: &serve
  max_model_len: 32768
  vllm: {mm-processor-kwargs: {rope: {factor: 4.0}}, seed: ~}
compute:
  providers: [gcp, lambda]
  accelerators:
    - H100:8
    - "A100-80GB:8"
agent: {name: terminus-2, kwargs: {a: &x {b: 1e3}, c: *x, d: {<<: *x}}}
tasks: {hub: org/data, include: ["a*", "[b]"]}
trials: {attempts: 4, early_stop: {window: 5}}
limits: {max_hours: 2.5}
secrets: [HF_TOKEN]
"""
SYNTAX = [
    ":",
    ": ",
    "\n",
    "\n  ",
    "\t",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "&a ",
    "*a",
    "*x",
    "<<: ",
    "!!int ",
    "!x ",
    ">",
    "#",
    "'",
    '"',
    '"\\ud800"',
    "---\n",
    "...",
    "? ",
    "@",
    "`",
    "%YAML 1.2\n",
]
VALUES = [
    "~",
    "null",
    "\x00",
    "\ufeff",
    "\u2028",
    "𝄞",
    "é",
    "0x",
    "1e999",
    "-.inf",
    ".nan",
    "tasks",
    "path: /",
    "~x/",
    "hub",
    "name: ",
    "preset: ",
    "kind: eval",
]
SCRAPS = st.sampled_from([*SYNTAX, "|\n", *VALUES, "9" * 400])
quiet = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _load(folder: Path, content: bytes, **rest: Any) -> Loaded | None:
    (folder / "r.yaml").write_bytes(content)
    try:
        return load(["r.yaml"], cwd=folder, **rest)
    except RecipeInvalid as error:
        assert error.problems
        assert "\0" not in str(error)
        return None


def _reads_back(folder: Path, loaded: Loaded) -> None:
    for defaults in (False, True):
        (folder / "shown.yaml").write_text(to_yaml(loaded, defaults=defaults), encoding="utf-8")
        assert load(["shown.yaml"], cwd=folder).recipe == loaded.recipe


def test_the_sample_is_a_recipe_and_reads_back(tmp_path: Path) -> None:
    loaded = _load(tmp_path, SAMPLE.encode())
    assert loaded is not None
    assert loaded.recipe.agent.kwargs == {"a": {"b": 1000.0}, "c": {"b": 1000.0}, "d": {"b": 1000.0}}
    _reads_back(tmp_path, loaded)


@quiet
@given(st.binary(max_size=300))
def test_random_bytes(tmp_path: Path, content: bytes) -> None:
    _load(tmp_path, content)


@quiet
@given(st.lists(st.tuples(st.integers(0, len(SAMPLE)), st.integers(0, 12), SCRAPS | st.text(max_size=6)), max_size=6))
def test_mutated_recipes(tmp_path: Path, edits: list[tuple[int, int, str]]) -> None:
    text = SAMPLE
    for start, removed, added in edits:
        text = text[:start] + added + text[start + removed :]
    loaded = _load(tmp_path, text.encode("utf-8", "surrogatepass"))
    if loaded is not None:
        _reads_back(tmp_path, loaded)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12) | SCRAPS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | SCRAPS, inner, max_size=3),
    max_leaves=8,
)


@quiet
@given(st.dictionaries(st.text(max_size=8), ANY, max_size=4))
def test_any_arguments_of_an_agent_read_back(tmp_path: Path, kwargs: dict[str, object]) -> None:
    import yaml

    content = yaml.safe_dump({"model": {"id": "m"}, "tasks": {"hub": "a/b"}, "agent": {"kwargs": kwargs}})
    loaded = _load(tmp_path, content.encode("utf-8", "surrogatepass"))
    if loaded is not None:
        _reads_back(tmp_path, loaded)


@quiet
@given(st.sampled_from([dotted(key) for key in fields()]) | st.text(max_size=12), st.text(max_size=20) | SCRAPS)
def test_any_setting(tmp_path: Path, key: str, value: str) -> None:
    _load(tmp_path, SAMPLE.encode(), sets=[f"{key}={value}"])


@quiet
@given(
    st.sampled_from(["tasks_input_path", "dataset_path", "agent", "sandbox", "cloud_provider", "recording", "name"]),
    st.text(max_size=20) | SCRAPS,
)
def test_any_text_in_a_flag(tmp_path: Path, flag: str, value: str) -> None:
    _load(tmp_path, SAMPLE.encode(), flags={flag: value})

"""What is wrong is told with its place, its key path and what may have been meant."""

from collections.abc import Callable

import pytest

type Problems = Callable[..., list[str]]

SLUG = "up to 40 lower-case letters, digits and `-`, with no `-` at either end"
KEYS = "attempts, concurrency, retries, retry_min_sec"

NO_SANDBOX = "is not a sandbox type of Harbor 0.24.0, `local` or `auto`"
NO_AGENT = "is not an agent of Harbor 0.24.0, `bash` or `acp:NAME`"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("concurrency: 5", "concurrency: unknown key; did you mean `trials.concurrency`?"),
        ("n_concurrent_trials: 5", "n_concurrent_trials: unknown key; did you mean `trials.concurrency`?"),
        ("trails: {attempts: 1}", "trails: unknown key; did you mean `trials`?"),
        ("trials: {atempts: 1}", "trials.atempts: unknown key; did you mean `trials.attempts`?"),
        ("trials: {max_turns: 1}", "trials.max_turns: unknown key; did you mean `agent.max_turns`?"),
        ("serve: {tensor_parallel_size: 2}",
         "serve.tensor_parallel_size: unknown key; did you mean `serve.tensor_parallel`?"),
        ("serve: {max-model-len: 2}", "serve.max-model-len: unknown key; did you mean `serve.max_model_len`?"),
        ("model: {engin: vllm}", "model.engin: unknown key; did you mean `model.engine`?"),
        ("qqqq: 1", "qqqq: unknown key"),
        ("model: {engine: vlm}", "model.engine: must be vllm, api or replay, not `vlm`; did you mean `vllm`?"),
        ("trials: {attempts: 0}", "trials.attempts: must be at least 1, not `0`"),
        ("trials: {attempts: 1000000000}", "trials.attempts: must be at most 1000, not `1000000000`"),
        ("trials: {concurrency: 4097}", "trials.concurrency: must be at most 4096, not `4097`"),
        ("sandbox: {type: dokcer}", f"sandbox.type: `dokcer` {NO_SANDBOX}; did you mean `docker`?"),
        ("sandbox: {type: Docker}", f"sandbox.type: `Docker` {NO_SANDBOX}; did you mean `docker`?"),
        ("sandbox: {type: qqqq}", f"sandbox.type: `qqqq` {NO_SANDBOX}"),
        ("sandbox: {type: skypilot}", "sandbox.type: `skypilot` needs an SDK that is not public"),
        ("agent: {name: terminus2}", f"agent.name: `terminus2` {NO_AGENT}; did you mean `terminus-2`?"),
        ("agent: {name: 'acp:'}", f"agent.name: `acp:` {NO_AGENT}; did you mean `acp`?"),
        ("trials: {attempts: many}", "trials.attempts: must be a whole number, not `many`"),
        ("trials: {attempts: 1.5}", "trials.attempts: must be a whole number, not `1.5`"),
        ("trials: {attempts: true}", "trials.attempts: must be a whole number, not `true`"),
        ("trials: {attempts: [1]}", "trials.attempts: must be a whole number, not a list"),
        ("trials: 5", f"trials: must be a mapping with keys such as {KEYS}, not a single value"),
        ("limits: {max_hours: 400}", "limits.max_hours: must be at most 336, not `400`"),
        ("limits: {max_hours: .inf}", "limits.max_hours: must be a finite number, not `inf`"),
        ("limits: {max_hours: 0}", "limits.max_hours: must be more than 0, not `0`"),
        ("compute: {spot: maybe}", "compute.spot: must be true or false, not `maybe`"),
        ("compute: {regions: us}", "compute.regions: must be a list, not a single value; did you mean `[us]`?"),
        ("compute: {regions: [{a: 1}]}", "compute.regions: must be a list of texts; it holds a mapping"),
        ("compute: {providers: []}", "compute.providers: must not be empty, not `[]`"),
        ("compute: {providers: [gcp, nebious]}",
         "compute.providers[1]: `nebious` is not a provider; did you mean `nebius`?"),
        ("compute: {accelerators: ['H100:0']}",
         "compute.accelerators[0]: must be a name and a count, such as `H100:8`, not `H100:0`"),
        ("agent: {kwargs: [1]}", "agent.kwargs: must be a mapping of names to values, not a list"),
        ("agent: {import_path: nope}", "agent.import_path: must be `package.module:Class`, not `nope`"),
        ("model: {id: ''}", "model.id: must be a text, not an empty one"),
        ("tasks: {path: ''}", "tasks.path: must be a path, not an empty one"),
        ("tasks: {path: ~nobodyhere/x}", "tasks.path: no such user's home folder: `~nobodyhere/x`"),
        ("name: Bad Name", f"name: must be {SLUG}, not `Bad Name`"),
        ('name: "a\\0b"', "name: holds a control character or half a character"),
        ("model: {sampling: {stop: [\"\\ud800\"]}}",
         "model.sampling.stop: holds a control character or half a character"),
        ("preset: replay-locl", "preset: there is no preset `replay-locl`; did you mean `replay-local`?"),
        ("kind: eval\ntrials: {verify: false}",
         "trials.verify: an eval is a score, and without verification there is none"),
        ("trials: {retry_min_sec: 9, retry_max_sec: 8}", "trials.retry_min_sec: is more than trials.retry_max_sec (8)"),
        ("model: {base_url: http://h}", "model.base_url: is for engine api, and the engine is vllm"),
        ("tasks: {hub: null, registry: a, file: f}", "tasks.file: goes with tasks.hub, which is not given"),
    ],
)  # fmt: skip
def test_one_problem(problems: Problems, text: str, message: str) -> None:
    line = text.count("\n") + 1
    assert problems(text) == [f"r.yaml:{line}: {message}"]


def test_all_are_told_at_once_in_files_settings_and_flags(problems: Problems) -> None:
    told = problems(
        "kind: evall\nfoo: 1\ntrials:\n  retries: -1\n", sets=["sync.enabld=1", "x"], flags={"max_hours": 0}
    )
    assert told == [
        "r.yaml:2: foo: unknown key",
        "--set sync.enabld: sync.enabld: unknown key; did you mean `sync.enabled`?",
        "--set: takes key.path=value, not `x`",
        "r.yaml:1: kind: must be tracegen or eval, not `evall`; did you mean `eval`?",
        "r.yaml:4: trials.retries: must be at least 0, not `-1`",
        "--max-hours: limits.max_hours: must be more than 0, not `0`",
    ]


def test_what_is_missing_is_told_unless_it_may_be_what_is_misspelt(problems: Problems) -> None:
    source = "r.yaml: tasks: no source of tasks: give path, hub or registry (--tasks-input-path, --dataset)"
    model = "r.yaml: model.id: engine vllm needs a model, such as `Qwen/Qwen3-8B` (--model)"
    assert problems("", whole=False) == [model, source]
    assert problems("trials: {retries: -1}", whole=False)[1:] == [model, source]
    assert problems("task: {hub: org/a}", whole=False) == ["r.yaml:1: task: unknown key; did you mean `tasks`?"]
    assert problems("tasks: {hubb: org/a}", whole=False)[1:] == [model]
    recording = "r.yaml: model.recording: engine replay needs the file of recorded answers"
    assert problems("model: {engine: replay}\ntasks: {hub: org/a}", whole=False) == [recording]


def test_a_missing_file_is_told_with_what_lies_beside_it(problems: Problems, tmp_path: object) -> None:
    [told] = problems("tasks: {path: whole.yml}")
    assert told == (
        f"r.yaml:1: tasks.path: no such file or folder: `{tmp_path}/whole.yml`; did you mean `{tmp_path}/whole.yaml`?"
    )


def test_the_other_command_is_named(problems: Problems) -> None:
    assert problems("kind: eval", kind="tracegen") == [
        "r.yaml:1: kind: the recipe is for `otcloud eval`, not `otcloud tracegen`"
    ]


def test_a_long_value_is_cut(problems: Problems) -> None:
    [told] = problems(f"model: {{engine: {'x' * 500}}}")
    assert told == f"r.yaml:1: model.engine: must be vllm, api or replay, not `{'x' * 60}...`"

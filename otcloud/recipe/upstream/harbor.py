"""A Harbor job file, of the old 0.1 shape (`orchestrator: ...`) or of 0.24 -> a layer of a recipe.

Harbor itself ignores what it does not know; here every such field is named once.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from otcloud.recipe.upstream.agent import agent_of, read_arguments
from otcloud.recipe.upstream.harbor_tasks import DATASET, read_datasets, read_tasks
from otcloud.recipe.upstream.reading import Reading, is_placeholder
from otcloud.recipe.upstream.rules import Rule, Rules, dropped, idle, inside, read, to
from otcloud.recipe.written import Written, write

_OWN = "otcloud's own"
_RETRIED = "otcloud retries what failed for an infrastructure reason, by its own table of failures"
_SECRETS = "secrets are named in `secrets` and given by --secrets-env"
_NO_FIELD = "a recipe has no field for it"
_CONTEXT = re.compile(r"ctx(\d{1,4})k", re.IGNORECASE)
_ROUNDED = {131: 131072, 262: 262144}
"""Thousands of tokens, where the others are of 1024."""


def _retry_factor(reading: Reading, written: Written, key: str) -> None:
    factor = reading.number(written, key)
    if factor is not None and factor < 1:
        reading.warn(written, key, "is below 1, so waits would shrink; 1 is taken")
        written = write(1, written.line)
    if factor is not None:
        reading.state("trials.retry_multiplier", written)


def _retry_wait(path: str) -> Rule:
    def read_wait(reading: Reading, written: Written, key: str) -> None:
        seconds = reading.number(written, key)
        if seconds is not None and seconds <= 0:
            reading.drop(written, key, f"a wait of nothing; {path} keeps its default")
        elif seconds is not None:
            reading.state(path, written)

    return read(read_wait, path)


def _adaptive(reading: Reading, written: Written, key: str) -> None:
    enabled = reading.mapping(written, key).get("enabled")
    wanted = enabled is not None and not enabled.empty and reading.switch(enabled, f"{key}.enabled")
    why = "Harbor 0.24 has it no more; trials.concurrency is what runs at once"
    reading.drop(written, key, why, quiet=not wanted)


def _verify(reading: Reading, written: Written, key: str) -> None:
    disabled = reading.switch(written, key)
    if disabled is not None:
        reading.state("trials.verify", write(not disabled, written.line))


def _orchestrator(reading: Reading, written: Written, key: str) -> None:
    quiet = reading.text(written, key) == "local"
    reading.drop(written, key, "otcloud runs Harbor on one machine", quiet=quiet)


def _metrics(reading: Reading, written: Written, key: str) -> None:
    reading.items(written, key)
    reading.drop(written, key, "scores are Harbor's mean rewards; other figures are computed from the results")


RETRY: Rules = {
    "max_retries": to("trials.retries"),
    "wait_multiplier": read(_retry_factor, "trials.retry_multiplier"),
    "min_wait_sec": _retry_wait("trials.retry_min_sec"),
    "max_wait_sec": _retry_wait("trials.retry_max_sec"),
    "include_exceptions": dropped(_RETRIED),
    "exclude_exceptions": dropped(_RETRIED),
}

ORCHESTRATOR: Rules = {
    "type": read(_orchestrator, "", "otcloud runs Harbor on one machine"),
    "n_concurrent_trials": to("trials.concurrency"),
    "quiet": idle(f"the view of a run is {_OWN}"),
    "plain_output": idle(f"the view of a run is {_OWN}"),
    "adaptive_concurrency": read(_adaptive, "", "Harbor 0.24 has it no more; trials.concurrency is what runs at once"),
    "retry": inside(RETRY),
    "kwargs": dropped("Harbor 0.24 has no orchestrators"),
}

ENVIRONMENT: Rules = {
    "type": to("sandbox.type"),
    "import_path": dropped("sandbox.type takes Harbor's own types, and `local`"),
    "force_build": to("sandbox.force_build"),
    "delete": to("sandbox.delete"),
    "override_cpus": to("sandbox.cpus"),
    "override_memory_mb": to("sandbox.memory_mb"),
    "override_storage_mb": to("sandbox.storage_mb"),
    "override_gpus": dropped(_NO_FIELD),
    "kwargs": to("sandbox.kwargs"),
    "env": dropped(_SECRETS),
    "mounts": dropped(_NO_FIELD),
    "extra_docker_compose": dropped(_NO_FIELD),
    "extra_allowed_hosts": dropped(_NO_FIELD),
    "suppress_override_warnings": idle("warnings are told once"),
}

VERIFIER: Rules = {
    "disable": read(_verify, "trials.verify"),
    "override_timeout_sec": dropped("the tasks' own time limits hold; trials.timeout_multiplier stretches all of them"),
    "max_timeout_sec": dropped("the tasks' own time limits hold"),
    "env": dropped(_SECRETS),
    "import_path": dropped(_NO_FIELD),
    "kwargs": dropped(_NO_FIELD),
}


def _model_name(reading: Reading, written: Written, key: str) -> None:
    """A provider's model; the served name of a server of ours is not the id of a model."""
    name = reading.text(written, key)
    if name.startswith("hosted_vllm/"):
        reading.drop(written, key, "it is the name under which a server offered a model; model.id (--model) says which")
    elif name and not is_placeholder(name):
        reading.state("model.id", written)


def _max_timeout(reading: Reading, written: Written, key: str) -> None:
    """Harbor takes the lesser of both: with a limit of its own stated, the lesser is that limit."""
    most, own = reading.number(written, key), reading.stated("agent.timeout_sec")
    if most is None:
        return
    if own is None:
        reading.drop(written, key, "the tasks' own time limits hold; agent.timeout_sec replaces them")
    elif isinstance(own.value, int | float) and most < own.value:
        reading.state("agent.timeout_sec", written)


AGENT: Rules = {
    "name": to("agent.name"),
    "import_path": to("agent.import_path"),
    "model_name": read(_model_name, "model.id", "a placeholder is replaced by --model"),
    "override_timeout_sec": to("agent.timeout_sec"),
    "max_timeout_sec": read(_max_timeout, "agent.timeout_sec", "with override_timeout_sec: the lesser of both"),
    "override_setup_timeout_sec": dropped(_NO_FIELD),
    "n_concurrent": dropped("trials.concurrency is what runs at once"),
    "env": dropped(_SECRETS),
    "skills": dropped(_NO_FIELD),
    "mcp_servers": dropped(_NO_FIELD),
}


def _agents(reading: Reading, written: Written, key: str) -> None:
    for index, item in enumerate(reading.items(written, key)):
        place = f"{key}[{index}]"
        if index:
            reading.drop(item, place, "a run has one agent, the first; --agent names another")
            continue
        content = reading.mapping(item, place)
        kwargs = content.get("kwargs")
        reading.walk({name: child for name, child in content.items() if name != "kwargs"}, AGENT, place)
        if kwargs is not None and not kwargs.empty:
            read_arguments(reading, kwargs, f"{place}.kwargs", agent_of(content, reading, place))


JOB: Rules = {
    "job_name": idle("--job-name names a run; each has a name of its own"),
    "jobs_dir": idle("runs are kept in --runs-dir"),
    "n_attempts": to("trials.attempts"),
    "timeout_multiplier": to("trials.timeout_multiplier"),
    "agent_timeout_multiplier": dropped("trials.timeout_multiplier stretches every limit"),
    "verifier_timeout_multiplier": dropped("trials.timeout_multiplier stretches every limit"),
    "agent_setup_timeout_multiplier": dropped("trials.timeout_multiplier stretches every limit"),
    "environment_build_timeout_multiplier": dropped("trials.timeout_multiplier stretches every limit"),
    "debug": idle("`otcloud logs` shows what Harbor says"),
    "orchestrator": inside(ORCHESTRATOR),
    "n_concurrent_trials": to("trials.concurrency"),
    "quiet": idle(f"the view of a run is {_OWN}"),
    "adaptive_concurrency": ORCHESTRATOR["adaptive_concurrency"],
    "retry": inside(RETRY),
    "environment": inside(ENVIRONMENT),
    "verifier": inside(VERIFIER),
    "metrics": read(_metrics, "", "scores are Harbor's mean rewards"),
    "agents": Rule(to="agent", why="the first agent", read=_agents, inside=AGENT),
    "datasets": Rule(to="tasks", why="the first dataset", read=read_datasets, inside=DATASET),
    "tasks": read(read_tasks, "tasks.path, tasks.include", "tasks of one folder"),
    "artifacts": dropped(_NO_FIELD),
    "install_only": dropped(_NO_FIELD),
    "user_agent": dropped(_NO_FIELD),
    "extra_instructions": dropped(_NO_FIELD),
    "extra_instruction_paths": dropped(_NO_FIELD),
    "source_jobs": dropped(_NO_FIELD),
}
"""Every field of both shapes."""

MARKS = ("agents", "orchestrator", "environment", "datasets", "verifier", "n_concurrent_trials", "job_name")
"""Top-level keys by which a Harbor file is recognised."""


def read_harbor(reading: Reading, content: Mapping[str, Written]) -> None:
    """Read a Harbor job file."""
    reading.walk(content, JOB)


def named_context(label: str) -> int | None:
    """The context in the name of a published file (`..._ctx131k.yaml`), in tokens: 131k is 131072, 32k is 32768."""
    found = _CONTEXT.search(Path(label).name)
    if found is None:
        return None
    return _ROUNDED.get(int(found[1]), int(found[1]) * 1024)

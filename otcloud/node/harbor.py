"""Harbor's jobs: compose the job file of one part, start it, follow its events, stop it.

A part is a Harbor job of its own with the trials that are still missing: nothing that finished is looked at again, and
a folder that a kill left torn is in nobody's way.
"""

import signal
from collections.abc import Mapping, Sequence
from typing import Any

from otcloud import process
from otcloud.node.slots import TaskEntry
from otcloud.plan.plan import Plan
from otcloud.programs import Harbor
from otcloud.runs.journal import write_json
from otcloud.runs.layout import GATE, HARBOR_EVENTS, RunDir, job_name
from otcloud.runs.log import last_lines

PLUGIN = "otcloud.harbor_ext.plugin:Plugin"
STOP_SIGNAL = signal.SIGINT
"""asyncio turns SIGINT into the cancellation of every trial, which each of them records. SIGTERM makes Harbor raise
KeyboardInterrupt inside whatever it does at that moment, and that trial then ends as if nothing had happened to it."""
_STOP_GRACE_SEC = 60.0


def next_job(run: RunDir, shard: int = 0) -> str:
    """The name of the next part: one that no earlier part of this shard has used."""
    part = 0
    while run.job_file(job_name(shard, part)).exists() or (run.jobs / job_name(shard, part)).exists():
        part += 1
    return job_name(shard, part)


def compose(plan: Plan, job: str, missing: Sequence[TaskEntry]) -> dict[str, Any]:
    """The job file of one part: the plan's job, its name, and one entry for each missing rollout."""
    tasks = [{"path": task.path, "source": plan.tasks.slug} for task in missing]
    return {"job_name": job, **plan.harbor.job, "tasks": tasks}


def start(run: RunDir, harbor: Harbor, document: Mapping[str, Any], env: Mapping[str, str], lock: int) -> process.Child:
    """Start `harbor run` on a part, in the run directory; it shares the node's lock."""
    job = str(document["job_name"])
    write_json(run.job_file(job), document)
    argv = [harbor.command, "run", "-c", str(run.job_file(job).relative_to(run.root)), "-y", "--job-name", job]
    plugin = ["--plugin", PLUGIN, "--pk", f"events={HARBOR_EVENTS}", "--pk", f"gate={GATE}"]
    log = run.log("harbor")
    return process.start(
        [*argv, *plugin], name="harbor", log=log, env=env, cwd=run.root, death_signal=STOP_SIGNAL, hold=(lock,)
    )


def environment(
    environ: Mapping[str, str],
    secrets: Mapping[str, str],
    harbor: Harbor,
    run: RunDir,
    variables: Mapping[str, str] | None,
) -> dict[str, str]:
    """Harbor's environment in a run: its own narrow one, a temporary folder of the run's, the model server's variables
    (address and key)."""
    temporary = run.scratch / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    env = harbor.environment(environ, secrets, run.agent if run.agent.is_dir() else None)
    return env | {"TMPDIR": str(temporary), **(variables or {})}


def stop(child: process.Child) -> int:
    """End a running Harbor: it deletes its sandboxes; what is left after a minute is killed."""
    return child.stop(sig=STOP_SIGNAL, grace_sec=_STOP_GRACE_SEC)


def last_words(run: RunDir) -> str:
    """The end of Harbor's log, for an error message."""
    return last_lines(run.log("harbor"))

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
_STOP_GRACE_SEC = 60.0
_PASSED_ON = ("PATH", "LD_LIBRARY_PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ")
_PASSED_ON_PREFIXES = (
    "SSL_CERT_",
    "XDG_",
    "DOCKER_",
    "CONTAINER_",
    "REQUESTS_CA_",
    "CURL_CA_",
    "DAYTONA_API_URL",
    "DAYTONA_TARGET",
)
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


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
    return process.start([*argv, *plugin], name="harbor", log=run.log("harbor"), env=env, cwd=run.root, hold=(lock,))


def environment(
    environ: Mapping[str, str],
    secrets: Mapping[str, str],
    harbor: Harbor,
    run: RunDir,
    endpoint: tuple[str, str] | None,
) -> dict[str, str]:
    """Harbor's environment: what programs need, the run's secrets, the endpoint (URL, key), and nothing else.

    `HARBOR_TELEMETRY=0`: Harbor reports usage by default. The price map would be fetched at every start.
    """
    env = {name: value for name, value in environ.items() if _is_passed_on(name)}
    temporary = run.scratch / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    env |= {
        "PYTHONPATH": str(harbor.code),
        "HARBOR_TELEMETRY": "0",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(temporary),
        "NO_PROXY": ",".join(filter(None, (environ.get("no_proxy") or environ.get("NO_PROXY"), "127.0.0.1,localhost"))),
        **secrets,
    }
    if endpoint is not None:
        env |= {"HOSTED_VLLM_API_BASE": endpoint[0], "HOSTED_VLLM_API_KEY": endpoint[1]}
    return env


def stop(child: process.Child) -> int:
    """End a running Harbor: SIGTERM lets it delete its sandboxes; what is left after a minute is killed."""
    return child.stop(sig=signal.SIGTERM, grace_sec=_STOP_GRACE_SEC)


def last_words(run: RunDir) -> str:
    """The end of Harbor's log, for an error message."""
    return last_lines(run.log("harbor"))


def _is_passed_on(name: str) -> bool:
    return name in _PASSED_ON or name in _PROXIES or name.startswith(_PASSED_ON_PREFIXES)

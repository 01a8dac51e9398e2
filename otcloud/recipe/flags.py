"""The one table of flags: each is a name for a key path of the recipe. The command line is made from it.

What is no value of a recipe (`--dry-run`, `--json`, `--set`...) is not here: it belongs to the command.
"""

from otcloud.recipe.flag import AGENT, EVAL, LIMITS, MACHINE, MODEL, RESULTS, TASKS, TRACEGEN, TRIALS, Flag
from otcloud.recipe.flag_values import agent_identity, always, comma_list, pairs, task_source, words

_ERROR_MODES = {"skip_on_error": "skip", "rollback_on_error": "rollback"}

FLAGS: tuple[Flag, ...] = (
    Flag(
        "--model",
        "model.id",
        MODEL,
        "Model id on the Hugging Face Hub (`Qwen/Qwen3-8B`), or the provider's name of an API model.",
        metavar="ID",
    ),
    Flag(
        "--engine",
        "model.engine",
        MODEL,
        "`vllm` boots a server on the machine, `api` calls a provider, `replay` serves recorded answers.",
        choices=("vllm", "api", "replay"),
    ),
    Flag("--recording", "model.recording", MODEL, "`replay` only: the file of recorded answers.", metavar="FILE"),
    Flag("--tensor-parallel-size", "serve.tensor_parallel", MODEL, "GPUs that share each layer.", takes=int),
    Flag(
        "--pipeline-parallel-size",
        "serve.pipeline_parallel",
        MODEL,
        "Groups of GPUs that hold successive layers.",
        takes=int,
    ),
    Flag("--data-parallel-size", "serve.data_parallel", MODEL, "Replicas of the model behind one endpoint.", takes=int),
    Flag(
        "--tasks-input-path",
        "tasks.path",
        TASKS,
        "A folder of tasks, a parquet file, or a dataset id on the Hugging Face Hub (`org/name`).",
        metavar="SOURCE",
        kinds=TRACEGEN,
        read=task_source,
    ),
    Flag("--dataset", "tasks.registry", TASKS, "A slug of Harbor's registry (`terminal-bench@2.0`).", metavar="SLUG"),
    Flag(
        "--dataset-path",
        "tasks.path",
        TASKS,
        "A folder of tasks, a parquet file, or a dataset id on the Hugging Face Hub (`org/name`).",
        metavar="SOURCE",
        kinds=EVAL,
        read=task_source,
    ),
    Flag("--include", "tasks.include", TASKS, "Globs over task names; empty takes all.", metavar="GLOB", repeat=True),
    Flag(
        "--exclude",
        "tasks.exclude",
        TASKS,
        "Globs over task names that are left out, after `include`.",
        metavar="GLOB",
        repeat=True,
    ),
    Flag("--limit", "tasks.limit", TASKS, "Take the first so many tasks, by name.", takes=int),
    Flag(
        "--agent",
        "agent.name",
        AGENT,
        "Any agent that Harbor knows, `bash`, or `package.module:Class` of your own.",
        metavar="NAME",
        read=agent_identity,
    ),
    Flag(
        "--agent-kwarg",
        "agent.kwargs",
        AGENT,
        "An argument of the agent; dots in the key nest, the value may be JSON. Repeat for more.",
        metavar="KEY=VALUE",
        repeat=True,
        read=pairs("agent.kwargs"),
    ),
    Flag("--max-turns", "agent.max_turns", AGENT, "Most answers that the model gives in one trial.", takes=int),
    Flag(
        "--sandbox",
        "sandbox.type",
        AGENT,
        "Harbor's environment type; `local` is otcloud's own; `auto` takes local, docker or podman, whichever works.",
        metavar="TYPE",
        aliases=("--harbor-env",),
    ),
    Flag(
        "--n-attempts",
        "trials.attempts",
        TRIALS,
        "Rollouts of each task; a loaded eval recipe that does not say gets 3.",
        takes=int,
    ),
    Flag(
        "--n-concurrent",
        "trials.concurrency",
        TRIALS,
        "Trials that run at once; a loaded tracegen recipe that does not say gets 64.",
        takes=int,
    ),
    Flag(
        "--retries",
        "trials.retries",
        TRIALS,
        "Times a trial that failed for an infrastructure reason is tried again.",
        takes=int,
    ),
    Flag(
        "--cloud-provider",
        "compute.providers",
        MACHINE,
        "Providers, with commas between them, in the order in which they are tried; `local` is this machine.",
        metavar="LIST",
        read=comma_list("compute.providers"),
    ),
    Flag(
        "--accelerator",
        "compute.accelerators",
        MACHINE,
        "Accelerators, with commas between them, in the order in which they are tried: `H200:1,H100:2`.",
        metavar="LIST",
        read=comma_list("compute.accelerators"),
    ),
    Flag(
        "--region",
        "compute.regions",
        MACHINE,
        "Regions, with commas between them, in the order in which they are tried.",
        metavar="LIST",
        read=comma_list("compute.regions"),
    ),
    Flag("--zone", "compute.zone", MACHINE, "One zone."),
    Flag("--use-spot", "compute.spot", MACHINE, "Use machines that the provider may take back.", takes=bool),
    Flag("--docker-image", "compute.image", MACHINE, "Container image for the node.", metavar="IMAGE"),
    Flag(
        "--cluster-name",
        "compute.cluster",
        MACHINE,
        "A warm cluster, or the run that has one, to run on.",
        metavar="NAME",
    ),
    Flag(
        "--retry-until-up",
        "compute.retry_until_up",
        MACHINE,
        "Keep asking for a machine until the run's own deadline.",
        takes=bool,
    ),
    Flag(
        "--max-hours",
        "limits.max_hours",
        LIMITS,
        "Hard lifetime of the run, in hours. There is no run without one.",
        takes=float,
    ),
    Flag("--max-cost", "limits.max_cost", LIMITS, "Most that the run may cost, in dollars.", takes=float),
    Flag(
        "--autostop",
        "limits.autostop_min",
        LIMITS,
        "Minutes without work after which the machine goes down; 0 leaves it up to the lifetime.",
        takes=int,
        metavar="MINUTES",
    ),
    Flag(
        "--down",
        "limits.end",
        LIMITS,
        "Take the machine down at the end, whatever the recipe says.",
        takes=bool,
        read=always("limits.end", "down"),
    ),
    Flag("--name", "name", RESULTS, "Start of the run's id; the recipe's file name when absent."),
    Flag(
        "--no-sync",
        "sync.enabled",
        RESULTS,
        "Leave finished trials on the machine until the run ends.",
        takes=bool,
        read=always("sync.enabled", False),
    ),
    Flag(
        "--log-sync-interval",
        "sync.interval_sec",
        RESULTS,
        "Seconds between two rounds.",
        takes=float,
        metavar="SECONDS",
    ),
    Flag(
        "--upload-hf-repo", "publish.hub_repo", RESULTS, "Dataset repository on the Hub for the traces.", metavar="REPO"
    ),
    Flag("--upload-hf-private", "publish.private", RESULTS, "Create repositories as private.", takes=bool),
    Flag(
        "--upload-hf-episodes",
        "publish.episodes",
        RESULTS,
        "One row for each trial, or one for each turn.",
        choices=("last", "all"),
    ),
    Flag(
        "--eval-benchmark-repo",
        "publish.benchmark_repo",
        RESULTS,
        "Dataset repository on the Hub that names the benchmark.",
        metavar="REPO",
        kinds=EVAL,
    ),
    Flag("--upload-to-database", "publish.database", RESULTS, "Record the result in the database.", takes=bool),
    Flag("--upload-username", "publish.username", RESULTS, "Name under which the database records it."),
    Flag(
        "--upload-error-mode",
        "publish.on_error",
        RESULTS,
        "When one destination fails: `skip` keeps what worked, `rollback` undoes all.",
        metavar="MODE",
        read=words("publish.on_error", _ERROR_MODES),
    ),
)
"""In the order in which help shows them."""


def flags_of(kind: str | None) -> list[Flag]:
    """The flags of a command, `tracegen` or `eval`; all of them for None."""
    return [flag for flag in FLAGS if kind is None or kind in flag.kinds]

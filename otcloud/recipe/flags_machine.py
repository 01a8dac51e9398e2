"""The flags of where it runs and what becomes of it: the machine, the limits, the results."""

from otcloud.recipe.flag import EVAL, LIMITS, MACHINE, RESULTS, Flag
from otcloud.recipe.flag_values import always, comma_list, words

_ERROR_MODES = {"skip_on_error": "skip", "rollback_on_error": "rollback"}

FLAGS: tuple[Flag, ...] = (
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
    Flag("--zone", "compute.zone", MACHINE, "One zone, or Slurm partition; left out where a provider has none."),
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

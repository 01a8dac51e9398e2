"""What all candidates of a run on other machines share: the cluster's name, its disk, its ends. Plain data and rules.

Names are SkyPilot's affair on the display side and each provider's on theirs; what comes from here fits all of them.
"""

import hashlib
import math
import re

from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.noun import Noun

MAX_LABEL = 63
"""Characters of a label's value on GCP and Kubernetes, the strictest (`is_label_valid` of SkyPilot's clouds)."""

GRACE_SEC = 600
"""Seconds beyond its lifetime in which a node ends its children and publishes; then the machine ends it."""

_PREFIX = "otc-"
_SYSTEM_GB = 120
"""System, drivers, CUDA, vLLM with its compiled kernels, and the run itself."""


class Machine(Noun):
    """What every candidate has in common."""

    cluster: str
    """Name of the cluster that is made."""

    managed: bool
    """A SkyPilot managed job: it needs no live client, and a machine that was taken back is replaced."""

    retry_until_up: bool
    """Keep asking for a machine until the run's own deadline."""

    image: str | None
    """Container image of the node."""

    disk_gb: int | None
    """Disk that the recipe asks for, in GB; None: the template's, or more where the weights need it."""

    weights_disk_gb: int | None
    """Disk that the model's weights need with all the rest, in GB; None when their size is not known."""

    max_hourly_usd: float | None
    """Dearest machine that is acceptable, in dollars per hour. SkyPilot does not look at it where an entry names
    its instance type: candidates that are dearer have been dropped."""

    port: int | None
    """Port to open to the world; None: none."""

    run_sec: int
    """Seconds after which the machine ends the job, set-up and holding of results included."""

    idle_min: int
    """Minutes without a job after which the machine ends itself."""


def machine(recipe: Recipe, run_id: str, weights_gb: float | None) -> Machine:
    """What the recipe asks of every machine. `weights_gb`: size of the model's files, None when it is not known."""
    compute = recipe.compute
    run_sec, idle_min = ends(recipe)
    return Machine(
        cluster=cluster_name(run_id),
        managed=is_managed(recipe),
        retry_until_up=compute.retry_until_up,
        image=compute.image,
        disk_gb=compute.disk_gb,
        weights_disk_gb=None if weights_gb is None else _SYSTEM_GB + math.ceil(1.1 * weights_gb / 10) * 10,
        max_hourly_usd=compute.max_hourly_cost,
        port=recipe.serve.expose,
        run_sec=run_sec,
        idle_min=idle_min,
    )


def is_managed(recipe: Recipe) -> bool:
    """Whether the run is a managed job. When the recipe does not say: on spot machines whose results go to a store,
    for recovery loses the disk."""
    compute = recipe.compute
    if compute.managed is None:
        return compute.spot and recipe.sync.store is not None
    return compute.managed


def cluster_name(run_id: str) -> str:
    """`otc-<run id>` as every provider can have it; two run ids do not share one.

    SkyPilot takes `[a-zA-Z]([-_.a-zA-Z0-9]*[a-zA-Z0-9])?`, and on the cloud folds capitals, `.` and `_`, so that two
    clusters could meet there.
    """
    return f"{_PREFIX}{label(run_id, MAX_LABEL - len(_PREFIX))}"


def label(text: str, limit: int = MAX_LABEL) -> str:
    """A text as the value of a label on every provider: lower-case letters, digits and `-`, at most `limit` of them.

    What does not fit as it stands ends in eight digits of its hash.
    """
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if plain == text and len(text) <= limit:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{plain[: limit - 9]}-{digest}".lstrip("-")


def ends(recipe: Recipe) -> tuple[int, int]:
    """Seconds for the job and idle minutes after it; together the lifetime and the holding, where that is long enough.

    A finished machine holds its results inside the job. One that is to be kept holds them by staying: it idles for that
    long, and may be used again.
    """
    limits = recipe.limits
    stays = limits.end == "keep" or limits.autostop_min == 0
    work, hold = math.ceil(limits.max_hours * 3600), math.ceil(limits.hold_hours * 3600)
    if stays:
        return work + GRACE_SEC, max((hold - GRACE_SEC) // 60, limits.autostop_min, 1)
    held = hold - limits.autostop_min * 60 if recipe.sync.store is None else 0
    return work + max(held, GRACE_SEC), limits.autostop_min

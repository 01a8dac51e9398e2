"""The SkyPilot task of a plan: a template, and the plan's own fields laid over it. Nothing is put into texts.

Fields are those of SkyPilot 0.14.1. All entries of `resources.ordered` share autostop, priority and job_recovery, a
rule of SkyPilot; what differs from candidate to candidate stands in its entry.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from otcloud.errors import InputInvalid, OtcloudError
from otcloud.plan.candidate import Candidate
from otcloud.plan.facts import Facts
from otcloud.plan.machine import Machine, is_managed, label, machine
from otcloud.plan.plan import Plan
from otcloud.recipe.schema import Recipe

LABEL = "otcloud-run"
"""Label that every machine of a run carries."""

_KINDS: Mapping[str, str] = {"kubernetes": "kubernetes", "ssh": "kubernetes", "slurm": "slurm"}
"""Provider -> its template; all others are clouds. SkyPilot's SSH node pools are Kubernetes underneath."""

_INFRA: Mapping[str, str] = {"kubernetes": "k8s"}

_SHARED = ("autostop", "labels", "job_recovery", "priority", "priority_class", "max_hourly_cost", "ports")
"""Fields of resources that hold for all entries."""

_FILLED = ("infra", "accelerators", "instance_type", "use_spot", "cpus", "memory", "disk_size", "any_of", "ordered")
"""Fields of a template's resources that are examples, or that the plan reckons with: they go no further as they are."""

type Task = dict[str, Any]


def with_task(plan: Plan, recipe: Recipe, facts: Facts) -> Plan:
    """The plan with what its launcher executes; a plan for this machine as it is.

    Error: InputInvalid for a managed job whose machine is to stay.
    """
    if plan.launcher != "sky" or all(each.provider == "local" for each in plan.candidates):
        return plan
    end = recipe.limits.end
    if is_managed(recipe) and end != "down":
        raise InputInvalid(
            f"limits.end: {end} cannot be had from a managed job",
            why="SkyPilot takes its machine down when the job ends",
            do="set limits.end to down, or compute.managed to false",
        )
    asked = machine(recipe, plan.run_id, (facts.shape or recipe.model.shape).weights_gb)
    return plan.model_copy(update={"machine": asked, "sky": sky_tasks(plan, asked, facts.templates)})


def sky_tasks(plan: Plan, rented: Machine, templates: Mapping[str, Mapping[str, Any]]) -> tuple[Task, ...]:
    """The tasks that are launched, one as of now: `sky.Task.from_yaml_config` takes a deep copy of each.

    The workdir is `.`: the launcher names the bundle's folder. Secrets are names; `secrets_overrides` brings values.
    Error: OtcloudError for a template that is not there.
    """
    places = [each for each in plan.candidates if each.provider != "local"]
    nodes = max(each.nodes for each in places)
    clouds = "managed" if rented.managed else "nodes" if nodes > 1 else "vm"
    kinds = [_KINDS.get(each.provider, clouds) for each in places]
    used = {kind: _template(kind, templates) for kind in dict.fromkeys(kinds)}
    base = _template(kinds[0] if clouds == "vm" and len(used) == 1 else clouds, templates)
    task: Task = {
        **base,
        "name": rented.cluster,
        "num_nodes": nodes,
        "resources": {
            **_shared(plan, rented, base["resources"]),
            "ordered": [_entry(each, used[kind], rented) for each, kind in zip(places, kinds, strict=True)],
        },
        "envs": {
            **base.get("envs", {}),
            "OTCLOUD_RUN": plan.run_id,
            "OTCLOUD_LIFETIME_SEC": str(rented.run_sec),
        },
        "secrets": dict.fromkeys(plan.secrets.required),
        "config": _config(rented, used.values()),
    }
    return ({name: value for name, value in task.items() if value not in ({}, None)},)


def _template(name: str, templates: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    if name not in templates:
        raise OtcloudError(f"task template {name} is not part of this installation", do="install otcloud again")
    return templates[name]


def _shared(plan: Plan, rented: Machine, template: Mapping[str, Any]) -> dict[str, Any]:
    """What SkyPilot wants alike in all entries, and what simply is. `down: false` leaves a stopped machine."""
    found = {name: template[name] for name in _SHARED if name in template}
    autostop = {"idle_minutes": rented.idle_min, "down": plan.lifetime.end != "stop"}
    found["autostop"] = {**found.get("autostop", {}), **autostop}
    found["labels"] = {**found.get("labels", {}), LABEL: label(plan.run_id)}
    if rented.max_hourly_usd is not None:
        found["max_hourly_cost"] = rented.max_hourly_usd
    if rented.port is not None:
        found["ports"] = [rented.port]
    return found


def _entry(candidate: Candidate, template: Mapping[str, Any], rented: Machine) -> dict[str, Any]:
    """One entry of `ordered`. The instance type is named, for SkyPilot tries the cheapest one of an entry alone."""
    own = {name: value for name, value in template["resources"].items() if name not in (*_SHARED, *_FILLED)}
    sizes = _sizes(candidate, template["resources"])
    filled = {
        "infra": _infra(candidate),
        "accelerators": candidate.accelerator,
        "instance_type": candidate.instance_type,
        "use_spot": candidate.spot or None,
        "image_id": None if rented.image is None else f"docker:{rented.image.removeprefix('docker:')}",
        "cpus": sizes[0],
        "memory": sizes[1],
        "disk_size": _disk(rented, template["resources"]),
    }
    return own | {name: value for name, value in filled.items() if value is not None}


def _infra(candidate: Candidate) -> str:
    """`gcp/us-central1/us-central1-a`, `gcp/*/us-central1-a`, `k8s/<context>`, `slurm/<cluster>/<partition>`."""
    region = candidate.region or ("*" if candidate.zone else None)
    parts = (_INFRA.get(candidate.provider, candidate.provider), region, candidate.zone)
    return "/".join(part for part in parts if part)


def _sizes(candidate: Candidate, template: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """CPUs and memory in GiB: the candidate's own, else the template's for one GPU times the GPUs. A type of machine
    has them fixed."""
    if candidate.instance_type is not None:
        return None, None
    gpus = int((candidate.accelerator or "").partition(":")[2] or 1)
    asked = (candidate.min_cpus, candidate.min_memory_gb)
    stated = (template.get(name) for name in ("cpus", "memory"))
    cpus, memory = (
        f"{own}+" if own is not None else _times(each, gpus) for own, each in zip(asked, stated, strict=True)
    )
    return cpus, memory


def _times(stated: object, gpus: int) -> str | None:
    return None if stated is None else f"{int(str(stated).rstrip('+')) * gpus}+"


def _disk(rented: Machine, template: Mapping[str, Any]) -> int | None:
    """GB: asked for, else the template's, or what the weights need. Where a template has none, none is asked for."""
    if rented.disk_gb is not None or "disk_size" not in template:
        return rented.disk_gb
    return max(int(template["disk_size"]), rented.weights_disk_gb or 0)


def _config(rented: Machine, templates: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """SkyPilot's settings for this task; each kind of place has a section of its own."""
    found: dict[str, Any] = {}
    for template in templates:
        found.update(cast("dict[str, Any]", template.get("config", {})))
    if "slurm" in found:
        options = {
            **found["slurm"].get("sbatch_options", {}),
            "time": _slurm_time(rented.run_sec + rented.idle_min * 60),
        }
        found["slurm"] = {**found["slurm"], "sbatch_options": options}
    return found


def _slurm_time(seconds: int) -> str:
    """Slurm's days-hours:minutes:seconds, up to the next minute."""
    minutes = -(-seconds // 60)
    return f"{minutes // 1440}-{minutes // 60 % 24:02}:{minutes % 60:02}:00"

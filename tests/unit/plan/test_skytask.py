"""The compiled SkyPilot task: what differs between candidates stands in their entries, all else is shared."""

from typing import Any

import pytest

from otcloud.errors import OtcloudError
from otcloud.launch.task_templates import task_templates
from otcloud.plan.candidate import Candidate
from otcloud.plan.compile import compile_plan
from otcloud.plan.machine import Machine, machine
from otcloud.plan.plan import Plan
from otcloud.plan.skytask import sky_tasks
from tests.unit.plan.made import CLOUD, facts, recipe


def plan_for(*candidates: dict[str, Any], **sections: Any) -> tuple[Plan, Machine]:
    """A plan with these candidates, whatever was compiled."""
    asked = recipe(**{**CLOUD, **sections})
    plan = compile_plan(asked, facts(), "x")
    serve = plan.candidates[0].serve
    found = tuple(Candidate.model_validate({"serve": serve, **each}) for each in candidates)
    return plan.model_copy(update={"candidates": found}), machine(asked, plan.run_id, asked.model.shape.weights_gb)


def task(*candidates: dict[str, Any], **sections: Any) -> dict[str, Any]:
    """The task of such a plan."""
    return sky_tasks(*plan_for(*candidates, **sections), task_templates())[0]


def entries(*candidates: dict[str, Any], **sections: Any) -> list[dict[str, Any]]:
    """Its candidates as SkyPilot gets them."""
    return task(*candidates, **sections)["resources"]["ordered"]


def test_an_entry_says_all_of_its_candidate() -> None:
    """Each kind of place by its own rules: a pod's size is stated, a cloud's machine has a disk."""
    assert entries(
        {"provider": "gcp", "accelerator": "H100:1", "zone": "us-central1-a"},
        {"provider": "lambda", "accelerator": "H100:1", "region": "us-east-1", "instance_type": "gpu_1x_h100_sxm5"},
        {"provider": "aws", "accelerator": "H100:8", "spot": True},
        {"provider": "kubernetes", "accelerator": "H100:4", "region": "mine"},
        {"provider": "slurm", "region": "hpc", "zone": "long", "min_cpus": 4, "min_memory_gb": 16},
        {"provider": "local"},
    ) == [
        {"infra": "gcp/*/us-central1-a", "accelerators": "H100:1", "disk_size": 256},
        {
            "infra": "lambda/us-east-1",
            "accelerators": "H100:1",
            "instance_type": "gpu_1x_h100_sxm5",
            "disk_size": 256,
        },
        {"infra": "aws", "accelerators": "H100:8", "use_spot": True, "disk_size": 256},
        {"infra": "k8s/mine", "accelerators": "H100:4", "cpus": "32+", "memory": "256+"},
        {"infra": "slurm/hpc/long", "cpus": "4+", "memory": "16+"},
    ]


def test_the_disk_is_the_largest_that_is_needed() -> None:
    """The template's, more for large weights, and always what was asked for."""
    gcp = {"provider": "gcp", "accelerator": "H200:8"}
    pod = {"provider": "kubernetes", "accelerator": "H200:8"}
    large = {**CLOUD["model"], "shape": {"weights_gb": 594.0}}
    asked = {**CLOUD["compute"], "disk_gb": 100}
    assert [each.get("disk_size") for each in entries(gcp, pod)] == [256, None]
    assert [each.get("disk_size") for each in entries(gcp, pod, model=large)] == [780, None]
    assert [each.get("disk_size") for each in entries(gcp, pod, model=large, compute=asked)] == [100, 100]


@pytest.mark.parametrize(
    ("providers", "compute", "template"),
    [
        (["gcp"], {}, "vm"),
        (["kubernetes", "gcp"], {}, "vm"),
        (["kubernetes", "ssh"], {}, "kubernetes"),
        (["slurm"], {}, "slurm"),
        (["slurm"], {"managed": True}, "managed"),
    ],
)
def test_the_template_is_that_of_its_kind(providers: list[str], compute: dict[str, Any], template: str) -> None:
    """Seen by a mark that each carries; where kinds are mixed, the clouds' holds."""
    marked = {name: {**body, "run": f"echo {name}"} for name, body in task_templates().items()}
    found = plan_for(*({"provider": each} for each in providers), compute={**CLOUD["compute"], **compute})
    assert sky_tasks(*found, marked)[0]["run"] == f"echo {template}"


def test_the_plans_fields_replace_the_templates_and_the_rest_stays() -> None:
    """A field, an env, a label or an option of the template's own survives; its example secrets do not."""
    templates = task_templates()
    slurm = templates["slurm"]
    slurm["envs"]["NCCL_DEBUG"] = "WARN"
    slurm["resources"]["labels"]["team"] = "agents"
    slurm["config"]["slurm"]["sbatch_options"]["qos"] = "high"
    slurm["resources"] |= {"priority": 5, "network_tier": "best", "image_id": "docker:made"}
    slurm["file_mounts"] = {"/data": "made"}
    made = sky_tasks(*plan_for({"provider": "slurm"}, publish={}, secrets=[]), templates)[0]
    assert made["envs"] == {
        "OTCLOUD_RUN": "made-20261120-120000-abcd",
        "OTCLOUD_LIFETIME_SEC": str(int(35.5 * 3600)),
        "NCCL_DEBUG": "WARN",
    }
    assert made["resources"]["labels"] == {"otcloud-run": "made-20261120-120000-abcd", "team": "agents"}
    assert made["config"] == {"slurm": {"sbatch_options": {"time": "1-12:00:00", "qos": "high"}}}
    assert made["secrets"] == {"DAYTONA_API_KEY": None}
    assert (made["file_mounts"], made["resources"]["priority"]) == ({"/data": "made"}, 5)
    [entry] = made["resources"]["ordered"]
    assert (entry["network_tier"], entry["image_id"]) == ("best", "docker:made")


def test_a_port_is_opened_when_asked_for_alone() -> None:
    """`serve.expose`."""
    assert "ports" not in task({"provider": "gcp"})["resources"]
    assert task({"provider": "gcp"}, serve={"expose": 8000})["resources"]["ports"] == [8000]


def test_a_plan_for_this_machine_has_no_task() -> None:
    """Nor one whose other places were all dropped; a plan for another machine shows the one that is launched."""
    left = {**CLOUD["compute"], "providers": ["local", "yotta"]}
    assert compile_plan(recipe(**{**CLOUD, "compute": left}), facts(), "x").sky is None
    assert compile_plan(recipe(), facts(), "x").sky is None
    compiled = compile_plan(recipe(**CLOUD), facts(), "x")
    assert compiled.machine is not None
    assert compiled.sky == sky_tasks(compiled, compiled.machine, task_templates())


def test_a_missing_template_is_told() -> None:
    """An installation that lost its files."""
    with pytest.raises(OtcloudError, match="task template vm"):
        compile_plan(recipe(**CLOUD), facts(templates={}), "x")

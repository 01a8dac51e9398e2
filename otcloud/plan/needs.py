"""What a recipe needs beyond itself: secrets by name, and parts that this version does not have."""

from otcloud.plan.api import api_secrets
from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.agent import MODELLESS_AGENTS
from otcloud.recipe.schema.results import Publish

_SANDBOX_SECRETS = {
    "daytona": ("DAYTONA_API_KEY",),
    "modal": ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET"),
    "e2b": ("E2B_API_KEY",),
    "runloop": ("RUNLOOP_API_KEY",),
}


def required_secrets(recipe: Recipe, sandbox: str) -> tuple[str, ...]:
    """Names of the secrets without which the run cannot start, sorted."""
    names = {*recipe.secrets, *_SANDBOX_SECRETS.get(sandbox, ())}
    names.update(api_secrets(recipe))
    if recipe.publish.hub_repo is not None:
        names.add("HF_TOKEN")
    return tuple(sorted(names))


def not_built(recipe: Recipe) -> tuple[str, ...]:
    """Parts of a recipe that this version can plan and not execute, each by its key."""
    compute, publish, tasks = recipe.compute, recipe.publish, recipe.tasks
    plain, modelless = Publish(), recipe.agent.name in MODELLESS_AGENTS
    checks = {
        f"model.engine: {recipe.model.engine}": recipe.model.engine == "vllm" and not modelless,
        "serve.expose": recipe.serve.expose is not None,
        "serve.public_url": recipe.serve.public_url is not None,
        f"compute.providers: {', '.join(compute.providers)}": compute.providers != ["local"],
        "compute.nodes": compute.nodes > 1,
        "compute.cluster": compute.cluster is not None,
        "compute.detach": compute.detach,
        "tasks.hub": tasks.hub is not None,
        "tasks.registry": tasks.registry is not None,
        "tasks.path (a parquet file)": tasks.path is not None and tasks.path.suffix == ".parquet",
        "tasks.rollouts": tasks.rollouts is not None,
        "sync.store": recipe.sync.store is not None,
        "publish.hub_repo": publish.hub_repo is not None,
        "publish.benchmark_repo": publish.benchmark_repo is not None,
        "publish.database": publish.database,
        "publish.on_error": publish.on_error != plain.on_error,
        "limits.max_cost": recipe.limits.max_cost is not None and compute.providers != ["local"],
    }
    return tuple(name for name, used in checks.items() if used)

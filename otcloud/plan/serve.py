"""The serve spec of a candidate, and the names under which models are served."""

import re

from otcloud.plan.plan import ServeSpec
from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.agent import MODELLESS_AGENTS
from otcloud.runs.layout import RECORDING


def compile_serve(recipe: Recipe, model_id: str | None) -> ServeSpec:
    """How the model of a recipe is served; `none` when the agent asks no model."""
    modelless = recipe.agent.name in MODELLESS_AGENTS
    return ServeSpec(
        engine="none" if modelless else recipe.model.engine,
        model=model_id,
        served_name=None if modelless or model_id is None else recipe.model.served_name or served_name(model_id),
        recording=str(RECORDING) if recipe.model.engine == "replay" and not modelless else None,
        ready_timeout_sec=recipe.serve.ready_timeout_min * 60,
        max_restarts=recipe.serve.max_restarts,
    )


def served_name(model_id: str) -> str:
    """A model id as a name that Harbor accepts after `hosted_vllm/`: no slash, at most 64 of `A-Za-z0-9._-`."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", model_id.rstrip("/").rsplit("/", 1)[-1]).strip("-")[:64] or "model"

"""The serve spec of a candidate, and the names under which models are served."""

import re

from otcloud.plan.api import api_model_name, compile_api, is_api
from otcloud.plan.plan import ServeSpec
from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.agent import MODELLESS_AGENTS
from otcloud.runs.layout import RECORDING

_READY_MIN = {False: 60.0, True: 5.0}
"""Minutes for a server that has to be booted, and for an endpoint that is there or is not."""


def compile_serve(recipe: Recipe, model_id: str | None) -> ServeSpec:
    """How the model of a recipe is served; `none` when the agent asks no model."""
    modelless = recipe.agent.name in MODELLESS_AGENTS
    return ServeSpec(
        engine="none" if modelless else recipe.model.engine,
        model=model_id,
        served_name=None if modelless or model_id is None else _asked_name(recipe, model_id),
        recording=str(RECORDING) if recipe.model.engine == "replay" and not modelless else None,
        api=compile_api(recipe),
        ready_timeout_sec=(recipe.serve.ready_timeout_min or _READY_MIN[is_api(recipe)]) * 60,
        max_restarts=recipe.serve.max_restarts,
    )


def served_name(model_id: str) -> str:
    """A model id as a name that Harbor accepts after `hosted_vllm/`: no slash, at most 64 of `A-Za-z0-9._-`."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", model_id.rstrip("/").rsplit("/", 1)[-1]).strip("-")[:64] or "model"


def model_name(recipe: Recipe, served: str) -> str:
    """What agents call the model: the road that litellm takes, a slash, and the name that the endpoint knows."""
    return api_model_name(recipe.model, served) if recipe.model.engine == "api" else f"hosted_vllm/{served}"


def _asked_name(recipe: Recipe, model_id: str) -> str:
    """The name that requests carry: an endpoint of others knows the model by its whole id."""
    return recipe.model.served_name or (model_id if recipe.model.engine == "api" else served_name(model_id))

"""The serve spec of a candidate, and the names under which models are served."""

import re

from otcloud.plan.api import api_model_name, compile_api, is_api
from otcloud.plan.fit import Sizes
from otcloud.plan.plan import ServeSpec
from otcloud.plan.vllm_argv import environment, vllm_argv, vllm_options, vllm_version
from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.agent import MODELLESS_AGENTS
from otcloud.runs.layout import RECORDING

_READY_MIN = {False: 60.0, True: 5.0}
"""Minutes for a server that has to be booted, and for an endpoint that is there or is not."""


def compile_serve(recipe: Recipe, model_id: str | None, sizes: Sizes | None = None) -> ServeSpec:
    """How the model of a recipe is served; `none` when the agent asks no model.

    `sizes`: what fits the candidate's machine; None leaves the sizes as the recipe states them.
    """
    modelless = recipe.agent.name in MODELLESS_AGENTS
    served = None if modelless or model_id is None else _asked_name(recipe, model_id)
    spec = ServeSpec(
        engine="none" if modelless else recipe.model.engine,
        model=model_id,
        served_name=served,
        recording=str(RECORDING) if recipe.model.engine == "replay" and not modelless else None,
        api=compile_api(recipe),
        ready_timeout_sec=(recipe.serve.ready_timeout_min or _READY_MIN[is_api(recipe)]) * 60,
        max_restarts=recipe.serve.max_restarts,
    )
    return _with_vllm(spec, recipe, sizes) if spec.engine == "vllm" else spec


def _with_vllm(spec: ServeSpec, recipe: Recipe, sizes: Sizes | None) -> ServeSpec:
    version, options = vllm_version(recipe), vllm_options(recipe, sizes)
    named = {"served_model_name": [spec.served_name]} if spec.served_name else {}
    more: dict[str, object] = {
        "version": version,
        "device": recipe.serve.device,
        "options": options,
        "argv": (*filter(None, (spec.model,)), *vllm_argv({**named, **options}, version)),
        "env": environment(recipe.serve),
    }
    return spec.model_copy(update=more)


def served_name(model_id: str) -> str:
    """A model id as a name that Harbor accepts after `hosted_vllm/`: no slash, at most 64 of `A-Za-z0-9._-`."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", model_id.rstrip("/").rsplit("/", 1)[-1]).strip("-")[:64] or "model"


def model_name(recipe: Recipe, served: str) -> str:
    """What agents call the model: the road that litellm takes, a slash, and the name that the endpoint knows."""
    return api_model_name(recipe.model, served) if recipe.model.engine == "api" else f"hosted_vllm/{served}"


def _asked_name(recipe: Recipe, model_id: str) -> str:
    """The name that requests carry: an endpoint of others knows the model by its whole id."""
    return recipe.model.served_name or (model_id if recipe.model.engine == "api" else served_name(model_id))

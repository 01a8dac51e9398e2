"""What a plan holds of a model that somebody else serves: its address, its key by name, its price. Pure."""

from otcloud.plan.plan import ApiSpec
from otcloud.recipe.api_providers import PROVIDER_SECRETS, provider_of
from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.agent import MODELLESS_AGENTS
from otcloud.recipe.schema.model import Model

OPENAI_KEY = "OPENAI_API_KEY"
OPENAI_URLS = ("OPENAI_API_BASE", "OPENAI_BASE_URL")
"""The second is litellm's and OpenAI's first choice; the first is what older agents read."""


def is_api(recipe: Recipe) -> bool:
    """Whether the agent of a recipe asks a model that nobody boots."""
    return recipe.model.engine == "api" and recipe.agent.name not in MODELLESS_AGENTS


def compile_api(recipe: Recipe) -> ApiSpec | None:
    """The endpoint of a recipe; None where the engine is another."""
    if not is_api(recipe):
        return None
    model = recipe.model
    prices = {"input_usd_per_mtok": model.input_usd_per_mtok, "output_usd_per_mtok": model.output_usd_per_mtok}
    if model.base_url is not None:
        return ApiSpec(base_url=model.base_url.rstrip("/"), key=model.api_key, key_variable=OPENAI_KEY, **prices)
    variable = _variables(model)[0]
    return ApiSpec(base_url=None, key=model.api_key or variable, key_variable=variable, **prices)


def api_secrets(recipe: Recipe) -> tuple[str, ...]:
    """Names of the secrets without which the model cannot be asked. An endpoint with a URL may need none."""
    if not is_api(recipe):
        return ()
    model = recipe.model
    stated = () if model.api_key is None else (model.api_key,)
    if model.base_url is not None:
        return stated
    variables = _variables(model)
    return (*(stated or variables[:1]), *variables[1:])


def api_model_name(model: Model, asked: str) -> str:
    """What litellm is told: `openai/` is its road to any endpoint with a URL, else the provider as a prefix."""
    if model.base_url is not None:
        return f"openai/{asked}"
    provider = provider_of(asked)
    return asked if provider is None or asked.startswith(f"{provider}/") else f"{provider}/{asked}"


def token_prices(model: Model) -> dict[str, float]:
    """The prices that a recipe states, by litellm's names: dollars for one token."""
    if model.input_usd_per_mtok is None or model.output_usd_per_mtok is None:
        return {}
    stated = {
        "input_cost_per_token": model.input_usd_per_mtok,
        "output_cost_per_token": model.output_usd_per_mtok,
    }
    return {name: value / 1e6 for name, value in stated.items()}


def host_of(spec: ApiSpec, model: str | None) -> str:
    """Where the model is asked, as a person says it."""
    if spec.base_url is None:
        return provider_of(model or "") or "its provider"
    return spec.base_url.partition("://")[2].partition("/")[0]


def _variables(model: Model) -> tuple[str, ...]:
    """The variables that litellm reads; those of OpenAI for a provider that the recipe's check would have refused."""
    return PROVIDER_SECRETS[provider_of(model.id or "") or "openai"]

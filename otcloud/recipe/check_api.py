"""What only several fields can tell about `engine: api`: an address, a provider, a price that cannot be known. Pure."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from otcloud.recipe.api_providers import PROVIDER_SECRETS, provider_of
from otcloud.recipe.problems import Problem, shown
from otcloud.recipe.schema import Recipe
from otcloud.recipe.suggest import nearest

_PRICES = ("input_usd_per_mtok", "output_usd_per_mtok")
_PRICED_HOST = "api.openai.com"
"""litellm knows OpenAI's own prices by the model's name; the same name elsewhere may cost anything."""


def check_api(recipe: Recipe) -> Iterator[Problem]:
    """The problems of a recipe whose engine is `api`."""
    model = recipe.model
    if model.base_url is not None:
        yield from _address(model.base_url)
    elif model.id is not None and provider_of(model.id) is None:
        yield _unknown_provider(model.id)
    given = [name for name in _PRICES if getattr(model, name) is not None]
    if len(given) == 1:
        other = next(name for name in _PRICES if name not in given)
        yield Problem("", f"model.{given[0]}", f"goes with model.{other}, which is not given")
    elsewhere = model.base_url is not None and _host(model.base_url) != _PRICED_HOST
    if recipe.limits.max_cost is not None and not given and elsewhere:
        told = "what the tokens of this endpoint cost is not known"
        do = f"state model.{_PRICES[0]} and model.{_PRICES[1]} (0 where it costs nothing), or leave limits.max_cost out"
        yield Problem("", "limits.max_cost", told, do=do)


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        # Brackets that are none, which `_address` tells.
        return None


def _address(url: str) -> Iterator[Problem]:
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        # Brackets or a port that are none.
        yield Problem("", "model.base_url", f"{shown(url)} is no address", do=_ROOT)
        return
    if "@" in parts.netloc or (not parts.scheme.startswith("http") and "@" in url):
        told = "holds a user or password: a key is given by the name of its secret"
        yield Problem("", "model.base_url", told, do="set model.api_key to that name, and the value by --secrets-env")
    elif parts.scheme not in ("http", "https") or not host:
        yield Problem("", "model.base_url", f"{shown(url)} does not begin with https:// or http://", do=_ROOT)
    elif parts.query or parts.fragment:
        yield Problem("", "model.base_url", "holds a `?` or `#`: only the root of the endpoint belongs here", do=_ROOT)
    elif parts.path.rstrip("/").endswith(("/completions", "/models", "/responses")):
        yield Problem("", "model.base_url", "names one call of the endpoint: only its root belongs here", do=_ROOT)


_ROOT = "give the root of the OpenAI protocol, as in https://openrouter.ai/api/v1 or http://127.0.0.1:8000/v1"


def _unknown_provider(model_id: str) -> Problem:
    prefix, slash, rest = model_id.partition("/")
    close = nearest(prefix, tuple(PROVIDER_SECRETS), cutoff=0.6) if slash else ""
    told = f"{shown(prefix)} is no provider that otcloud knows" if slash else f"{shown(model_id)} names no provider"
    do = (
        "give the endpoint's address (model.base_url), or a provider before the model's name, as in "
        f"anthropic/claude-sonnet-4-5; known are: {', '.join(PROVIDER_SECRETS)}"
    )
    suggestion = f"`{close.strip('`')}/{rest}`" if close and shown(rest) == f"`{rest}`" else ""
    return Problem("", "model.id", told, suggestion, do=do)

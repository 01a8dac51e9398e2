"""`model`: which model answers, and which engine serves it."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from otcloud.recipe.schema.noun import EnvName, Form, Noun, Positive, PositiveSeconds
from otcloud.recipe.schema.shape import Shape

ServedName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$"),
    Form("at most 64 letters, digits, `.`, `_` and `-`, without a slash"),
]
"""Harbor's rule for `hosted_vllm/<name>`: no slash, at most 64 characters."""

Price = Annotated[float, Field(ge=0)]
"""Dollars; 0 for what costs nothing."""

Engine = Literal["vllm", "api", "replay"]


class Model(Noun):
    """The model and the engine that serves it."""

    id: str | None = None
    """Model id on the Hugging Face Hub (`Qwen/Qwen3-8B`), or the provider's name of an API model."""

    revision: str | None = None
    """Branch, tag or commit of the model repository."""

    served_name: ServedName | None = None
    """Name under which the server offers the model; derived from the id when absent."""

    engine: Engine = "vllm"
    """`vllm` boots a server on the machine, `api` calls a provider, `replay` serves recorded answers."""

    recording: Path | None = None
    """`replay` only: the file of recorded answers."""

    base_url: str | None = None
    """`api` only: the root of an OpenAI-compatible endpoint (`https://openrouter.ai/api/v1`). Without it, the id begins
    with a provider (`anthropic/...`, `gemini/...`) whose address is known."""

    api_key: EnvName | None = None
    """`api` only: the name of the secret that holds the key; the provider's usual one when absent and no `base_url`
    is given. An endpoint with a `base_url` and without this gets no key."""

    input_usd_per_mtok: Price | None = None
    """`api` only: price of a million prompt tokens in dollars, for models whose price is not known."""

    output_usd_per_mtok: Price | None = None
    """`api` only: price of a million generated tokens in dollars."""

    max_input_tokens: Positive | None = None
    """Longest prompt that agents may send; the served context less the output when absent."""

    max_output_tokens: Positive | None = None
    """Longest answer that agents may ask for, in tokens."""

    request_timeout_sec: PositiveSeconds = 600.0
    """Seconds for one answer; after two answers in a row that took longer, the trial is lost to infrastructure."""

    sampling: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Sampling parameters sent with every request (temperature, top_p...). Empty: the model's own defaults."""

    shape: Shape = Field(default_factory=Shape)
    """The sizes of the model, for models whose config.json is not on this machine; presets state them."""

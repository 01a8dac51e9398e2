"""`model`: which model answers, and which engine serves it."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from otcloud.recipe.schema.noun import EnvName, Form, Noun, Positive

ServedName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$"),
    Form("at most 64 letters, digits, `.`, `_` and `-`, without a slash"),
]
"""Harbor's rule for `hosted_vllm/<name>`: no slash, at most 64 characters."""

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
    """`api` only: the root of an OpenAI-compatible endpoint."""

    api_key: EnvName | None = None
    """`api` only: the name of the secret that holds the key."""

    max_input_tokens: Positive | None = None
    """Longest prompt that agents may send; the served context less the output when absent."""

    max_output_tokens: Positive | None = None
    """Longest answer that agents may ask for, in tokens."""

    sampling: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Sampling parameters sent with every request (temperature, top_p...). Empty: the model's own defaults."""

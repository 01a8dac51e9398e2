"""The base of every noun that otcloud writes: frozen, strict about unknown keys, documented field by field."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class Noun(BaseModel):
    """Frozen data; an unknown key is an error; the docstring under a field is its description everywhere."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        allow_inf_nan=False,
        # Validators are built at the first use, once for a whole recipe: importing the schema stays cheap.
        defer_build=True,
    )


@dataclass(frozen=True)
class Form:
    """What a text must look like, in words: messages say this where the bare pattern would puzzle."""

    words: str


Slug = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$"),
    Form("up to 40 lower-case letters, digits and `-`, with no `-` at either end"),
]
"""Lower-case letters, digits and single words joined by `-`: it becomes a run id and a cluster name."""

EnvName = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,127}$"),
    Form("the name of an environment variable, such as `HF_TOKEN`"),
]
"""The name of an environment variable, never its value."""

Positive = Annotated[int, Field(ge=1)]
PositiveSeconds = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]

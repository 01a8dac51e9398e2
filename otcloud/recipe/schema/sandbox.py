"""`sandbox`: where the agent's commands run."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, JsonValue

from otcloud.recipe.harbor_names import SANDBOX_TYPES, UNUSABLE
from otcloud.recipe.schema.noun import Noun, Positive


def sandbox_type(text: str) -> str:
    """A sandbox type that exists. Errors: ValueError saying why it cannot be used."""
    if text in UNUSABLE:
        raise ValueError(UNUSABLE[text])
    if text not in SANDBOX_TYPES:
        raise ValueError("is not a sandbox type of Harbor 0.24.0, `local` or `auto`")
    return text


SandboxType = Annotated[
    str, AfterValidator(sandbox_type), Field(json_schema_extra={"enum": list[JsonValue](SANDBOX_TYPES)})
]
"""`local`, `auto` or an environment type of Harbor."""


class Sandbox(Noun):
    """Where the agent's commands run: any environment type of Harbor, `local`, or `auto`."""

    type: SandboxType = "daytona"
    """Harbor's environment type; `local` is otcloud's own; `auto` takes local, docker or podman, whichever works."""

    cpus: Positive | None = None
    """CPUs of a sandbox; the task's own number when absent."""

    memory_mb: Positive | None = None
    """Memory of a sandbox, in MB; the task's own number when absent."""

    storage_mb: Positive | None = None
    """Disk of a sandbox, in MB; the task's own number when absent."""

    force_build: bool = False
    """Build images anew."""

    delete: bool = True
    """Delete a sandbox when its trial ends."""

    kwargs: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Further arguments of the environment, by Harbor's names."""

"""`sandbox`: where the agent's commands run."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from otcloud.recipe.schema.noun import Form, Noun, Positive

SandboxType = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$"), Form("lower-case letters, digits and `-`")
]


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

"""`agent`: who works on the tasks."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from otcloud.recipe.schema.noun import Form, Noun, Positive, PositiveSeconds

ImportPath = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"),
    Form("`package.module:Class`"),
]
"""`package.module:Class`."""


class Agent(Noun):
    """A Harbor agent by name, otcloud's own `bash`, or a class by import path."""

    name: str | None = None
    """Any agent that Harbor knows, or `bash`; `terminus-2` when neither this nor `import_path` is given."""

    import_path: ImportPath | None = None
    """`package.module:Class` of an agent of your own."""

    max_turns: Positive | None = None
    """Most answers that the model gives in one trial."""

    timeout_sec: PositiveSeconds | None = None
    """Seconds for the agent in one trial; the task's own when absent."""

    kwargs: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Arguments of the agent, by Harbor's names."""

    @model_validator(mode="after")
    def _one_identity(self) -> "Agent":
        if self.name is not None and self.import_path is not None:
            raise ValueError("give either name or import_path, not both")
        return self

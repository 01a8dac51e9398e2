"""`agent`: who works on the tasks."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, JsonValue, StringConstraints, model_validator

from otcloud.recipe.harbor_names import ACP_PREFIX, AGENT_NAMES, UNUSABLE_AGENTS
from otcloud.recipe.schema.noun import Form, Noun, Positive, PositiveSeconds

ImportPath = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"),
    Form("`package.module:Class`"),
]
"""`package.module:Class`."""


def agent_name(text: str) -> str:
    """The name of an agent that exists. Errors: ValueError for one that cannot be used, with the reason."""
    if text in UNUSABLE_AGENTS:
        raise ValueError(UNUSABLE_AGENTS[text])
    in_registry = text.startswith(ACP_PREFIX) and len(text) > len(ACP_PREFIX)
    if text not in AGENT_NAMES and not in_registry:
        raise ValueError("is not an agent of Harbor 0.24.0, `bash` or `acp:NAME`")
    return text


_NAMES: list[JsonValue] = [{"enum": [*AGENT_NAMES]}, {"pattern": f"^{ACP_PREFIX}."}]

AgentName = Annotated[str, AfterValidator(agent_name), Field(json_schema_extra={"anyOf": _NAMES})]
"""`bash`, an agent of Harbor, or `acp:NAME` of the registry of the Agent Client Protocol."""


MODELLESS_AGENTS = frozenset({"oracle", "nop"})
"""Harbor agents that ask no model."""


class Agent(Noun):
    """A Harbor agent by name, otcloud's own `bash`, or a class by import path."""

    name: AgentName | None = None
    """Any agent that Harbor knows, or `bash`; `terminus-2` when neither this nor `import_path` is given."""

    import_path: ImportPath | None = None
    """`package.module:Class` of an agent of your own; its code travels with the run (`file`)."""

    file: Path | None = None
    """Python file or package folder that holds `import_path`; the one beside the recipe when absent."""

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
        if self.file is not None and self.import_path is None:
            raise ValueError("file goes with import_path, which is not given")
        return self

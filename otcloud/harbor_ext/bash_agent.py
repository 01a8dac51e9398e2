"""The `bash` agent for Harbor: sends the task, runs the bash blocks of each answer, feeds back what they said.

Import path `otcloud.harbor_ext.bash_agent:BashAgent`; runs in Harbor's process and needs only bash in the sandbox.
This file is its face towards Harbor (options, life of a trial); the parts are in `bash/`.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, override

from harbor.agents.base import BaseAgent
from harbor.agents.capabilities import AgentCapabilities
from harbor.agents.options import AgentOptions
from harbor.environments.base import BaseEnvironment
from harbor.models.agent.context import AgentContext
from harbor.models.trajectories import Agent
from pydantic import ConfigDict, Field, field_validator

from otcloud import __version__
from otcloud.harbor_ext.bash.conversation import Conversation, Rules
from otcloud.harbor_ext.bash.feedback import system_prompt
from otcloud.harbor_ext.bash.model_client import ModelClient, load_litellm
from otcloud.harbor_ext.bash.shell import Shell
from otcloud.harbor_ext.bash.trajectory import TrajectoryFile

_OURS = frozenset({"model", "messages", "stream", "n"})
_FROM_ENVIRONMENT = frozenset({"api_key", "api_base", "base_url"})


class BashOptions(AgentOptions):
    """The agent's kwargs. An unknown one is refused before any trial starts."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    max_turns: int = Field(default=15, ge=1)
    """Most answers that the model gives in one trial; reaching it is a normal end."""

    time_limit_sec: float | None = Field(default=None, gt=0)
    """Seconds for the whole conversation; reaching it is a normal end, unlike Harbor's own agent timeout."""

    system_prompt: str | None = None
    """Replaces ours; an empty one sends none. {completion_marker} and {command_timeout_sec} in it are filled in."""

    completion_marker: str = "TASK_COMPLETE"
    """What the model writes on a line by itself, outside every block, to end the task."""

    temperature: float | None = Field(default=None, ge=0)
    """Sampling temperature; sent only when given."""

    max_tokens: int | None = Field(default=None, ge=1)
    """Most tokens of one answer; sent only when given."""

    llm_kwargs: dict[str, Any] = Field(default_factory=dict)
    """More parameters of every request, by litellm's names (top_p, extra_body, timeout in seconds and so on)."""

    max_output_chars: int = Field(default=10_000, ge=100)
    """Characters of one block's output that the model sees; from a longer one the beginning and the end."""

    command_timeout_sec: int = Field(default=120, ge=1)
    """Seconds for one block, which is then killed."""

    retries: int = Field(default=5, ge=0)
    """How often a request is repeated after an error that passes: connection, 408, 429 and 5xx."""

    @field_validator("completion_marker")
    @classmethod
    def _one_line(cls, marker: str) -> str:
        if not marker or marker != marker.strip() or "\n" in marker:
            raise ValueError("must be one line of text without space around it")
        return marker

    @field_validator("llm_kwargs")
    @classmethod
    def _not_ours(cls, kwargs: dict[str, Any]) -> dict[str, Any]:
        if taken := sorted(kwargs.keys() & _OURS):
            raise ValueError(f"{taken[0]} is set by the agent itself")
        if taken := sorted(kwargs.keys() & _FROM_ENVIRONMENT):
            raise ValueError(f"{taken[0]} belongs in Harbor's environment (HOSTED_VLLM_API_BASE, HOSTED_VLLM_API_KEY)")
        return kwargs

    def parameters(self) -> dict[str, Any]:
        """What every request carries."""
        given = {"temperature": self.temperature, "max_tokens": self.max_tokens}
        return {**self.llm_kwargs, **{name: value for name, value in given.items() if value is not None}}


class BashAgent(BaseAgent):
    """Harbor's view of the agent."""

    capabilities = AgentCapabilities(atif=True)
    options_model = BashOptions
    options: BashOptions

    @staticmethod
    @override
    def name() -> str:
        return "bash"

    @override
    def version(self) -> str:
        return __version__

    @classmethod
    @override
    def preflight(cls, kwargs: dict[str, Any] | None = None, env: Mapping[str, str] | None = None) -> None:
        """Errors: ValueError for kwargs that are wrong. Imports litellm before any trial's clock is running."""
        super().preflight(kwargs, env)
        load_litellm()

    @override
    async def setup(self, environment: BaseEnvironment) -> None:
        """Errors: ValueError without a model, NoBash for a sandbox that has none."""
        if not self.model_name:
            raise ValueError("the bash agent needs a model name, for instance hosted_vllm/<served name>")
        self._client = ModelClient(self.model_name, self.options.parameters(), retries=self.options.retries)
        self._shell = Shell(
            environment, timeout_sec=self.options.command_timeout_sec, max_output_chars=self.options.max_output_chars
        )
        await self._shell.check()

    @override
    async def run(self, instruction: str, environment: BaseEnvironment, context: AgentContext) -> None:
        """Talk to the model until it is done, its turns are used up or its time is over: all normal ends."""
        trajectory = TrajectoryFile(self.logs_dir / "trajectory.json", self._identity(), self.session_id, context)
        conversation = Conversation(self._client, self._shell, trajectory, self._rules())
        stop_reason = "error"
        limit = asyncio.timeout(self.options.time_limit_sec)
        try:
            async with limit:
                stop_reason = await conversation.run(instruction)
        except TimeoutError:
            # The time limit that the recipe set is a normal end; any other time-out is a failure.
            if not limit.expired():
                raise
            stop_reason = "time_limit"
        except BaseException as error:
            # Nothing is recovered: the trajectory says what ended it, Harbor's cancellation included.
            stop_reason = type(error).__name__
            raise
        finally:
            trajectory.finish(stop_reason)

    def _identity(self) -> Agent:
        return Agent(name=self.name(), version=self.version(), model_name=self.model_name)

    def _rules(self) -> Rules:
        options = self.options
        prompt = system_prompt(
            options.system_prompt,
            completion_marker=options.completion_marker,
            command_timeout_sec=options.command_timeout_sec,
        )
        return Rules(prompt, options.completion_marker, options.max_turns, options.max_output_chars)

"""The noun of everything that follows a run: one finished attempt at one task, as plain data.

Pure. Written by the node into the published index, read back by whoever aggregates or exports; so unknown keys are
ignored. How a trial's outcome is decided is in verdict.py, how Harbor's folder is read in read.py.
"""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

MESSAGE_LIMIT = 300
"""Characters of an exception's first line that are kept."""


class Outcome(StrEnum):
    """What a trial is evidence of."""

    PASSED = "passed"
    FAILED = "failed"
    UNVERIFIED = "unverified"
    INFRA = "infra"
    CANCELLED = "cancelled"


COUNTING = frozenset({Outcome.PASSED, Outcome.FAILED, Outcome.UNVERIFIED})
"""The outcomes that say something about the agent."""

type Slot = tuple[str, str, int | str]
"""(task, its digest, rollout; the trial's name while the rollout is not known)."""


class Phases(BaseModel):
    """Seconds that each phase took; None where Harbor recorded no start or no end."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    environment_setup: float | None = None
    """Build and start of the sandbox."""

    agent_setup: float | None = None
    """Installation of the agent in the sandbox."""

    agent_execution: float | None = None
    """The agent at work; the sum over the steps of a task that has several."""

    verifier: float | None = None
    """The task's tests; the sum over the steps of a task that has several."""


class Trial(BaseModel):
    """One finished attempt."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    trial: str
    """Harbor's name of the trial: random, unique within a run."""

    task: str
    """Name of the task's folder."""

    task_digest: str = ""
    """Digest of the task's contents; empty until the node fills it."""

    rollout: int | None = None
    """Which attempt at the task this is, from 0; None until the node fills it."""

    job: str = ""
    """Name of Harbor's job folder."""

    outcome: Outcome
    """Passed, failed, unverified, infra or cancelled."""

    timed_out: bool = False
    """The agent was stopped at its time limit. It may have passed all the same."""

    cause: str | None = None
    """Short cause from the table of failures; None when nothing went wrong."""

    exception: str | None = None
    """Name of the exception's type."""

    message: str | None = None
    """First line of the exception's message, at most 300 characters."""

    reward: float | None = None
    """The primary reward: the one named `reward`, else the first."""

    rewards: dict[str, float] = {}
    """Every reward that the task's tests gave."""

    agent: str = ""
    """Name of the agent."""

    agent_version: str = ""
    """Version of the agent."""

    model: str = ""
    """Name of the model as Harbor knows it."""

    model_provider: str = ""
    """Provider of the model as Harbor knows it."""

    source: str = ""
    """The dataset that Harbor took the task from."""

    turns: int | None = None
    """Answers of the model that the trajectory holds."""

    empty_turns: int | None = None
    """Those of them without a word of text and without a tool call; thinking alone is no answer."""

    input_tokens: int | None = None
    """Prompt tokens, those from a cache included."""

    output_tokens: int | None = None
    """Generated tokens."""

    cache_tokens: int | None = None
    """Prompt tokens that came from a cache."""

    cost_usd: float | None = None
    """Cost in US dollars as the agent reported it."""

    started_at: str = ""
    """ISO 8601, as Harbor wrote it."""

    finished_at: str = ""
    """ISO 8601, as Harbor wrote it."""

    seconds: Phases = Phases()
    """Seconds by phase."""

    wall_sec: float | None = None
    """Seconds from start to end."""

    @property
    def counts(self) -> bool:
        """True when the trial says something about the agent, so that its place needs no other attempt."""
        return self.outcome in COUNTING

    @property
    def is_empty(self) -> bool:
        """True when at least half of the answers are empty: as a rule the server or its template is at fault."""
        return bool(self.turns) and 2 * (self.empty_turns or 0) >= (self.turns or 0)

    @property
    def slot(self) -> Slot:
        """The place this trial fills. Two tasks of equal contents are two places, and so is a task that changed."""
        return self.task, self.task_digest, self.trial if self.rollout is None else self.rollout

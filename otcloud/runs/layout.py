"""The name of every file in a run directory. Pure: paths are computed, never touched.

One writer per file: the client writes run.json, score.json and events/client.jsonl, the node everything under node/
and published/ and events/node.jsonl, Harbor's plug-in events/harbor.jsonl, Harbor itself jobs/.
"""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

JOBS = PurePosixPath("jobs")
TASKS = PurePosixPath("tasks")
SCRATCH = PurePosixPath("scratch")
HARBOR_EVENTS = PurePosixPath("events/harbor.jsonl")
GATE = PurePosixPath("node/gate")
COMPOSE = PurePosixPath("node/compose.json")
RECORDING = PurePosixPath("inputs/recording.jsonl")
TRIAL_RESULT = "result.json"
TRAJECTORY = PurePosixPath("agent/trajectory.json")


@dataclass(frozen=True)
class RunDir:
    """The files of one run; `root` is the run directory itself."""

    root: Path

    @property
    def run_id(self) -> str:
        """The run's id is the folder's name."""
        return self.root.name

    @property
    def recipe(self) -> Path:
        """The resolved recipe, written once."""
        return self.root / "recipe.yaml"

    @property
    def plan(self) -> Path:
        """The plan that is executed, written once."""
        return self.root / "plan.json"

    @property
    def amendments(self) -> Path:
        """What `resume` changed later, one numbered file each, written once."""
        return self.root / "amendments"

    @property
    def tasks_lock(self) -> Path:
        """Names and digests of the tasks, written once when they have been materialised."""
        return self.root / "tasks.lock.json"

    @property
    def run(self) -> Path:
        """The client's record: state, launcher, times."""
        return self.root / "run.json"

    @property
    def lock(self) -> Path:
        """Held (flock) by the process that drives the run."""
        return self.root / "run.lock"

    @property
    def client_events(self) -> Path:
        """The client's journal."""
        return self.root / "events" / "client.jsonl"

    @property
    def node_events(self) -> Path:
        """The node's journal."""
        return self.root / "events" / "node.jsonl"

    @property
    def harbor_events(self) -> Path:
        """One line for each step of a trial, by Harbor's plug-in."""
        return self.root / HARBOR_EVENTS

    @property
    def status(self) -> Path:
        """The node's state; the exit code is here."""
        return self.root / "node" / "status.json"

    @property
    def node_lock(self) -> Path:
        """Held (flock) by the node and by every program that it started."""
        return self.root / "node" / "lock"

    @property
    def gate(self) -> Path:
        """Exists while trials may start: the model server answers."""
        return self.root / GATE

    @property
    def compose(self) -> Path:
        """Compose settings that Harbor merges over every task's, for docker and podman."""
        return self.root / COMPOSE

    @property
    def endpoint(self) -> Path:
        """Where the model server is; written when it has answered."""
        return self.root / "node" / "endpoint.json"

    @property
    def jobs(self) -> Path:
        """Harbor's job folders, untouched."""
        return self.root / JOBS

    @property
    def tasks(self) -> Path:
        """Materialised tasks: <set digest>/<slug>/<task>/."""
        return self.root / TASKS

    @property
    def agent(self) -> Path:
        """Code of an agent of the user's own; Harbor imports from here."""
        return self.root / "agent"

    @property
    def published(self) -> Path:
        """One immutable archive for each finished trial."""
        return self.root / "published"

    @property
    def published_index(self) -> Path:
        """One line for each archive."""
        return self.published / "index.jsonl"

    @property
    def logs(self) -> Path:
        """Output of the programs that the run started."""
        return self.root / "logs"

    @property
    def traces(self) -> Path:
        """The traces dataset."""
        return self.root / "traces"

    @property
    def score(self) -> Path:
        """The score of an evaluation, by the client when the run ends."""
        return self.root / "score.json"

    @property
    def scratch(self) -> Path:
        """Temporary files; empty when nothing runs."""
        return self.root / SCRATCH

    def log(self, program: str) -> Path:
        """The output of one program."""
        return self.logs / f"{program}.log"

    def job_file(self, job: str) -> Path:
        """The job file that Harbor is given, beside its folder."""
        return self.jobs / f"{job}.json"

    def amendment(self, number: int) -> Path:
        """One amendment; numbers count from 1."""
        return self.amendments / f"{number:04d}.json"

    def archive(self, trial: str) -> Path:
        """The published archive of one trial."""
        return self.published / f"{trial}.tar.gz"


def job_name(shard: int, part: int) -> str:
    """Name of Harbor's job: `part` counts the times that a shard was started."""
    return f"{shard:04d}-{part:02d}"


def run_id(name: str, stamp: str, suffix: str) -> str:
    """`<recipe name>-<yyyymmdd-hhmmss>-<4 hex>`."""
    return f"{name}-{stamp}-{suffix}"

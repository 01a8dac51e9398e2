"""Which tasks the embedded sandbox cannot honour, and why: asked before a run, and again when a trial starts.

A task that would silently get something else than it asks for is refused. What is merely not enforced (the size of
the machine) is a warning. Reads task files; starts nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from harbor.environments.definition import COMPOSE_FILE_NAME, DOCKERFILE_NAME, should_use_prebuilt_docker_image
from harbor.models.task.config import EnvironmentConfig, NetworkMode, NetworkPolicy, TaskConfig, TaskOS
from harbor.models.task.task import Task
from harbor.models.task.verifier_mode import resolve_verifier_environment_definition
from harbor.models.trial.config import ResourceMode

from otcloud.harbor_ext.sandbox import dockerfile

ADVICE = "use sandbox.type: docker or daytona"


class SandboxUnsupported(RuntimeError):
    """A task asks for something that the embedded sandbox cannot give."""

    def __init__(self, task: str, reasons: list[str]) -> None:
        super().__init__(f"task {task!r} cannot run in the local sandbox: {'; '.join(reasons)}. For it, {ADVICE}")
        self.reasons = reasons


@dataclass(frozen=True)
class Demand:
    """What one environment of a task asks for."""

    folder: Path
    config: EnvironmentConfig
    network: NetworkPolicy
    phases: list[NetworkPolicy] = field(default_factory=list[NetworkPolicy])
    force_build: bool = False
    modes: tuple[ResourceMode, ...] = ()

    @property
    def builds(self) -> Path | None:
        """The Dockerfile that Harbor would build, or None when there is none or an image goes before it."""
        path = self.folder / DOCKERFILE_NAME
        image = self.config.docker_image
        prebuilt = should_use_prebuilt_docker_image(self.folder, docker_image=image, force_build=self.force_build)
        return path if path.is_file() and not prebuilt else None


def unsupported(task: Task) -> list[str]:
    """Reasons why a loaded task cannot run in the local sandbox; empty when it can."""
    config = task.config
    baseline = config.environment.resolve_baseline()
    demands = [Demand(task.paths.environment_dir, config.environment, baseline, _phases(config))]
    for step in config.steps or [None]:
        definition = resolve_verifier_environment_definition(config, task.paths, step)
        if definition is not None:
            network = definition.config.resolve_baseline()
            demands.append(Demand(definition.directory, definition.config, network))
    reasons = [reason for demand in demands for reason in refusals(demand)]
    sections = [config, *(config.steps or [])]
    entries = [entry for section in sections for entry in (*section.artifacts, *(section.verifier.collect or []))]
    if services := {str(service) for entry in entries if (service := getattr(entry, "service", None))} - {"main"}:
        reasons.append(f"it reads from compose services ({', '.join(sorted(services))})")
    return list(dict.fromkeys(reasons))


def _phases(config: TaskConfig) -> list[NetworkPolicy]:
    sections = [section for part in (config, *(config.steps or [])) for section in (part.agent, part.verifier)]
    return [policy for section in sections if (policy := section.explicit_phase_policy()) is not None]


def refusals(demand: Demand) -> list[str]:
    """Reasons why one environment cannot be given; empty when it can."""
    return [*_definition(demand), *_machine(demand), *_network(demand)]


def _definition(demand: Demand) -> Iterable[str]:
    if (demand.folder / COMPOSE_FILE_NAME).exists():
        yield f"{COMPOSE_FILE_NAME} needs a container engine"
    if demand.config.docker_image and (reason := dockerfile.image_refusal(demand.config.docker_image)):
        yield f"docker_image: {reason}"
    if demand.builds is not None:
        for reason in dockerfile.refusals(demand.builds.read_text(errors="replace")):
            yield f"Dockerfile, {reason}"
        if (demand.folder / ".dockerignore").exists():
            yield ".dockerignore is not read here"


def _machine(demand: Demand) -> Iterable[str]:
    if demand.config.os != TaskOS.LINUX:
        yield f"os = {demand.config.os.value!r}: the sandbox shares this machine's Linux"
    if demand.config.gpus:
        yield f"gpus = {demand.config.gpus}: the sandbox has no GPU"
    if demand.config.tpu is not None:
        yield "tpu: the sandbox has no TPU"
    for name, mode in zip(("cpus", "memory_mb"), demand.modes, strict=False):
        if mode not in (ResourceMode.AUTO, ResourceMode.IGNORE):
            yield f"{name} with enforcement {mode.value!r}: the sandbox enforces no size"


def _network(demand: Demand) -> Iterable[str]:
    if demand.network.network_mode == NetworkMode.ALLOWLIST:
        yield "network_mode = 'allowlist': the sandbox has all of the network or none of it"
    elif any(phase != demand.network for phase in demand.phases):
        yield "a network policy that changes between environment, agent and verifier"


def warnings(demand: Demand) -> list[str]:
    """What the task asks for and gets in another form: sentences for the trial's log."""
    lines: list[str] = []
    image = demand.config.docker_image
    if demand.builds is not None:
        image = dockerfile.base_image(dockerfile.parse(demand.builds.read_text(errors="replace"))) or image
    if image:
        lines.append(f"this machine's own programs stand in for {image}: versions and packages differ from the image's")
    sizes = [name for name in ("cpus", "memory_mb") if getattr(demand.config, name) is not None]
    if sizes:
        lines.append(f"{', '.join(sizes)}: not enforced, the sandbox shares the machine")
    if demand.network.network_mode == NetworkMode.PUBLIC:
        lines.append("the task's network is public: it shares this machine's network, services on 127.0.0.1 included")
    return lines

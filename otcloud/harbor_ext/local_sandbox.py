"""Harbor environment without a container engine: one sandbox of namespaces per trial, on this machine.

For development and trusted models: it shares the kernel. Harbor constructs environments while it makes its trials, and
whatever raises there aborts the whole job; so the constructor accepts everything and start() refuses, per task.
Log folders are copied, not mounted: a link that a task leaves in a mounted folder would be followed on the host.
"""

import asyncio
import contextlib
import logging
import resource
import sys
import uuid
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar, override

from harbor.environments.base import BaseEnvironment, ExecResult, SandboxBuildFailedError
from harbor.environments.capabilities import EnvironmentCapabilities, EnvironmentResourceCapabilities
from harbor.environments.definition import effective_exec_cwd
from harbor.models.task.config import NetworkMode, NetworkPolicy

from otcloud.harbor_ext.sandbox import bases, build, options, probe, scratch
from otcloud.harbor_ext.sandbox.box import Box, Pipes
from otcloud.harbor_ext.sandbox.courier import Courier
from otcloud.harbor_ext.sandbox.endings import SandboxError
from otcloud.harbor_ext.sandbox.spec import MIB, Command
from otcloud.harbor_ext.sandbox.streams import HeadTail
from otcloud.harbor_ext.sandbox.support import Demand, SandboxUnsupported, refusals, warnings
from otcloud.harbor_ext.sandbox.watch import Watch, watch_of


class LocalSandbox(BaseEnvironment):
    """`environment: {import_path: "otcloud.harbor_ext.local_sandbox:LocalSandbox", kwargs: {scratch: "scratch"}}`.

    The kwargs are those of `sandbox.options`.
    """

    _told: ClassVar[set[str]] = set()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        known = BaseEnvironment.__init__.__code__
        harbors = known.co_varnames[: known.co_argcount + known.co_kwonlyargcount]
        ours = {name: kwargs.pop(name) for name in set(kwargs) - set(harbors)}
        self._options, self._problems = options.read(ours)
        self._box: Box | None = None
        self._watch: Watch | None = None
        self._image = build.Image()
        super().__init__(*args, **kwargs)

    @staticmethod
    @override
    def type() -> str:
        return "local"

    @property
    @override
    def capabilities(self) -> EnvironmentCapabilities:
        # dynamic_network_policy and docker_compose are claimed because Harbor asks for them in a trial's constructor,
        # where a "no" aborts the job; tasks that need them are refused by start().
        return EnvironmentCapabilities(disable_internet=True, dynamic_network_policy=True, docker_compose=True)

    @classmethod
    @override
    def resource_capabilities(cls) -> EnvironmentResourceCapabilities:
        return EnvironmentResourceCapabilities()

    @classmethod
    @override
    def preflight(cls) -> None:
        # In a thread: Harbor's event loop may be running here.
        with ThreadPoolExecutor(1) as pool:
            reason = pool.submit(probe.probe, sys.executable).result()
        if reason:
            raise SystemExit(reason)

    @override
    def _validate_definition(self) -> None:
        """Nothing: see start()."""

    _validate_gpu_support = _validate_tpu_support = _validate_windows_support = _validate_definition
    _validate_extra_docker_compose_support = _validate_definition

    @override
    def validate_network_policy_support(self, network_policy: NetworkPolicy | None = None) -> None:
        """Nothing: see start()."""

    @override
    async def start(self, force_build: bool) -> None:
        demand = self._demand(force_build)
        reasons = [*self._problems, *refusals(demand)]
        if self.extra_docker_compose_paths:
            reasons.append("extra_docker_compose needs a container engine")
        if reasons:
            raise SandboxUnsupported(self.environment_name, reasons)
        self._warn(warnings(demand))
        _allow_many_files()
        self._box = await self._open_box()
        await self._box.start()
        if demand.builds is not None:
            await self._build(self._box, demand.builds)
        if workdir := self.task_env_config.workdir:
            await self._courier().run(["mkdir", "-p", "--", workdir])
        made = await self.ensure_dirs(self._mount_targets(writable_only=True))
        if made is not None and made.return_code:
            raise SandboxError(f"the sandbox's log folders could not be made: {made.stderr}")
        await self._upload_environment_dir_after_start()

    def _warn(self, lines: list[str]) -> None:
        """Into every trial's log; on the console once per task, not once per attempt."""
        level = logging.DEBUG if self.environment_name in self._told else logging.WARNING
        self._told.add(self.environment_name)
        for line in lines:
            self.logger.log(level, "local sandbox, task %s: %s", self.environment_name, line)

    def _demand(self, force_build: bool) -> Demand:
        modes = (self._cpu_resource_mode, self._memory_resource_mode)
        return Demand(
            self.environment_dir,
            self.task_env_config,
            self._network_policy,
            phases=self._phase_network_policies,
            force_build=force_build,
            modes=modes,
        )

    async def _open_box(self) -> Box:
        scratch_folder = self._options.scratch
        home = (Path(scratch_folder) if scratch_folder else self.trial_paths.trial_dir / "scratch").resolve()
        base = await asyncio.to_thread(bases.shared_base, home)
        public = self._network_policy.network_mode == NetworkMode.PUBLIC
        limits = self._options.limits(self._effective_storage_mb)
        box = Box(home / uuid.uuid4().hex[:12], base, sys.executable, public, limits)
        self._watch = watch_of(home, self._options.min_free_mb)
        self._watch.add(box)
        return box

    @override
    @contextlib.contextmanager
    def with_default_user(self, user: str | int | None) -> Generator[None]:
        """Harbor's frame around each phase. A sandbox that was ended while the agent thought about something else has
        to end the agent's phase: in the next one, Harbor would blame the copying of the tests."""
        with super().with_default_user(user):
            yield
        if self._box is not None:
            self._box.raise_if_ended()

    async def _build(self, box: Box, path: Path) -> None:
        try:
            self._image = await build.apply(box, path.read_text(errors="replace"), self.environment_dir)
        except build.BuildError as error:
            raise SandboxBuildFailedError(str(error)) from error

    @override
    async def stop(self, delete: bool) -> None:
        if self._box is None:
            return
        box, self._box = self._box, None
        if self._watch is not None:
            self._watch.remove(box)
        await box.close()
        if not delete:
            return
        try:
            # Without a scratch folder of the run, the trial has one of its own, base included.
            await asyncio.to_thread(scratch.remove, box.folder if self._options.scratch else box.folder.parent)
        except OSError as error:
            # Harbor would mark a good trial as failed; the folder goes with the run's scratch folder.
            self.logger.warning("local sandbox: %s stays behind: %s", box.folder, error)

    @override
    async def exec(
        self,
        command: str,
        cwd: str | None = None,
        env: dict[str, str] | None = None,
        timeout_sec: int | None = None,
        user: str | int | None = None,
    ) -> ExecResult:
        who = self._resolve_user(user)
        order = Command(
            ["/bin/bash", "-c", command],
            {**self._image.env, **self._startup_env(), **(self._merge_env(env) or {})},
            effective_exec_cwd(cwd, self.task_env_config.workdir, self._image.workdir) or "/",
            self._image.user if who is None else str(who),
        )
        most = self._options.max_output_mb * MIB
        stdout, stderr = HeadTail(most), HeadTail(most)
        try:
            code = await self._running().run(order, Pipes(stdout, stderr), timeout_sec or None)
        except TimeoutError as error:
            raise RuntimeError(f"Command timed out after {timeout_sec} seconds") from error
        return ExecResult(stdout=stdout.text(), stderr=stderr.text(), return_code=code)

    def _running(self) -> Box:
        if self._box is None:
            raise RuntimeError("the sandbox is not running")
        return self._box

    def _courier(self) -> Courier:
        most_of_a_file, most = self._options.max_log_file_mb * MIB, self._options.max_download_mb * MIB
        return Courier(self._running(), most_of_a_file, most, self._image.env)

    @override
    async def upload_file(self, source_path: Path | str, target_path: str) -> None:
        await self._courier().upload_file(Path(source_path), str(target_path))

    @override
    async def upload_dir(self, source_dir: Path | str, target_dir: str) -> None:
        await self._courier().upload_folder(Path(source_dir), str(target_dir))

    @override
    async def download_file(self, source_path: str, target_path: Path | str) -> None:
        await self._courier().download_file(str(source_path), Path(target_path))

    @override
    async def download_dir(self, source_dir: str, target_dir: Path | str) -> None:
        notes = await self._courier().download_folder(str(source_dir), Path(target_dir))
        if notes:
            self.logger.warning("local sandbox: of %s, not copied out: %s", source_dir, ", ".join(notes[:20]))


def _allow_many_files() -> None:
    """Each sandbox holds a few descriptors of Harbor's process: take what the machine allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

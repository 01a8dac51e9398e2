"""Harbor environment without a container engine: one sandbox of namespaces per trial, on this machine.

For development and trusted models: it shares the kernel. Harbor constructs environments while it makes its trials, and
whatever raises there aborts the whole job; so the constructor accepts everything and start() refuses, per task.
Log folders are copied, not mounted: a link that a task leaves in a mounted folder would be followed on the host.
"""

import asyncio
import logging
import resource
import shlex
import sys
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO, ClassVar, override

from harbor.environments.base import BaseEnvironment, ExecResult, SandboxBuildFailedError
from harbor.environments.capabilities import EnvironmentCapabilities, EnvironmentResourceCapabilities
from harbor.environments.definition import effective_exec_cwd
from harbor.models.task.config import NetworkMode, NetworkPolicy

from otcloud.harbor_ext.sandbox import bases, build, probe, scratch, transfer
from otcloud.harbor_ext.sandbox.box import Box, Pipes, SandboxError
from otcloud.harbor_ext.sandbox.spec import Command
from otcloud.harbor_ext.sandbox.streams import BoundedFile, HeadTail
from otcloud.harbor_ext.sandbox.support import Demand, SandboxUnsupported, refusals, warnings

OUTPUT_BYTES = 10 * 1024**2
TRANSFER_SEC = 600.0


class LocalSandbox(BaseEnvironment):
    """`environment: {import_path: "otcloud.harbor_ext.local_sandbox:LocalSandbox", kwargs: {scratch: "scratch"}}`.

    `scratch` is the folder for sandboxes' files, relative to Harbor's working folder; default: below the trial's own.
    """

    _told: ClassVar[set[str]] = set()

    def __init__(self, *args: object, scratch: str | None = None, **kwargs: object) -> None:
        self._scratch = scratch
        self._problems: list[str] = []
        self._box: Box | None = None
        self._image = build.Image()
        known = BaseEnvironment.__init__.__code__
        for name in sorted(set(kwargs) - set(known.co_varnames[: known.co_argcount + known.co_kwonlyargcount])):
            kwargs.pop(name)
            self._problems.append(f"environment.kwargs has the unknown key {name!r} (known: scratch)")
        super().__init__(*args, **kwargs)  # pyright: ignore[reportArgumentType]

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
            await self._checked(["mkdir", "-p", "--", workdir])
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
        home = (Path(self._scratch) if self._scratch else self.trial_paths.trial_dir / "scratch").resolve()
        base = await asyncio.to_thread(bases.shared_base, home)
        folder = home / uuid.uuid4().hex[:12]
        public = self._network_policy.network_mode == NetworkMode.PUBLIC
        return Box(folder, base, sys.executable, public)

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
        await box.close()
        if not delete:
            return
        try:
            # Without a scratch folder of the run, the trial has one of its own, base included.
            await asyncio.to_thread(scratch.remove, box.folder if self._scratch else box.folder.parent)
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
        stdout, stderr = HeadTail(OUTPUT_BYTES), HeadTail(OUTPUT_BYTES)
        try:
            code = await self._running().run(order, Pipes(stdout, stderr), timeout_sec or None)
        except TimeoutError as error:
            raise RuntimeError(f"Command timed out after {timeout_sec} seconds") from error
        return ExecResult(stdout=stdout.text(), stderr=stderr.text(), return_code=code)

    def _running(self) -> Box:
        if self._box is None:
            raise RuntimeError("the sandbox is not running")
        return self._box

    async def _checked(self, argv: list[str], stdin: BinaryIO | None = None, stdout: BoundedFile | None = None) -> None:
        errors = HeadTail(OUTPUT_BYTES)
        pipes = Pipes(stdout or errors, errors, stdin)
        code = await self._running().run(Command(argv, self._image.env), pipes, TRANSFER_SEC)
        if code:
            raise transfer.TransferError(f"{shlex.join(argv[-2:])} ended with code {code}: {errors.text()[-500:]}")

    @override
    async def upload_file(self, source_path: Path | str, target_path: str) -> None:
        source = Path(source_path)
        argv = transfer.put_file(str(target_path), source.name, source.stat().st_mode)
        with source.open("rb") as content:
            await self._checked(argv, content)

    @override
    async def upload_dir(self, source_dir: Path | str, target_dir: str) -> None:
        with tempfile.TemporaryFile(dir=self._running().folder) as archive:
            await asyncio.to_thread(transfer.pack, Path(source_dir), archive)
            archive.seek(0)
            await self._checked(transfer.put_folder(str(target_dir)), archive)

    @override
    async def download_file(self, source_path: str, target_path: Path | str) -> None:
        with transfer.replacing(Path(target_path)) as content:
            await self._fetch(transfer.get_file(str(source_path)), content)

    @override
    async def download_dir(self, source_dir: str, target_dir: Path | str) -> None:
        with tempfile.TemporaryFile(dir=self._running().folder) as archive:
            await self._fetch(transfer.get_folder(str(source_dir)), archive)
            archive.seek(0)
            left_out = await asyncio.to_thread(transfer.unpack, archive, Path(target_dir))
        if left_out:
            self.logger.warning("local sandbox: of %s, not copied out: %s", source_dir, ", ".join(left_out[:20]))

    async def _fetch(self, argv: list[str], file: BinaryIO) -> None:
        content = BoundedFile(file, transfer.MAX_DOWNLOAD_BYTES)
        await self._checked(argv, stdout=content)
        if content.full:
            raise transfer.TransferError(f"{argv[-1]} is larger than {transfer.MAX_DOWNLOAD_BYTES} bytes")


def _allow_many_files() -> None:
    """Each sandbox holds a few descriptors of Harbor's process: take what the machine allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

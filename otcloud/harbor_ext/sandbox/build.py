"""Applying a Dockerfile to a running sandbox: ENV, WORKDIR, COPY, RUN, USER, in order.

Every trial applies it anew: there are no layers and no cache. Whether a Dockerfile can be honoured at all is decided
in `dockerfile.py` before.
"""

import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from otcloud.harbor_ext.sandbox import dockerfile, transfer
from otcloud.harbor_ext.sandbox.box import Box, Pipes
from otcloud.harbor_ext.sandbox.dockerfile import Instruction
from otcloud.harbor_ext.sandbox.spec import DEFAULT_ENV, Command
from otcloud.harbor_ext.sandbox.streams import HeadTail

_OUTPUT_BYTES = 20_000


class BuildError(RuntimeError):
    """An instruction failed; the message names its line and shows the end of its output."""


@dataclass
class Image:
    """What the instructions so far amount to, beside the files."""

    env: dict[str, str] = field(default_factory=lambda: dict(DEFAULT_ENV))
    arguments: dict[str, str] = field(default_factory=dict[str, str])
    workdir: str = "/"
    user: str = "0"
    shell: list[str] = field(default_factory=lambda: ["/bin/sh", "-c"])

    @property
    def values(self) -> dict[str, str]:
        """What $NAME means in an instruction: ENV before ARG."""
        return {**self.arguments, **self.env}


async def apply(box: Box, text: str, context: Path) -> Image:
    """Apply all instructions of a Dockerfile with the build context `context`. Raises BuildError, SandboxError."""
    image = Image()
    for item in dockerfile.parse(text):
        await _apply_one(box, item, image, context)
    return image


async def _apply_one(box: Box, item: Instruction, image: Image, context: Path) -> None:
    match item.name:
        case "ENV":
            image.env |= dockerfile.pairs(_expanded(item, image))
        case "ARG":
            image.arguments |= dockerfile.pairs(_expanded(item, image))
        case "WORKDIR":
            value = dockerfile.unquote(dockerfile.expand(item.value, image.values))
            image.workdir = str(PurePosixPath(image.workdir, value))
            await _run(box, item, image, ["mkdir", "-p", "--", image.workdir], as_root=True)
        case "USER":
            image.user = dockerfile.expand(item.value, image.values)
        case "SHELL":
            image.shell = item.listed or image.shell
        case "COPY" | "ADD":
            await _copy(box, _expanded(item, image), image, context)
        case "RUN":
            await _run(box, item, image, item.listed or [*image.shell, item.value])
        case _:
            pass


def _expanded(item: Instruction, image: Image) -> Instruction:
    return Instruction(item.name, dockerfile.expand(item.value, image.values), item.line, item.flags)


async def _run(box: Box, item: Instruction, image: Image, argv: list[str], as_root: bool = False) -> None:
    output = HeadTail(_OUTPUT_BYTES)
    env = {**image.arguments, **image.env}
    where = "/" if as_root else image.workdir
    command = Command(argv, env, where, "0" if as_root else image.user)
    code = await box.run(command, Pipes(output, output))
    if code:
        raise BuildError(
            f"line {item.line} of the Dockerfile, {item.name} {item.value[:200]!r}, ended with code {code}:\n"
            f"{output.text()[-2000:]}\n"
            "(it ran on the host's own programs, with the task's network policy; "
            "for its real image use sandbox.type: docker or daytona)"
        )


async def _copy(box: Box, item: Instruction, image: Image, context: Path) -> None:
    *patterns, destination = item.words
    sources = [path for pattern in patterns for path in _matches(context, pattern, item)]
    target = str(PurePosixPath(image.workdir, destination))
    into = destination.endswith(("/", "/.")) or len(sources) > 1 or await _is_folder(box, image, target)
    with tempfile.TemporaryFile(dir=box.folder) as archive:
        with tarfile.open(fileobj=archive, mode="w") as tar:
            landed = [path for source in sources for path in _add(tar, source, into, target)]
        archive.seek(0)
        output = HeadTail(_OUTPUT_BYTES)
        command = Command(["tar", "-xpf", "-", "--no-overwrite-dir", "-C", "/"], image.env)
        code = await box.run(command, Pipes(output, output, archive))
    if code:
        raise BuildError(f"line {item.line} of the Dockerfile: {item.name} failed with code {code}: {output.text()}")
    for flag in ("chown", "chmod"):
        if landed and flag in item.flags:
            await _run(box, item, image, [flag, "-R", item.flags[flag], "--", *landed], as_root=True)


async def _is_folder(box: Box, image: Image, path: str) -> bool:
    nowhere = HeadTail(0)
    return await box.run(Command(["test", "-d", path], image.env), Pipes(nowhere, nowhere)) == 0


def _add(tar: tarfile.TarFile, source: Path, into: bool, target: str) -> list[str]:
    """Pack one COPY source as Docker lays it out: a folder's contents, or a file as or in `target`. Gives the paths."""
    if source.is_dir():
        landed = [str(PurePosixPath(target, child.name)) for child in sorted(source.iterdir())]
        path = target
    else:
        path = str(PurePosixPath(target, source.name) if into else PurePosixPath(target))
        landed = [path]
    tar.add(source, arcname=path.lstrip("/") or ".", filter=transfer.as_root)
    return landed


def _matches(context: Path, pattern: str, item: Instruction) -> list[Path]:
    """The context's paths that a COPY source names; never one outside of the context, also not through a link."""
    clean = [part for part in PurePosixPath(pattern).parts if part not in ("/", ".")]
    found = [context] if not clean else sorted(context.glob("/".join(clean))) if ".." not in clean else []
    root = context.resolve()
    if not found or any(not path.resolve().is_relative_to(root) for path in found):
        raise BuildError(f"line {item.line} of the Dockerfile: {pattern!r} names nothing inside {context.name}/")
    return found

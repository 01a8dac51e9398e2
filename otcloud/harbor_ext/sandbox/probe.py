"""Does the embedded sandbox work on this machine, and if not, what has to change?

Starts a real sandbox, with both network choices, and runs `bash` in it. Standard library alone: the client asks
before a run, with the interpreter that would run the keeper. `python -m otcloud.harbor_ext.sandbox.probe` prints the
answer as one line; exit code 1 when there is one.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from otcloud.harbor_ext.sandbox import scratch
from otcloud.harbor_ext.sandbox.box import Box, Pipes
from otcloud.harbor_ext.sandbox.endings import SandboxError
from otcloud.harbor_ext.sandbox.spec import DEFAULT_ENV, Command
from otcloud.harbor_ext.sandbox.streams import HeadTail

_OTHERWISE = "or use sandbox.type: docker or daytona"
_SWITCHES = (("kernel/unprivileged_userns_clone", "0", "1"), ("user/max_user_namespaces", "0", "15000"))
_PROGRAMS = ("bash", "tar", "cat", "mkdir")


def probe(python: str) -> str | None:
    """None when sandboxes work here with `python` as the keeper's interpreter, else a sentence: why not, what to do."""
    if sys.platform != "linux":
        return f"the local sandbox needs Linux namespaces, this is {sys.platform}: use sandbox.type: docker or daytona"
    with tempfile.TemporaryDirectory(prefix="otcloud-probe-") as folder:
        try:
            return asyncio.run(_try(Path(folder, "probe"), python))
        except SandboxError as error:
            return explain(error.step, str(error))
        except OSError as error:
            return f"the local sandbox cannot start {python}: {error}; {_OTHERWISE}"


async def _try(folder: Path, python: str) -> str | None:
    base = folder / "base"
    scratch.build_base(base)
    try:
        for network in (True, False):
            box = Box(folder / f"network-{network}", base, python, network)
            try:
                await box.start()
                if reason := await _try_programs(box):
                    return reason
            finally:
                await box.close()
    finally:
        scratch.remove(folder)
    return None


async def _try_programs(box: Box) -> str | None:
    output = HeadTail(4096)
    script = f"touch /usr/bin/probe && command -v {' '.join(_PROGRAMS)}"
    code = await box.run(Command(["/bin/bash", "-c", script], DEFAULT_ENV), Pipes(output, output), 60)
    if code == 0:
        return None
    return f"the local sandbox needs {', '.join(_PROGRAMS)} in /usr/bin ({output.text().strip()[-200:]}): install them"


def explain(step: str, message: str) -> str:
    """The sentence for a sandbox that could not be set up: the step that failed and this machine's settings."""
    return f"{_reason(step, message)}, {_OTHERWISE}"


def _reason(step: str, message: str) -> str:
    if os.getuid() != 0 and _setting("kernel/apparmor_restrict_unprivileged_userns") == "1":
        return (
            "AppArmor refuses user namespaces to ordinary users (Ubuntu 23.10 and newer): run "
            "'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0'"
        )
    if step in ("create a user namespace", "map user ids", "create namespaces"):
        for name, closed, opened in _SWITCHES:
            if _setting(name) == closed:
                return f"this machine refuses user namespaces: run 'sudo sysctl -w {name.replace('/', '.')}={opened}'"
        if in_container():
            return "this container may not make namespaces: start it with --privileged"
    if step == "mount proc":
        return "this container hides parts of /proc, so no new one can be mounted: start it with --privileged"
    if step in ("mount overlay", "hide a host folder"):
        return f"overlay mounts are refused ({message}; an ordinary user needs Linux 5.11): use a newer kernel"
    return f"the local sandbox does not work here ({message}): use another machine"


def in_container() -> bool:
    """Whether this looks like the inside of a container."""
    if Path("/.dockerenv").exists() or Path("/run/.containerenv").exists():
        return True
    return "container=" in Path("/proc/1/environ").read_text(errors="replace") if os.getuid() == 0 else False


def _setting(name: str) -> str:
    try:
        return Path("/proc/sys", name).read_text().strip()
    except OSError:
        # Kernels without this restriction have no such file.
        return ""


def main() -> int:
    """Print the answer; 1 when sandboxes do not work here."""
    reason = probe(sys.executable)
    sys.stdout.write((reason or "the local sandbox works here") + "\n")
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main())

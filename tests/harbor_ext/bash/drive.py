"""Runs conversations of the bash agent side by side, in Harbor's interpreter: what the tests start.

Reads {name: {model, instruction, kwargs, cancel_at}} from stdin, where all have defaults and the name is the default
instruction; the argument is the folder for their logs. Each one's sandbox is this machine's bash in a folder of its
own. Prints {name: {context, error}}.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from harbor.environments.base import ExecResult
from harbor.models.agent.context import AgentContext

from otcloud.harbor_ext.bash_agent import BashAgent


class HostFolder:
    """The part of an environment that an agent uses: commands run in a folder of this machine."""

    def __init__(self, folder: Path, cancel_at: int | None) -> None:
        self.folder = folder
        self.cancel_at = cancel_at
        self.reached = asyncio.Event()
        self.sessions: set[int] = set()

    async def exec(self, command: str, timeout_sec: int | None = None, **_: Any) -> ExecResult:
        """As docker does it: stdout and stderr, RuntimeError when it takes too long."""
        process = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            command,
            cwd=self.folder,
            env={**os.environ, "TMPDIR": str(self.folder.parent)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        self.sessions.add(process.pid)
        if len(self.sessions) == self.cancel_at:
            self.reached.set()
        try:
            out, err = await asyncio.wait_for(process.communicate(), timeout_sec)
        except TimeoutError as error:
            raise RuntimeError(f"Command timed out after {timeout_sec} seconds") from error
        assert process.returncode is not None
        return ExecResult(stdout=out.decode(errors="replace"), stderr=err.decode(), return_code=process.returncode)

    async def stop(self) -> None:
        """End whatever is left of all commands, as the end of a sandbox does."""
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):  # gone meanwhile
                session = int(stat.read_text().rpartition(")")[2].split()[3])
                # A command whose start was cancelled is known by its folder alone.
                if session in self.sessions or (stat.parent / "cwd").readlink() == self.folder:
                    os.kill(int(stat.parent.name), signal.SIGKILL)


async def drive(logs: Path, plan: dict[str, Any]) -> dict[str, Any]:
    """One trial's worth of the agent's life; during command number `cancel_at` it is cancelled, as Harbor does."""
    sandbox: Any = HostFolder(logs / "sandbox", plan.get("cancel_at"))
    sandbox.folder.mkdir(parents=True)
    context = AgentContext()
    kwargs = plan.get("kwargs", {})
    error = None
    try:
        BashAgent.preflight(kwargs=kwargs)
        agent = BashAgent(logs_dir=logs, model_name=plan.get("model", "hosted_vllm/tiny"), **kwargs)
        await agent.setup(sandbox)
        trial = asyncio.create_task(agent.run(plan.get("instruction", logs.name), sandbox, context))
        cancel = asyncio.create_task(sandbox.reached.wait())
        await asyncio.wait([trial, cancel], return_when=asyncio.FIRST_COMPLETED)
        trial.cancel() if cancel.done() else cancel.cancel()
        await trial
    except (Exception, asyncio.CancelledError) as caught:
        error = {"type": type(caught).__name__, "text": str(caught)}
    finally:
        await sandbox.stop()
    return {"context": context.model_dump(mode="json"), "error": error}


async def main(root: Path, plans: dict[str, Any]) -> dict[str, Any]:
    """All conversations at once."""
    ends = await asyncio.gather(*(drive(root / name, plan) for name, plan in plans.items()))
    return dict(zip(plans, ends, strict=True))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(Path(sys.argv[1]), json.load(sys.stdin)))))

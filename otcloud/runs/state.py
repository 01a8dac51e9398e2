"""What a run directory says of its run: derived from its files at every call, stored nowhere."""

import shlex
from dataclasses import asdict, dataclass
from typing import Any

from otcloud.errors import Cancelled, Interrupted, OtcloudError, from_exit_code
from otcloud.runs.journal import is_locked, read_json
from otcloud.runs.layout import RunDir
from otcloud.trials.record import count, mapping, number, text


@dataclass(frozen=True)
class RunState:
    """A run at one moment.

    `state`: `starting`, `serving`, `running`, `stopping`, `finishing` while somebody drives it; `done` with exit code
    0; `failed` with another; `interrupted` when it stopped without a last word.
    """

    run_id: str
    path: str
    state: str
    exit_code: int | None
    kind: str
    created: str
    recipe_digest: str
    planned: int | None
    done: int
    passed: int
    failed: int
    unverified: int
    infra: int
    mean_reward: float | None
    input_tokens: int
    output_tokens: int
    error: dict[str, Any] | None
    updated_at: str | None

    @property
    def is_finished(self) -> bool:
        """Nothing is left to do."""
        return self.state == "done"

    @property
    def is_active(self) -> bool:
        """Somebody drives it."""
        return self.state not in ("done", "failed", "interrupted")

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def read_state(run: RunDir) -> RunState | None:
    """The state of a run; None when the folder holds none."""
    record = client_record(run)
    if record is None:
        return None
    status = read_json(run.status) or {}
    return RunState(
        run_id=run.run_id,
        path=str(run.root),
        state=_state(run, record, status),
        exit_code=count(record.get("exit_code")),
        kind=str(record.get("kind", "")),
        created=str(record.get("created", "")),
        recipe_digest=str(record.get("recipe_digest", "")),
        planned=count(status.get("planned", record.get("planned"))),
        error=mapping(record, "error") or None,
        mean_reward=number(status.get("mean_reward")),
        updated_at=text(status.get("updated_at")) or None,
        **{
            name: count(status.get(name)) or 0
            for name in ("done", "passed", "failed", "unverified", "infra", "input_tokens", "output_tokens")
        },
    )


def client_record(run: RunDir) -> dict[str, Any] | None:
    """The client's record; where a crash left it torn, the part of it that the plan tells. None where neither can."""
    record = read_json(run.run)
    if record is not None or not run.run.exists():
        return record
    plan = read_json(run.plan)
    if plan is None:
        return None
    return {"run_id": run.run_id, **{name: plan.get(name) for name in ("kind", "created", "recipe_digest")}}


def last_end(run: RunDir) -> OtcloudError | None:
    """How the run ended when it was last driven: None when all was done."""
    record = client_record(run) or {}
    code, error = count(record.get("exit_code")), mapping(record, "error")
    if code is None:
        return Cancelled(
            f"run {run.run_id} stopped without a last word", do=f"to go on: otcloud resume {shlex.quote(run.run_id)}"
        )
    said = {name: text(error.get(name)) for name in ("why", "do")}
    return None if code == 0 else from_exit_code(code, text(error.get("what")), **said)


def _state(run: RunDir, record: dict[str, Any], status: dict[str, Any]) -> str:
    if is_locked(run.lock):
        return str(status.get("state", "starting")) if status.get("exit_code") is None else "finishing"
    code = count(record.get("exit_code"))
    return "interrupted" if code in (None, Interrupted.exit_code) else "done" if code == 0 else "failed"

"""The sandbox under the real Harbor: whole jobs with the oracle agent, and what is refused per task."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"import_path": "otcloud.harbor_ext.local_sandbox:LocalSandbox", "kwargs": {"scratch": "scratch"}}
SOLVE = "#!/bin/bash\necho solved > answer.txt\n"
CHECK = '#!/bin/bash\n[ "$(cat answer.txt)" = solved ] && echo 1 > /logs/verifier/reward.txt\n'

type Write = Callable[..., Path]
type Run = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture
def write_task(tmp_path: Path) -> Write:
    """Call `write_task(name, environment=toml, dockerfile=..., files={path: text})`."""

    def write(
        name: str,
        environment: str = 'network_mode = "no-network"',
        dockerfile: str | None = "FROM debian:bookworm\nWORKDIR /app\n",
        files: dict[str, str] | None = None,
        sections: str = "",
    ) -> Path:
        folder = tmp_path / "tasks" / name
        head = f'schema_version = "1.4"\n[task]\nname = "t/{name}"\n'
        texts = {
            "task.toml": f"{head}[environment]\n{environment}\n{sections}\n",
            "instruction.md": "solve it",
            "solution/solve.sh": SOLVE,
            "tests/test.sh": CHECK,
            **({"environment/Dockerfile": dockerfile} if dockerfile is not None else {}),
            **(files or {}),
        }
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        return folder

    return write


@pytest.fixture
def run_job(tmp_path: Path, harbor_python: Path, working_sandbox: None) -> Run:
    """Run all tasks with the oracle agent; returns result.json of each trial by task name and attempt."""
    code = tmp_path / "code"
    code.mkdir()
    (code / "otcloud").symlink_to(ROOT / "otcloud")

    def run(
        attempts: int = 1, concurrent: int = 4, environment: dict[str, Any] = ENVIRONMENT
    ) -> dict[str, dict[str, Any]]:
        job = {
            "jobs_dir": "jobs",
            "n_attempts": attempts,
            "n_concurrent_trials": concurrent,
            "environment": environment,
            "agents": [{"name": "oracle"}],
            "datasets": [{"path": "tasks"}],
        }
        (tmp_path / "job.json").write_text(json.dumps(job))
        env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(code), "HARBOR_TELEMETRY": "0"}
        env |= {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "HOST_SECRET": "canary-7be1"}
        command = [harbor_python.parent / "harbor", "run", "-c", "job.json", "-y", "--job-name", "job"]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300, check=False)
        results = [json.loads(path.read_text()) for path in sorted(tmp_path.glob("jobs/job/*/result.json"))]
        assert results, done.stdout + done.stderr
        return {f"{item['task_name'].split('/')[1]}-{number}": item for number, item in enumerate(results)}

    return run


def reward(result: dict[str, Any]) -> float | None:
    """The reward of a trial, None without one."""
    verified = result["verifier_result"]
    return verified["rewards"]["reward"] if verified else None


def test_sixteen_at_once(tmp_path: Path, write_task: Write, run_job: Run) -> None:
    write_task("plain")
    results = run_job(attempts=32, concurrent=16)
    assert [reward(result) for result in results.values()] == [1.0] * 32
    assert not (tmp_path / "scratch").exists()


def test_a_dockerfile_is_applied(write_task: Write, run_job: Run, tmp_path: Path) -> None:
    dockerfile = (
        'FROM ubuntu:24.04\nARG WORD=given\nENV GREETING="$WORD word"\nWORKDIR /app/deep\nCOPY data . \n'
        "COPY --chmod=700 one.txt two.txt /into/\nCOPY one.txt /as\nRUN useradd agent || true\n"
        'RUN ["/bin/bash", "-c", "echo $GREETING > /made"]\nSHELL ["/bin/bash", "-c"]\n'
        "RUN [[ -e one.sub ]] && pwd >> /made\n"
    )
    solve = (
        "#!/bin/bash\ncat /made one.sub /into/one.txt /into/two.txt /as > /logs/agent/seen\npwd >> /logs/agent/seen\n"
        "stat -c %a /into/one.txt >> /logs/agent/seen\necho $GREETING $TASK_WORD >> /logs/agent/seen\n"
        "cat /proc/*/environ | grep -ac canary >> /logs/agent/seen\nln -s /etc/passwd /logs/agent/link\n" + SOLVE
    )
    files = {f"environment/{name}": name for name in ("one.txt", "two.txt")}
    files |= {"environment/data/one.sub": "sub", "solution/solve.sh": solve}
    write_task("built", 'env = {TASK_WORD = "task"}\ncpus = 1\nmemory_mb = 64', dockerfile, files)
    (result,) = run_job().values()
    assert reward(result) == 1.0, result["exception_info"]
    trial = next(tmp_path.glob("jobs/job/*/trial.log")).parent
    seen = (trial / "agent/seen").read_text()
    assert seen == "given word\n/app/deep\nsubone.txttwo.txtone.txt/app/deep\n700\ngiven word task\n0\n"
    assert not (trial / "agent/link").exists()
    assert not (trial / "agent/link").is_symlink()
    log = (trial / "trial.log").read_text()
    assert "stand in for ubuntu:24.04" in log
    assert "cpus, memory_mb: not enforced" in log
    assert "shares this machine's network" in log


REFUSED = {
    "image": ({"dockerfile": "FROM python:3.12\n"}, "python:3.12"),
    "compose": ({"files": {"environment/docker-compose.yaml": "services: {}\n"}}, "docker-compose.yaml"),
    "prebuilt": (
        {"environment": 'docker_image = "ghcr.io/a/b:1"', "dockerfile": None, "files": {"environment/note": ""}},
        "ghcr.io/a/b:1",
    ),
    "gpu": ({"environment": "gpus = 1"}, "gpus = 1"),
    "allowlist": ({"environment": 'network_mode = "allowlist"\nallowed_hosts = ["a.org"]'}, "allowlist"),
    "phases": ({"sections": '[agent]\nnetwork_mode = "public"'}, "network policy that changes"),
    "windows": (
        {"environment": 'os = "windows"', "files": {"tests/test.bat": "", "solution/solve.bat": ""}},
        "windows",
    ),
}


def test_refused_tasks_do_not_stop_the_others(write_task: Write, run_job: Run) -> None:
    write_task("good")
    for name, (change, _) in REFUSED.items():
        write_task(name, **change)
    results = {key.rpartition("-")[0]: result for key, result in run_job().items()}
    assert reward(results.pop("good")) == 1.0
    assert sorted(results) == sorted(REFUSED)
    for name, result in results.items():
        problem = result["exception_info"]
        assert problem["exception_type"] == "SandboxUnsupported", problem
        assert REFUSED[name][1] in problem["exception_message"]
        assert "use sandbox.type: docker or daytona" in problem["exception_message"]


def test_the_check_before_a_run_gives_the_same_reasons(write_task: Write, harbor_python: Path) -> None:
    folders = {name: write_task(name, **change) for name, (change, _) in REFUSED.items()}
    folders["good"] = write_task("good")
    program = (
        "import json, sys; from harbor.models.task.task import Task\n"
        "from otcloud.harbor_ext.sandbox.support import unsupported\n"
        "print(json.dumps({path: unsupported(Task(path)) for path in sys.argv[1:]}))"
    )
    command = [harbor_python, "-c", program, *map(str, folders.values())]
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    reasons = json.loads(done.stdout.splitlines()[-1])
    assert reasons.pop(str(folders.pop("good"))) == []
    for name, folder in folders.items():
        assert any(REFUSED[name][1] in reason for reason in reasons[str(folder)]), (name, reasons[str(folder)])


def test_a_failing_build_is_the_tasks_problem(write_task: Write, run_job: Run) -> None:
    write_task("broken", dockerfile="FROM debian\nRUN echo why it failed && exit 7\n")
    write_task("good")
    results = {key.rpartition("-")[0]: result for key, result in run_job().items()}
    assert reward(results["good"]) == 1.0
    problem = results["broken"]["exception_info"]
    assert problem["exception_type"] == "SandboxBuildFailedError"
    assert "line 2" in problem["exception_message"]
    assert "why it failed" in problem["exception_message"]


def test_an_unknown_setting_is_refused(write_task: Write, run_job: Run) -> None:
    write_task("good")
    (result,) = run_job(environment={**ENVIRONMENT, "kwargs": {"scratsh": "x"}}).values()
    assert "no option 'scratsh' (did you mean 'scratch'?)" in result["exception_info"]["exception_message"]


def test_without_a_scratch_folder_the_trials_own_is_removed(tmp_path: Path, write_task: Write, run_job: Run) -> None:
    write_task("good")
    (result,) = run_job(environment={"import_path": ENVIRONMENT["import_path"]}).values()
    assert reward(result) == 1.0
    assert list(tmp_path.glob("**/scratch")) == []

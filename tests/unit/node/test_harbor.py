"""The job of one part, and the environment that Harbor is given."""

from pathlib import Path

from otcloud.node import harbor
from otcloud.programs import Harbor
from otcloud.runs.layout import RunDir
from tests.unit.node.harbors import TASKS
from tests.unit.planned import plan_of, recipe_of

HARBOR = Harbor(Path("/v/bin/python"), Path("/v/bin/harbor"), Path("/code"))


def test_a_part_has_a_name_of_its_own_whatever_an_earlier_one_left(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    assert harbor.next_job(run) == "0000-00"
    (run.jobs / "0000-00").mkdir(parents=True)
    assert harbor.next_job(run) == "0000-01"
    run.job_file("0000-01").write_text("{}")
    assert (harbor.next_job(run), harbor.next_job(run, shard=3)) == ("0000-02", "0003-00")


def test_the_job_file_names_each_missing_rollout_by_a_relative_path(tmp_path: Path) -> None:
    plan = plan_of(recipe_of(tmp_path))
    document = harbor.compose(plan, "0000-02", [TASKS[0], TASKS[1], TASKS[0]])
    assert document["job_name"] == "0000-02"
    assert document["tasks"] == [{"path": f"tasks/d/set/{name}", "source": "tasks"} for name in ("one", "two", "one")]
    assert {**document, "tasks": []} == {"job_name": "0000-02", **plan.harbor.job, "tasks": []}
    assert str(tmp_path) not in str(document)


def test_harbor_gets_what_programs_need_the_runs_secrets_and_nothing_else(tmp_path: Path) -> None:
    environ = {"PATH": "/bin", "HOME": "/h", "XDG_RUNTIME_DIR": "/r", "DOCKER_HOST": "d", "HTTPS_PROXY": "p"}
    private = {"OTHER_API_KEY": "canary", "AWS_PROFILE": "x", "PYTHONPATH": "/evil", "LD_PRELOAD": "/evil"}
    run, endpoint = RunDir(tmp_path), {"HOSTED_VLLM_API_BASE": "http://u/v1", "HOSTED_VLLM_API_KEY": "k"}
    env = harbor.environment({**environ, **private}, {"DAYTONA_API_KEY": "v"}, HARBOR, run, endpoint)
    ours = {
        "PYTHONPATH": "/code",
        "HARBOR_TELEMETRY": "0",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(tmp_path / "scratch" / "tmp"),
        "NO_PROXY": "127.0.0.1,localhost",
    }
    assert env == {**environ, **ours, **endpoint, "DAYTONA_API_KEY": "v"}
    assert (tmp_path / "scratch" / "tmp").is_dir()


def test_without_a_server_there_is_no_endpoint_and_the_users_proxy_rules_stay(tmp_path: Path) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        env = harbor.environment({name: "intern.example"}, {}, HARBOR, RunDir(tmp_path), None)
        assert env["NO_PROXY"] == "intern.example,127.0.0.1,localhost"
        assert "HOSTED_VLLM_API_BASE" not in env

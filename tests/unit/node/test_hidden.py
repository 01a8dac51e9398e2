"""A key that a provider quoted stays in none of the files that a node leaves: archives, index, Harbor's own."""

import json
import tarfile
from pathlib import Path

from otcloud.node.api import NO_KEY
from otcloud.node.hidden import hidden
from otcloud.node.publish import Publisher
from otcloud.runs.journal import read_lines, write_json
from otcloud.runs.layout import RunDir
from otcloud.trials.redaction import Redaction
from tests.flow.command import CANARY
from tests.unit.node.harbors import INFRA, TASKS, index, trial_result, write_trial

JOB = "0000-00"


def quoting(run: RunDir, name: str, exception: str, *, finished: bool = True) -> Path:
    """A trial whose exception quotes the key, in the files that Harbor writes it into."""
    folder = write_trial(run, JOB, name, reward=None, exception=exception)
    said = f"{'.' * 290}Incorrect API key provided: {CANARY}"
    result = trial_result(name.partition("__")[0], name, None, exception)
    result["exception_info"]["exception_message"] = said[20:]
    write_json(folder / "result.json", result if finished else {**result, "finished_at": None})
    for file in ("exception.txt", "trial.log"):
        (folder / file).write_text(said)
    (folder / "agent").mkdir()
    write_json(folder / "agent" / "trajectory.json", {"steps": [{"source": "agent", "message": said}]})
    return folder


def holding(run: RunDir) -> list[str]:
    """The files of a run that hold the key, or the beginning of it."""
    found = [path for path in run.root.rglob("*") if path.is_file() and CANARY[:8].encode() in path.read_bytes()]
    return sorted(path.name for path in found)


def test_published_trials_and_what_is_left_unpublished_hold_no_key(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    folder = quoting(run, "one__aaa", "RuntimeError")
    quoting(run, "two__cut", "CancelledError")
    quoting(run, "two__torn", INFRA, finished=False)
    (run.jobs / JOB / "job.log").write_text(CANARY)
    run.logs.mkdir()
    run.log("harbor").write_text(CANARY)
    node = Publisher(run, TASKS, 0, redaction=Redaction({"MY_KEY": CANARY}))
    node.ended(JOB, "one__aaa", "RuntimeError")
    assert (folder / "trial.log").read_text().endswith("provided: [MY_KEY]")
    assert index(run) == [("one__aaa", 0, "infra")]
    [record] = read_lines(run.published_index)
    assert record["message"].endswith("Incorrect API key provided: [M")
    with tarfile.open(run.archive("one__aaa")) as archive:
        packed = archive.extractfile("one__aaa/result.json")
        assert packed is not None
        assert "[MY_KEY]" in json.load(packed)["exception_info"]["exception_message"]
    node.catch_up()
    assert holding(run) == []
    assert index(run) == [("one__aaa", 0, "infra")]


def test_what_harbor_will_try_again_is_left_to_harbor_until_it_has_ended(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    quoting(run, "one__aaa", INFRA)
    node = Publisher(run, TASKS, 1, redaction=Redaction({"MY_KEY": CANARY}))
    node.ended(JOB, "one__aaa", INFRA)
    assert len(holding(run)) == 4
    node.catch_up()
    assert holding(run) == []


def test_the_runs_keys_are_hidden_and_addresses_and_regions_are_not() -> None:
    secrets = {"AWS_REGION_NAME": "us-east-1", "AZURE_API_BASE": "https://h/v1", "AWS_ACCESS_KEY_ID": "AKIA01"}
    given = {"OPENAI_API_BASE": "http://h:1/v1", "HOSTED_VLLM_API_KEY": "own-key", "OPENAI_API_KEY": NO_KEY}
    said = f"us-east-1 https://h/v1 http://h:1/v1 {NO_KEY} "
    redaction = hidden({**secrets, "MINE": "my-own-word\n"}, given)
    assert (
        redaction.text(f"{said}AKIA01 own-key my-own-word") == f"{said}[AWS_ACCESS_KEY_ID] [HOSTED_VLLM_API_KEY] [MINE]"
    )

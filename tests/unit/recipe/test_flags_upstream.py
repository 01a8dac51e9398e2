"""Flags of OpenThoughts-Agent that are no plain name for a key: words for Harbor, counts, those without an effect."""

from pathlib import Path

import pytest

from otcloud.recipe.flag import UPSTREAM
from otcloud.recipe.flags import FLAGS
from otcloud.recipe.load import Loaded, load
from otcloud.recipe.problems import RecipeInvalid

WHOLE: dict[str, object] = {"model": "org/m", "dataset": "tb@2.0"}


def _load(cwd: Path, **flags: object) -> Loaded:
    return load(flags={**WHOLE, **flags}, cwd=cwd)


def test_every_flag_of_the_reference_is_there() -> None:
    names = {name for flag in FLAGS for name in (flag.name, *flag.aliases)}
    assert names >= {
        *("--cloud-provider", "--accelerator", "--region", "--zone", "--use-spot", "--docker-image"),
        *("--tasks-input-path", "--dataset", "--dataset-path", "--model", "--agent", "--agent-kwarg", "--harbor-env"),
        *("--harbor-extra-arg", "--n-concurrent", "--n-attempts", "--gpus", "--autostop", "--down"),
        *("--retry-until-up", "--log-sync-interval", "--no-sync", "--list-providers", "--cluster-name"),
        *("--upload-hf-repo", "--upload-hf-private", "--upload-hf-episodes", "--eval-benchmark-repo"),
        *("--upload-to-database", "--upload-username", "--upload-error-mode", "--harbor-config", "--datagen-config"),
        *("--host", "--ray-port", "--api-port", "--tensor-parallel-size", "--pipeline-parallel-size"),
        *("--data-parallel-size", "--health-max-attempts", "--health-retry-delay"),
    }


@pytest.mark.parametrize("flag", [flag for flag in FLAGS if flag.instead], ids=lambda flag: flag.name)
def test_a_flag_without_effect_is_taken_and_says_so(flag: object, tmp_path: Path) -> None:
    found = next(each for each in FLAGS if each is flag)
    loaded = _load(tmp_path, **{found.parameter: {str: "0.0.0.0", int: 1}[found.takes]})
    assert loaded.recipe == _load(tmp_path).recipe
    assert loaded.warnings == (f"{found.name} is without effect: {found.instead}",)
    assert found.panel == UPSTREAM


def test_a_list_of_providers_is_refused_alone(tmp_path: Path) -> None:
    with pytest.raises(RecipeInvalid) as caught:
        load(flags={"list_providers": True}, cwd=tmp_path)
    assert [str(each) for each in caught.value.problems] == [
        "--list-providers: is not in this version: it would show which providers are set up here"
    ]


@pytest.mark.parametrize(
    ("accelerator", "gpus", "taken", "told"),
    [
        ("H100", 4, ["H100:4"], ""),
        ("H100,A100:4", 4, ["H100:4", "A100:4"], ""),
        ("H100:8,A100", 4, ["H100:8", "A100:4"], "--gpus 4 is not taken: --accelerator H100:8 says how many"),
        (None, 4, [], "--gpus 4 says nothing by itself: give --accelerator NAME:4"),
    ],
)
def test_gpus_count_accelerators_that_name_no_count(
    tmp_path: Path, accelerator: str | None, gpus: int, taken: list[str], told: str
) -> None:
    loaded = _load(tmp_path, accelerator=accelerator, gpus=gpus)
    assert (loaded.recipe.compute.accelerators, "".join(loaded.warnings)) == (taken, told)


def test_attempts_times_delay_is_the_time_to_get_ready(tmp_path: Path) -> None:
    recipe = _load(tmp_path, health_max_attempts=200, health_retry_delay=15.0).recipe
    assert recipe.serve.ready_timeout_min == 50
    assert _load(tmp_path, health_max_attempts=1).origins["serve.ready_timeout_min"] == "--health-max-attempts"


def test_words_for_harbor_become_keys(tmp_path: Path) -> None:
    words = ["--n-concurrent 8 -k 2 -r=3", "--max_retries=4", "--ak", "temperature=0.5", "--ak a.b=1 --debug -q"]
    words = [words[0].replace("-r=3", "-r 3"), *words[1:], "--no-delete --disable-verification -i 'a*' -i b"]
    loaded = _load(tmp_path, harbor_extra_arg=[*words, "--env docker --ek x=1 --override-cpus 2 -l 3"])
    recipe = loaded.recipe
    assert (recipe.trials.concurrency, recipe.trials.attempts, recipe.trials.retries) == (8, 2, 4)
    assert recipe.agent.kwargs == {"temperature": 0.5, "a": {"b": 1}}
    assert (recipe.sandbox.type, recipe.sandbox.kwargs, recipe.sandbox.cpus) == ("docker", {"x": 1}, 2)
    assert (recipe.sandbox.delete, recipe.trials.verify) == (False, False)
    assert (recipe.tasks.include, recipe.tasks.limit) == (["a*", "b"], 3)
    assert loaded.origins["trials.concurrency"] == "--harbor-extra-arg"


def test_a_flag_of_ones_own_wins_over_words_for_harbor(tmp_path: Path) -> None:
    loaded = _load(
        tmp_path, n_concurrent=5, agent_kwarg=["a=2"], harbor_extra_arg=["--n-concurrent 8 --ak a=1 --ak b=1"]
    )
    assert (loaded.recipe.trials.concurrency, loaded.recipe.agent.kwargs) == (5, {"a": 2, "b": 1})


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--plugin x:Y"], "--plugin has no key in a recipe: otcloud's own plug-in is the one that is loaded"),
        (["--job-name x --mounts a"], "--job-name names the run; --mounts has no key in a recipe"),
        (["stray"], "stray is no option of harbor run"),
        (["--n-concurrent"], "--n-concurrent lacks its value"),
        (["--ak x"], "takes key=value"),
        (["--env 'x"], "holds a quote that is not closed"),
        (["--env nowhere"], "sandbox.type: `nowhere` is not a sandbox type"),
    ],
)
def test_what_has_no_key_is_refused_with_the_reason(tmp_path: Path, words: list[str], told: str) -> None:
    with pytest.raises(RecipeInvalid) as caught:
        _load(tmp_path, harbor_extra_arg=words)
    assert told in str(caught.value)
    assert "--harbor-extra-arg" in str(caught.value)


def test_old_names_of_the_limit_of_turns_win_over_a_files(tmp_path: Path) -> None:
    (tmp_path / "h.yaml").write_text("agents: [{name: terminus-2, kwargs: {max_episodes: 9}}]\n")
    loaded = _load(tmp_path, harbor_config=["h.yaml"], agent_kwarg=["max_episodes=3"])
    assert (loaded.recipe.agent.max_turns, loaded.recipe.agent.kwargs) == (3, {})


@pytest.mark.parametrize(
    ("model", "identity", "engine"),
    [
        ("claude-sonnet-4-5", "claude-sonnet-4-5", "api"),
        ("gpt-5-mini", "gpt-5-mini", "api"),
        ("gemini-2.5-pro", "gemini/gemini-2.5-pro", "api"),
        ("anthropic/claude-sonnet-4-5", "anthropic/claude-sonnet-4-5", "api"),
        ("gemini/gemini-2.5-pro", "gemini/gemini-2.5-pro", "api"),
        ("openai/gpt-5", "openai/gpt-5", "api"),
        ("gpt-oss-120b", "gpt-oss-120b", "vllm"),
        ("openai/gpt-oss-120b", "openai/gpt-oss-120b", "vllm"),
    ],
)
def test_a_providers_model_by_its_bare_name_is_not_served(
    tmp_path: Path, model: str, identity: str, engine: str
) -> None:
    found = _load(tmp_path, model=model).recipe.model
    assert (found.id, found.engine) == (identity, engine)

"""Reads a finished trial as Harbor 0.24 left it: `result.json` and the trajectory, as data.

Tolerant: a trial that is unfinished, torn or foreign is None, and a value of the wrong shape counts as missing.
Which task's digest and which rollout it was is not in Harbor's files: the node adds both.
"""

from collections.abc import Iterator
from pathlib import PurePosixPath

from otcloud.trials.files import TrialFiles
from otcloud.trials.moment import moment, seconds_between
from otcloud.trials.record import Json, count, mapping, mappings, number, parse, text
from otcloud.trials.trial import MESSAGE_LIMIT, Phases, Trial
from otcloud.trials.verdict import Ending, decide, primary_reward

RESULT = "result.json"
TRAJECTORY = PurePosixPath("agent/trajectory.json")

_TURN_COUNTS = ("n_episodes", "n_turns")
"""Where agents without a trajectory say how many answers there were (terminus-2 and computer-1: n_episodes)."""

_LONGEST_CHAIN = 1000
"""More parts than any trajectory has; ends a chain of references that bites its own tail."""


def read_trial(files: TrialFiles, *, job: str = "") -> Trial | None:
    """The trial, or None when result.json is missing, torn, or not that of a finished trial. Never raises."""
    result = mapping(parse(files.read(RESULT)))
    if not result or moment(text(result.get("finished_at"))) is None:
        return None
    steps = list(mappings(result.get("step_results")))
    turns = _turns(files, result, steps)
    started, finished = text(result.get("started_at")), text(result.get("finished_at"))
    fields: Json = {
        "trial": text(result.get("trial_name")) or files.name,
        "task": _task(result),
        "job": job,
        "source": text(result.get("source")),
        **turns,
        "started_at": started,
        "finished_at": finished,
        "wall_sec": seconds_between(started, finished),
    }
    ending = _ending_fields(result, steps, count(turns.get("turns")))
    return Trial.model_validate(fields | ending | _agent_fields(result) | _usage(result, steps))


def trajectory_parts(files: TrialFiles, first: PurePosixPath = TRAJECTORY) -> Iterator[Json]:
    """The trajectory and its continuations in order (terminus-2 with linear_history starts a new file when it sums up).

    Ends at a part that is missing or torn.
    """
    seen: set[PurePosixPath] = set()
    part: PurePosixPath | None = first
    while part is not None and part not in seen and len(seen) < _LONGEST_CHAIN:
        seen.add(part)
        document = mapping(parse(files.read(str(part))))
        if document:
            yield document
        part = next_part(document, part)


def next_part(document: Json, part: PurePosixPath) -> PurePosixPath | None:
    """Where a trajectory goes on after one of its parts."""
    following = text(document.get("continued_trajectory_ref"))
    return part.parent / following if following and PurePosixPath(following).name == following else None


def is_turn(step: Json) -> bool:
    """True for an answer of the model that is the trial's own, not context copied from an earlier part."""
    return step.get("source") == "agent" and not step.get("is_copied_context")


def _ending_fields(result: Json, steps: list[Json], turns: int | None) -> Json:
    exception, rewards, phases = _exception(result, steps), _rewards(result), _phases(result, steps)
    name, message = text(exception.get("exception_type")), text(exception.get("exception_message"))
    verifier = mapping(result, "verifier")
    timings = [mapping(each, "agent_execution") for each in (result, *steps)]
    tests = [moment(text(mapping(each, "verifier").get("started_at"))) for each in (result, *steps)]
    verdict = decide(
        Ending(
            exception=name,
            message=message,
            raised_at=moment(text(exception.get("occurred_at"))),
            rewards=rewards,
            verification=mapping(result, "config", "verifier").get("disable") is not True,
            agent_started=any(text(timing.get("started_at")) for timing in timings),
            agent_sec=phases.agent_execution,
            turns=turns,
            verifier_started=next(filter(None, tests), None),
            verifier_finished=moment(text(verifier.get("finished_at"))),
        )
    )
    lines = message.strip().splitlines()
    return {
        "outcome": verdict.outcome,
        "timed_out": verdict.timed_out,
        "cause": verdict.cause,
        "exception": name or None,
        "message": lines[0][:MESSAGE_LIMIT] if lines else None,
        "reward": primary_reward(rewards),
        "rewards": rewards,
        "seconds": phases,
    }


def _exception(result: Json, steps: list[Json]) -> Json:
    """The trial's exception; where the task has several steps, the first one that a step ended with."""
    candidates = (mapping(each, "exception_info") for each in (result, *steps))
    nothing: Json = {}
    return next((each for each in candidates if text(each.get("exception_type"))), nothing)


def _rewards(result: Json) -> dict[str, float]:
    given = mapping(result, "verifier_result", "rewards")
    return {text(name): reward for name, value in given.items() if (reward := number(value)) is not None}


def _agent_fields(result: Json) -> Json:
    agent = mapping(result, "agent_info")
    model = mapping(agent, "model_info")
    return {
        "agent": text(agent.get("name")),
        "agent_version": text(agent.get("version")),
        "model": text(model.get("name")),
        "model_provider": text(model.get("provider")),
    }


def _usage(result: Json, steps: list[Json]) -> Json:
    """Tokens and cost as Harbor adds them up: of the trial, or over the steps of a task that has several."""
    whole_trial = mapping(result, "agent_result")
    contexts = [whole_trial] if whole_trial else [mapping(step, "agent_result") for step in steps]
    return {
        "input_tokens": _sum_of_counts(contexts, "n_input_tokens"),
        "output_tokens": _sum_of_counts(contexts, "n_output_tokens"),
        "cache_tokens": _sum_of_counts(contexts, "n_cache_tokens"),
        "cost_usd": _total(number(context.get("cost_usd")) for context in contexts),
    }


def _sum_of_counts(contexts: list[Json], name: str) -> int | None:
    total = _total(count(context.get(name)) for context in contexts)
    return None if total is None else int(total)


def _total(values: Iterator[float | None] | Iterator[int | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _phases(result: Json, steps: list[Json]) -> Phases:
    def seconds(phase: str) -> float | None:
        timings = (mapping(each, phase) for each in (result, *steps))
        return _total(seconds_between(text(t.get("started_at")), text(t.get("finished_at"))) for t in timings)

    return Phases(**{phase: seconds(phase) for phase in Phases.model_fields})


def _task(result: Json) -> str:
    """The task's folder; a task that was not a folder goes by the last part of its name."""
    path = text(mapping(result, "config", "task").get("path")) or text(result.get("task_name"))
    return PurePosixPath(path).name


def _turns(files: TrialFiles, result: Json, steps: list[Json]) -> Json:
    names = [PurePosixPath("steps", name) / TRAJECTORY for step in steps if (name := text(step.get("step_name")))]
    parts = [list(trajectory_parts(files, first)) for first in (TRAJECTORY, *names)]
    answers = [step for found in parts for part in found for step in mappings(part.get("steps")) if is_turn(step)]
    if any(parts):
        return {"turns": len(answers), "empty_turns": sum(map(_is_empty, answers))}
    metadata = mapping(result, "agent_result", "metadata")
    return {"turns": next((n for name in _TURN_COUNTS if (n := count(metadata.get(name))) is not None), None)}


def _is_empty(step: Json) -> bool:
    """Without a word and without a call: a part of a message that is no text (an image) is one as well."""
    said = step.get("message")
    parts = [text(part.get("text")) or text(part.get("type")) for part in mappings(said)]
    words = said if isinstance(said, str) else "".join(parts)
    return not words.strip() and not list(mappings(step.get("tool_calls")))

"""How a score looks: its figures, its tasks, and why it may not stand beside a published one."""

from collections.abc import Sequence

from otcloud.cli.render import table
from otcloud.launch.score import Scored
from otcloud.runs.layout import RunDir
from otcloud.trials.score import PassAtK, Score

MOST_TASKS = 30
"""Rows of a table of tasks; a longer one is in a file."""
_MOST_KS = 8


def figures(found: Scored) -> list[tuple[str, object]]:
    """Names and values for the table of figures, the score first."""
    score = found.score
    incomplete = not score.complete and score.mean_reward is not None
    least = score.mean_reward_lost_as_zero
    return [
        ("score", _mean(score)),
        ("if lost is 0", f"{least:.3f}" if incomplete and least is not None else None),
        ("taken over", _extent(score)),
        ("pass@k", _pass_at_k(score)),
        ("solved", f"{score.tasks_solved} of {score.tasks} tasks, at least once"),
        ("comparable", "no, see below" if found.reasons else "yes, with scores under the benchmark's own settings"),
    ]


def tasks(found: Scored, run: RunDir) -> str:
    """The table of tasks, or where it is."""
    score = found.score
    if not score.per_task:
        return ""
    if score.tasks > MOST_TASKS:
        return f"the {score.tasks} tasks, one by one: {run.score if run.score.is_file() else 'add --json'}"
    rows = [
        (name, task.attempts, task.passed, task.lost, "-" if task.mean_reward is None else f"{task.mean_reward:.2f}")
        for name, task in score.per_task.items()
    ]
    return table(("task", "attempts", "passed", "no result", "mean reward"), rows)


def not_comparable(reasons: Sequence[str]) -> str:
    """The reasons under a headline; nothing without any."""
    lines = [f"  - {reason}" for reason in reasons]
    return "\n".join(["not comparable with a published score:", *lines]) if lines else ""


def _mean(score: Score) -> str:
    if score.mean_reward is None:
        return "none yet: no attempt counts"
    error = "" if score.standard_error is None else f" ± {score.standard_error:.3f} (standard error)"
    return f"{score.mean_reward:.3f}{error}{'' if score.complete else ', incomplete'}"


def _extent(score: Score) -> str:
    each = {task.slots for task in score.per_task.values()}
    asked = f"{score.tasks} tasks x {each.pop()} attempts" if len(each) == 1 else f"{score.slots} attempts"
    return asked if score.complete else f"{score.attempts} attempts of {asked}"


def _pass_at_k(score: Score) -> str | None:
    shown = score.pass_at_k
    if len(shown) > _MOST_KS:
        shown = [each for each in shown if each.k.bit_count() == 1 or each is shown[-1]]
    return ", ".join(_rate(each, score.tasks) for each in shown) or None


def _rate(rate: PassAtK, tasks: int) -> str:
    over = "" if rate.tasks == tasks else f" (over {rate.tasks} of {tasks} tasks)"
    return f"{rate.k}: {rate.rate:.3f}{over}"

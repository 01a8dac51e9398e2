"""How a run ends whose trials have all been tried and are not all there: the errors that say so. Pure."""

from collections.abc import Collection

from otcloud.errors import PublishFailed, TooManyInfraFailures, join_problems
from otcloud.runs.layout import RunDir
from otcloud.trials.summary import Summary

_SHOWN = 5


def unpublished(reasons: Collection[str], run_id: str) -> PublishFailed:
    """Finished trials whose files could not be read, with a reason for each."""
    return PublishFailed(
        f"{len(reasons)} finished trials could not be published",
        why=join_problems(list(reasons)[:_SHOWN]),
        do=f"make these files readable, then: otcloud resume {run_id}",
    )


def too_many_lost(
    lost: int, planned: int, done: Summary, *, asked_for_others: bool, run: RunDir
) -> TooManyInfraFailures:
    """More slots without a trial that counts than the recipe tolerates, with the causes counted.

    `asked_for_others`: this start was for a part of the slots (`--only`), and the rest may be open for that reason.
    """
    how, left = "were lost to infrastructure", "Harbor ended without them"
    if asked_for_others:
        how, left = "are lost or still to be run", "this start was asked for others alone (--only)"
    causes = "; ".join(f"{seen.count} x {cause} ({seen.example})" for cause, seen in done.causes.items())
    return TooManyInfraFailures(
        f"{lost} of {planned} trials {how}",
        why=causes or left,
        do=f"to try them again: otcloud resume {run.run_id}",
    )

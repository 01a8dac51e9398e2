"""The traces dataset of a run that this process drove: built at its end, with what went wrong as an error."""

from otcloud.errors import OtcloudError, PublishFailed
from otcloud.plan.plan import Plan
from otcloud.runs.layout import RunDir


def build_traces(run: RunDir, plan: Plan) -> tuple[OtcloudError | None, dict[str, object] | None]:
    """Build the dataset: what went wrong, and what there is to note of it."""
    if not plan.publish.traces:
        return None, None
    from otcloud.datasets.traces import build

    try:
        report = build(run, episodes=plan.publish.episodes)
    except OSError as error:
        # The trials are safe; only their dataset is missing, and making it again is cheap.
        what = f"the traces dataset could not be written: {error.strerror}"
        return PublishFailed(what, do=f"mend it, then: otcloud resume {run.run_id}"), None
    failure = None
    if report.damaged:
        failure = PublishFailed(
            f"the archives of {len(report.damaged)} finished trials cannot be read",
            why=f"the first is {run.archive(report.damaged[0])}; Harbor's own folder of the trial is gone too",
            do="put them back from a copy of the run directory; the dataset was made without them",
        )
    return failure, {"rows": report.rows, "skipped": [list(pair) for pair in report.skipped]}

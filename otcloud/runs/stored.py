"""What a run directory was started with, read back: the plan. What a newer otcloud added to it is passed over."""

from pydantic import ValidationError

from otcloud.errors import InputInvalid
from otcloud.plan.plan import Plan
from otcloud.runs.journal import read_json
from otcloud.runs.layout import RunDir


def stored_plan(run: RunDir) -> Plan:
    """The plan that the run directory stores. Error: InputInvalid when it is missing, torn or of another format."""
    document = read_json(run.plan)
    if document is None:
        raise InputInvalid(f"{run.plan} cannot be read", why="it is missing or torn", do="start a new run: --new")
    try:
        return Plan.model_validate(document, extra="ignore")
    except ValidationError as error:
        raise InputInvalid(
            f"{run.plan} is no plan that this otcloud can execute",
            why="; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:3]),
            do="resume the run with the version of otcloud that started it, or start a new one: --new",
        ) from error

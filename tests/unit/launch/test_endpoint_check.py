"""What is asked of a model behind an API before anything is started."""

from pathlib import Path

import pytest

from otcloud.errors import CredentialOrProgramMissing
from otcloud.launch.endpoint_check import check_endpoint
from tests.unit.planned import plan_of, recipe_of


@pytest.mark.parametrize("value", ["k\u00e9y-of-a-team", "two\nlines", "with\ttab"])
def test_a_key_that_no_header_can_hold_is_told_by_its_name(tmp_path: Path, value: str) -> None:
    """Also for a provider that is not asked: each trial would fail with it."""
    sets = ("model.id=anthropic/claude-x", "model.engine=api", "model.api_key=TEAM_KEY", "model.recording=")
    plan = plan_of(recipe_of(tmp_path, *sets))
    with pytest.raises(CredentialOrProgramMissing, match="TEAM_KEY holds a character") as raised:
        check_endpoint(plan, {"TEAM_KEY": value}, {}, print)
    assert value not in str(raised.value)
    check_endpoint(plan, {"TEAM_KEY": "sk-plain_0123\n"}, {}, print)

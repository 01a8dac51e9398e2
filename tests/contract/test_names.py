"""The names that a recipe may use against the enumerations of the real Harbor: the lists cannot drift apart."""

import json
import subprocess

from otcloud.programs import Harbor
from otcloud.recipe.harbor_names import ACP_PREFIX, AGENTS, ENVIRONMENTS, UNUSABLE
from otcloud.recipe.schema.programs import Programs

NAMES = """
import json
from harbor.agents.installed.acp_registry import ACP_SHORTHAND_PREFIX
from harbor.models.agent.name import AgentName
from harbor.models.environment_type import EnvironmentType
from importlib.metadata import version
names = {"environments": [each.value for each in EnvironmentType], "agents": [each.value for each in AgentName]}
print(json.dumps({**names, "prefix": ACP_SHORTHAND_PREFIX, "version": version("harbor")}))
"""


def test_the_names_are_those_of_the_pinned_harbor(harbor: Harbor) -> None:
    done = subprocess.run([str(harbor.python), "-c", NAMES], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {
        "environments": list(ENVIRONMENTS),
        "agents": list(AGENTS),
        "prefix": ACP_PREFIX,
        "version": Programs().harbor,
    }
    assert set(UNUSABLE) <= set(ENVIRONMENTS)

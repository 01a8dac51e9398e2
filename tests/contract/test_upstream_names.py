"""What is known of Harbor's agents and of its command line, against the pinned Harbor: the lists cannot drift apart."""

import json
import subprocess

from otcloud.programs import Harbor
from otcloud.recipe.harbor_words import IDLE, REASONS, SWITCHES, VALUES
from otcloud.recipe.upstream.agent_options import AGENT_OPTIONS

NAMES = """
import json, sys
from harbor.agents.factory import AgentFactory
from harbor.cli.main import app
from harbor.models.agent.name import AgentName
from typer.main import get_command
agents = {}
for name in json.load(sys.stdin):
    agents[name] = sorted(AgentFactory.get_agent_class(AgentName(name)).options_model.model_fields)
run = get_command(app).commands["run"]
words = [word for each in run.params for word in (*each.opts, *each.secondary_opts)]
print(json.dumps({"agents": agents, "words": words}))
"""


def test_the_names_are_those_of_the_pinned_harbor(harbor: Harbor) -> None:
    done = subprocess.run(
        [str(harbor.python), "-c", NAMES],
        input=json.dumps([*AGENT_OPTIONS]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["agents"] == {name: sorted(taken) for name, taken in AGENT_OPTIONS.items()}
    ours = {*IDLE, *REASONS, *SWITCHES, *(word for words in VALUES for word in words)}
    assert ours <= set(found["words"])

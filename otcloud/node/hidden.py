"""What no file of a run may hold: the values of the run's secrets, and the key of the server that the run boots."""

from collections.abc import Mapping

from otcloud.node.api import NO_KEY
from otcloud.recipe.api_providers import PROVIDER_SECRETS
from otcloud.secrets import load
from otcloud.trials.redaction import Redaction


def hidden(secrets: Mapping[str, str], variables: Mapping[str, str]) -> Redaction:
    """`variables`: what agents are given to find the model. Its addresses are no secrets, nor are regions and versions
    that a provider wants beside its key: they may well stand in a conversation."""
    settings = {name for names in PROVIDER_SECRETS.values() for name in names[1:]} - load(secrets).values.keys()
    stated = {name: value for name, value in secrets.items() if name not in settings}
    given = {name: value for name, value in load(variables).values.items() if value != NO_KEY}
    return Redaction({**stated, **given})

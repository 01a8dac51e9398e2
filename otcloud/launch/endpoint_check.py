"""Asking the model's endpoint, and the price of its tokens, before anything is started.

A dead endpoint, a refused key or an unknown model is told here in seconds. What only passes by (an endpoint that is
slow to load its model) is left to the node, which waits for it.
"""

from collections.abc import Callable, Mapping

from otcloud import process
from otcloud.errors import CredentialOrProgramMissing, InputInvalid
from otcloud.launch.progress import duration
from otcloud.node.api import endpoint_of
from otcloud.node.asking import Asking
from otcloud.plan.plan import Plan
from otcloud.programs import Harbor


def check_endpoint(
    plan: Plan, secrets: Mapping[str, str], environ: Mapping[str, str], say: Callable[[str], None]
) -> None:
    """What is only slow is said, for the node waits for it. An endpoint that only litellm knows is not asked.

    Errors: ServerNeverReady when it does not answer, CredentialOrProgramMissing when it refuses the key, InputInvalid
    when it has no such model.
    """
    _check_key(plan, secrets)
    endpoint = endpoint_of(plan.candidates[0].serve, secrets, environ)
    fault = None if endpoint is None else Asking(endpoint).wait()
    if fault is not None and not fault.slow:
        raise fault.error()
    if fault is not None:
        patience = plan.candidates[0].serve.ready_timeout_sec
        say(f"{fault.what}; the run waits up to {duration(patience)} for it (serve.ready_timeout_min)")


def _check_key(plan: Plan, secrets: Mapping[str, str]) -> None:
    spec = plan.candidates[0].serve.api
    name = spec.key if spec is not None else None
    value = secrets.get(name or "", "").strip()
    if not (value.isascii() and value.isprintable()):
        raise CredentialOrProgramMissing(
            f"{name} holds a character that no key can hold",
            why="a key travels in a header of HTTP: printable ASCII, on one line",
            do=f"copy the key again, and look at the line of {name} in the secrets file",
        )


def check_price(plan: Plan, harbor: Harbor, env: Mapping[str, str]) -> None:
    """Error: InputInvalid when the run has a budget and nobody knows what the model's tokens cost."""
    spec = plan.candidates[0].serve.api
    if spec is None or plan.lifetime.max_cost_usd is None or spec.input_usd_per_mtok is not None:
        return
    model = str(plan.harbor.job["agents"][0].get("model_name"))
    done = process.run([harbor.python, "-P", "-m", "otcloud.harbor_ext.price", model], env=env)
    if done.code != 0:
        raise InputInvalid(
            f"limits.max_cost cannot be kept: what the tokens of {model} cost is not known",
            why="litellm's table of prices has no such model",
            do="state model.input_usd_per_mtok and model.output_usd_per_mtok, or leave limits.max_cost out",
        )

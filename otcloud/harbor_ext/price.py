"""Whether litellm knows what a model's tokens cost: `python -m otcloud.harbor_ext.price MODEL` ends with 0 if so."""

import sys

from otcloud.harbor_ext.bash.model_client import load_litellm


def is_priced(model: str) -> bool:
    """Whether both prices of a model, by litellm's name for it, are in litellm's table."""
    litellm = load_litellm()
    try:
        known = litellm.get_model_info(model)
    except Exception:  # noqa: BLE001 - litellm raises a bare Exception for a model that it does not know
        return False
    return bool(known.get("input_cost_per_token")) and known.get("output_cost_per_token") is not None


if __name__ == "__main__":
    sys.exit(0 if is_priced(sys.argv[1]) else 1)

"""`programs`: the versions of the programs that otcloud runs."""

from otcloud.recipe.schema.noun import Noun


class Programs(Noun):
    """Pinned versions; each must be one that this otcloud ships a lock for."""

    harbor: str = "0.24.0"
    """Version of Harbor."""

    vllm: str | None = None
    """Version of vLLM; otcloud's own choice when absent."""

    ray: str | None = None
    """Version of Ray, used when a model spans nodes; otcloud's own choice when absent."""

"""The nouns of a recipe, one file each. Pure: no I/O, clock, randomness or environment."""

from otcloud.recipe.schema.recipe import Recipe

__all__ = ["Recipe"]

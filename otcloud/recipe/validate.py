"""Stated values -> a Recipe, with the schema's findings told in the words of problems."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from otcloud.recipe.fields import Field, Key, dotted, owner
from otcloud.recipe.harbor_names import AGENT_NAMES, SANDBOX_TYPES
from otcloud.recipe.layer import Layer
from otcloud.recipe.merge import nest
from otcloud.recipe.problems import Problem, shown, shown_key
from otcloud.recipe.schema import Recipe
from otcloud.recipe.schema.compute import PROVIDER_ALIASES, PROVIDERS
from otcloud.recipe.suggest import nearest

_WORDS: Mapping[str, str] = {
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "less_than": "must be less than {lt}",
    "finite_number": "must be a finite number",
    "too_short": "must not be empty",
}

_NAMES: Mapping[Key, tuple[str, ...]] = {
    ("compute", "providers"): (*PROVIDERS, *PROVIDER_ALIASES),
    ("sandbox", "type"): SANDBOX_TYPES,
    ("agent", "name"): AGENT_NAMES,
}
"""The fields whose validator knows a list of names and says, after the name, what is wrong with one."""

_LISTED: Mapping[Key, str] = {
    ("sandbox", "type"): "`otcloud recipe schema` lists every sandbox type",
    ("agent", "name"): "`otcloud recipe schema` lists every agent",
}


def validate(stated: Layer) -> tuple[Recipe | None, list[Problem]]:
    """The recipe and its problems. With problems, the recipe is what remains without the values at fault, or None."""
    try:
        return Recipe.model_validate(nest(stated)), []
    except ValidationError as error:
        # Becomes problems, and what is left is validated once more so that the cross-field checks can still be made.
        found = error.errors(include_url=False)
    problems = [_problem(each, stated) for each in found]
    faults = [_key(each["loc"]) for each in found]
    rest = {key: value for key, value in stated.items() if not any(key[: len(fault)] == fault for fault in faults)}
    try:
        return Recipe.model_validate(nest(rest)), problems
    except ValidationError:
        # The problems are already told; only the further checks are lost.
        return None, problems


def _key(location: tuple[int | str, ...]) -> Key:
    return tuple(part for part in location if isinstance(part, str))


def _problem(error: Any, stated: Layer) -> Problem:
    key = _key(error["loc"])
    index = next((part for part in error["loc"] if isinstance(part, int)), None)
    name = dotted(key) if index is None else f"{dotted(key)}[{index}]"
    field = owner(key)
    what, suggestion = _told(error, field)
    return Problem(_origin(key, stated), shown_key(name), what, suggestion, do=_LISTED.get(key, ""))


def _origin(key: Key, stated: Layer) -> str:
    """Where the key, or the last of the values inside it, was stated."""
    inside = [value.origin for each, value in stated.items() if each[: len(key)] == key and value.value is not None]
    return inside[-1] if inside else ""


def _told(error: Any, field: Field | None) -> tuple[str, str]:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "value_error" and field is not None and field.key in _NAMES:
        return f"{shown(value)} {context['error']}", nearest(str(value), _NAMES[field.key], cutoff=0.6)
    if kind == "value_error":
        return str(context["error"]), ""
    if field is None:
        return str(error["msg"]), ""
    if field.names_secrets:
        return f"must be {field.form}; secrets are named, not written", ""
    if kind == "literal_error":
        return f"must be {_any_of(field.choices)}, not {shown(value)}", nearest(str(value), field.choices, cutoff=0.5)
    return f"{_rule(kind, context, field)}, not {shown(value)}", ""


def _rule(kind: str, context: Mapping[str, object], field: Field) -> str:
    if kind == "string_pattern_mismatch":
        return f"must be {field.form}"
    if kind in _WORDS:
        bounds = {name: f"{bound:g}" for name, bound in context.items() if isinstance(bound, int | float)}
        return _WORDS[kind].format(**bounds)
    nouns = {"whole": "a whole number", "number": "a number", "switch": "true or false", "text": "a text"}
    return f"must be {nouns.get(field.shape, field.shape)}"


def _any_of(choices: tuple[str, ...]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}"

"""Faults of a spec in words of its file: the key, what was found and what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bayesgrad.errors import SpecError, shortened
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.vocabulary import Centre, words

_IN_WORDS = {
    "tuple_type": "should be a list, in square brackets",
    "string_type": "should be text, in quotation marks",
    "string_too_short": "should not be empty",
    "int_type": "should be a whole number",
    "float_type": "should be a number",
    "bool_type": "should be true or false",
    "model_type": "should be a table of keys",
    "too_short": "should have at least one item",
    "model_attributes_type": "should be a table of keys",
}
"""What is allowed, in words of the file, by pydantic's name of the fault."""

MOST_FAULTS = 10
"""Faults of one spec that a message lists."""
LONGEST = 400
"""Characters of one of them."""

GRAMMAR = "models/README.md describes every key; `bayesgrad models` lists specs to start from."


def validate_spec(content: dict[str, Any], *, source: str) -> ModelSpec:
    """Turn parsed TOML into a ModelSpec, or raise a SpecError that lists every fault in it."""
    try:
        return ModelSpec.model_validate(content)
    except ValidationError as error:
        raise refusal(error, content, part=ModelSpec, source=source) from None


def refusal(
    error: ValidationError, content: dict[str, Any], *, part: type[BaseModel], source: str
) -> SpecError:
    """Every fault that validation found in the content of a part, as one error.

    Parameters
    ----------
    error : ValidationError
    content : dict
        What was validated.
    part : type
        What it was validated as: a spec or a part of one.
    source : str
        Name of the content, as messages begin.
    """
    faults = dict.fromkeys(
        line for fault in error.errors() for line in _describe(fault, content, part).splitlines()
    )
    return SpecError(faults_in_words(list(faults), source=source), GRAMMAR)


def faults_in_words(faults: Sequence[str], *, source: str) -> str:
    """Faults of a spec, one a line; of very many the first few, and how many more there are."""
    lines = [f"{source}: {shortened(fault, LONGEST)}" for fault in faults[:MOST_FAULTS]]
    if len(faults) > MOST_FAULTS:
        lines.append(f"{source}: and {len(faults) - MOST_FAULTS:,} more faults")
    return "\n".join(lines)


def _describe(fault: ErrorDetails, content: dict[str, Any], part: type[BaseModel]) -> str:
    keys = _keys_in_file(fault["loc"], content)
    where = _path(keys)
    match fault["type"]:
        case "extra_forbidden":
            return _unknown_key(keys, part)
        case "missing":
            return f"{where} is missing"
        case "value_error":
            reason = str(fault.get("ctx", {}).get("error", fault["msg"]))
            return f"{where}: {reason}" if where else reason
    found = f"{where} = {_as_toml(fault['input'])}"
    if keys == ["gradient", "centre"]:  # one key, two types: one message for both
        alternatives = ", ".join(f"'{word}'" for word in words(Centre))
        return f"{found} is not allowed; use {alternatives} or a number from 0 to 1"
    context = fault.get("ctx", {})
    if "expected" in context:
        return f"{found} is not allowed; use one of {context['expected']}"
    return f"{found}: {_IN_WORDS.get(fault['type'], _message(fault))}"


def _message(fault: ErrorDetails) -> str:
    text = fault["msg"].removeprefix("Input ")
    return f"{text[:1].lower()}{text[1:]}"


def _as_toml(value: Any) -> str:
    """Write a value nearly as the file has it: `true`, not `True`."""
    return str(value).lower() if isinstance(value, bool) else shortened(repr(value))


def _keys_in_file(loc: Sequence[str | int], content: Any) -> list[str | int]:
    """Leave out of an error's location the steps that are names of types, not keys of the file."""
    keys: list[str | int] = []
    here = content
    for depth, step in enumerate(loc):
        last = depth == len(loc) - 1
        if isinstance(here, dict) and (step in here or last):
            keys.append(step)
            here = here.get(step)
        elif isinstance(here, list) and isinstance(step, int):
            keys.append(step)
            here = here[step] if step < len(here) else None
    return keys


def _path(keys: Sequence[str | int]) -> str:
    """Write a location as TOML writes it: `[gradient] unit`, `[[outcomes]] 2 column`."""
    if not keys:
        return ""
    if len(keys) == 1:
        return str(keys[0])
    head, *rest = keys
    if isinstance(rest[0], int):
        table = f"[[{head}]] {rest[0] + 1}"
        return " ".join([table, *(str(key) for key in rest[1:])])
    if isinstance(rest[-1], int):
        return f"{_path(keys[:-1])}, item {rest[-1] + 1}"
    return f"[{head}] {'.'.join(str(key) for key in rest)}"


def _unknown_key(keys: Sequence[str | int], part: type[BaseModel]) -> str:
    name = str(keys[-1])
    allowed = _allowed_keys(keys[:-1], part)
    close = difflib.get_close_matches(name, allowed, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"{_path(keys)} is not a key of a spec{hint} (allowed here: {', '.join(allowed)})"


def _allowed_keys(keys: Sequence[str | int], part: type[BaseModel]) -> list[str]:
    """Keys allowed at `keys` within a part."""
    for key in keys:
        if isinstance(key, int):
            continue
        inner = _model_in(part.model_fields[key].annotation)
        if inner is None:
            return []
        part = inner
    return list(part.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """First pydantic model inside a type such as `X | None` or `tuple[X, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in getattr(annotation, "__args__", ()):
        found = _model_in(inner)
        if found is not None:
            return found
    return None

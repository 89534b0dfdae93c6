"""Reading a spec from TOML, with errors that name the file, the key and what is allowed."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bayesgrad.errors import SpecError
from bayesgrad.spec.adjacency import read_neighbours
from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.pack_files import read_pack
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

GRAMMAR = "models/README.md describes every key; `bayesgrad models` lists specs to start from."


def read_spec(path: Path) -> ModelSpec:
    """Read and validate the spec in a TOML file; see `ModelSpec.read`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SpecError(
            f"{path}: there is no such file",
            "Give the path of a model spec (TOML). `bayesgrad models` lists those that ship here.",
        ) from None
    except IsADirectoryError:
        raise SpecError(f"{path}: is a folder", "Give the path of a TOML file in it.") from None
    except UnicodeDecodeError as error:
        raise SpecError(
            f"{path}: is not UTF-8 text (byte {error.start})", "Save the spec as UTF-8."
        ) from None
    return parse_spec(text, source=str(path), folder=path.parent)


def parse_spec(text: str, *, source: str, folder: Path = Path()) -> ModelSpec:
    """Parse and validate a spec in TOML text; see `ModelSpec.from_toml`.

    Paths in it are relative to `folder`.
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError(
            f"{source}: is not valid TOML: {error}", "Mend the line that is named."
        ) from None
    return validate_spec(_with_files(content, folder, source=source), source=source)


FILES: Mapping[tuple[str, ...], Callable[[Path, dict[str, Any]], object]] = {
    ("prior_pack",): lambda path, _: read_pack(path),
    ("spatial", "adjacency"): lambda path, keys: read_neighbours(path, code=keys.get("code")),
}
"""Keys that name a file, and what reads it, given the keys beside."""


def files_of(path: Path) -> tuple[Path, ...]:
    """Paths of the files that a spec names; of a spec that cannot be read, none."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        return ()
    named = [_at(document, keys) for keys in FILES]
    return tuple(path.parent / name for name in named if isinstance(name, str))


def _with_files(document: dict[str, Any], folder: Path, *, source: str) -> dict[str, Any]:
    """Put the content of each file that a spec names in place of its path.

    Raises
    ------
    SpecError
        If a path is not text, or the file cannot be read.
    """
    for keys, read in FILES.items():
        if _at(document, keys) is not None:
            document = _with_file(document, keys, read, folder=folder, source=source)
    return document


def _at(document: Any, keys: Sequence[str]) -> Any:
    for key in keys:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _with_file(
    document: dict[str, Any],
    keys: Sequence[str],
    read: Callable[[Path, dict[str, Any]], object],
    *,
    folder: Path,
    source: str,
) -> dict[str, Any]:
    """Copy of a document with the content of one file in place of its path."""
    key, *rest = keys
    if rest:
        inner = _with_file(document[key], rest, read, folder=folder, source=source)
        return {**document, key: inner}
    path = document[key]
    if not isinstance(path, str) or not path:
        raise SpecError(
            f"{source}: {'.'.join(keys)} should be the path of a file, in quotation marks", GRAMMAR
        )
    return {**document, key: read(folder / path, document)}


def validate_spec(content: dict[str, Any], *, source: str) -> ModelSpec:
    """Turn parsed TOML into a ModelSpec, or raise a SpecError that lists every fault in it."""
    try:
        return ModelSpec.model_validate(content)
    except ValidationError as error:
        faults = dict.fromkeys(
            line for fault in error.errors() for line in _describe(fault, content).splitlines()
        )
        raise SpecError("\n".join(f"{source}: {fault}" for fault in faults), GRAMMAR) from None


def _describe(fault: ErrorDetails, content: dict[str, Any]) -> str:
    keys = _keys_in_file(fault["loc"], content)
    where = _path(keys)
    match fault["type"]:
        case "extra_forbidden":
            return _unknown_key(keys)
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
    return str(value).lower() if isinstance(value, bool) else repr(value)


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


def _unknown_key(keys: Sequence[str | int]) -> str:
    name = str(keys[-1])
    allowed = _allowed_keys(keys[:-1])
    close = difflib.get_close_matches(name, allowed, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"{_path(keys)} is not a key of a spec{hint} (allowed here: {', '.join(allowed)})"


def _allowed_keys(keys: Sequence[str | int]) -> list[str]:
    """Keys allowed in the part of a spec at `keys`."""
    part: type[BaseModel] = ModelSpec
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

"""Changes to a spec: `authority.moderation = "linear"` in place of what its file says."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bayesgrad.errors import SpecError
from bayesgrad.spec.validated import Part

FORM = "Write KEY=VALUE, such as authority.moderation=linear or sampling.draws=500."


def settings_of(texts: Sequence[str]) -> dict[str, Any]:
    """Changes from texts such as ``gradient.unit=0.05``, in their order.

    A value is read as TOML; what is none, such as a word without quotation marks, is text.

    Raises
    ------
    SpecError
        If a text has no ``=`` or no key, or begins a list or table that does not end.
    """
    found = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator or not key.strip():
            raise SpecError(f"--set {text}: is not a key and a value", FORM)
        found[key.strip()] = _value(value.strip(), where=f"--set {text}")
    return found


def _value(text: str, *, where: str) -> Any:
    try:
        content = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):  # also numbers of thousands of digits
        if text.startswith(("[", "{", '"', "'")):
            raise SpecError(
                f"{where}: the value is not valid TOML",
                "Put text inside a list in quotation marks: 'area.covariates=[\"rural\"]'.",
            ) from None
        return text
    return content["value"] if len(content) == 1 else text


def document_of(part: Part) -> dict[str, Any]:
    """Content of a part as its file has it: the keys that are set, parts as dictionaries.

    What a file names by its path (a prior pack, neighbours) stays the part that it is.
    """
    return {name: _as_document(name, getattr(part, name)) for name in part.model_fields_set}


def _as_document(name: str, value: Any) -> Any:
    if isinstance(value, Part) and name not in ("prior_pack", "adjacency"):
        return document_of(value)
    if isinstance(value, tuple) and value and all(isinstance(item, Part) for item in value):
        return [document_of(item) for item in value]
    return value


def changed(
    document: Mapping[str, Any], changes: Mapping[str, Any], *, source: str
) -> dict[str, Any]:
    """Return a document with other values at some keys.

    Parameters
    ----------
    document : mapping
        Parsed TOML, or what `document_of` gives.
    changes : mapping of str to value
        By keys with dots: ``authority.moderation``; of one outcome ``outcomes.referrals.family``,
        by its column. None takes a key out, so that its default holds.
    source : str
        Name of the document, as messages begin.

    Raises
    ------
    SpecError
        If a key lies in what is no table, or in an outcome that there is not. Keys and values are
        checked where the document is.
    """
    found = dict(document)
    for key, value in changes.items():
        found = _with(found, _keys(key, source=source), value, where=f"{source}: {key}")
    return found


def _keys(key: str, *, source: str) -> list[str]:
    """Keys of a path with dots, in which a part may be quoted as in TOML."""
    if '"' not in key and "'" not in key:
        return key.split(".")
    try:
        content: Any = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        raise SpecError(f"{source}: {key} is not a key", FORM) from None
    return [*_path(content)]


def _path(content: Any) -> Iterator[str]:
    while isinstance(content, dict):
        ((key, content),) = content.items()
        yield key


def _with(here: dict[str, Any], keys: Sequence[str], value: Any, *, where: str) -> dict[str, Any]:
    key, *rest = keys
    if not rest:
        kept = {name: held for name, held in here.items() if name != key}
        return kept if value is None else {**here, key: value}
    inner = here.get(key)
    if key == "outcomes" and isinstance(inner, list | tuple):
        return {**here, key: _with_outcome(list(inner), rest, value, where=where)}
    if inner is not None and not isinstance(inner, dict):
        raise SpecError(f"{where}: {key} is not a table of keys", FORM)
    return {**here, key: _with(inner or {}, rest, value, where=where)}


def _with_outcome(
    outcomes: list[Any], keys: Sequence[str], value: Any, *, where: str
) -> list[dict[str, Any]]:
    column, *rest = keys
    columns = [one.get("column") if isinstance(one, dict) else None for one in outcomes]
    if column not in columns or not rest:
        known = ", ".join(str(name) for name in columns)
        raise SpecError(
            f"{where}: names no outcome and key of it; the outcomes are {known}",
            "Write outcomes.COLUMN.KEY=VALUE.",
        )
    at = columns.index(column)
    return [*outcomes[:at], _with(outcomes[at], rest, value, where=where), *outcomes[at + 1 :]]

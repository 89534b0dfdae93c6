"""A spec as TOML: the text that reads back as the same spec."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bayesgrad.spec.model_spec import ModelSpec
from bayesgrad.spec.validated import Part


def toml_of(spec: ModelSpec) -> str:
    """Write a spec as TOML: see `ModelSpec.to_toml`."""
    return "\n".join(_lines(spec)) + "\n"


def _lines(spec: ModelSpec) -> Iterator[str]:
    parts = _kept(spec)
    for name, value in parts.items():
        if not _is_table(value):
            yield f"{name} = {_value(value)}"
    for name, value in parts.items():
        if isinstance(value, Part):
            yield from ("", f"[{name}]", *_keys(value))
        elif _is_table(value):
            for item in value:
                yield from ("", f"[[{name}]]", *_keys(item))


def _is_table(value: Any) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(isinstance(item, Part) for item in value)
    return isinstance(value, Part)


def _keys(part: Part) -> Iterator[str]:
    for name, value in _kept(part).items():
        yield f"{name} = {_value(value)}"


def _kept(part: Part) -> dict[str, Any]:
    """Values that are not those of their defaults."""
    found = {name: getattr(part, name) for name in type(part).model_fields}
    fields = type(part).model_fields
    return {
        name: value
        for name, value in found.items()
        if value is not None and (fields[name].is_required() or value != fields[name].default)
    }


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Part):
        return f"{{ {', '.join(_inline(value))} }}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_value, value))}]"
    return repr(value)


def _inline(part: Part) -> Iterator[str]:
    """Keys of a part within another: with a distribution, all that it has."""
    kept = _kept(part)
    if "distribution" in type(part).model_fields:
        kept = {"distribution": part.distribution, **kept}  # type: ignore[attr-defined]
    return (f"{name} = {_value(value)}" for name, value in kept.items())

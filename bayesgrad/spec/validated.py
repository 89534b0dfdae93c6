"""What all parts of a spec and of a prior pack are made of: frozen data, checked as it is read."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A table of TOML: frozen, without unknown keys, each value of its own type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def as_tuple(value: object) -> object:
    """Tuples of lists, at any depth; anything else as it is, for validation to refuse."""
    return tuple(map(as_tuple, value)) if isinstance(value, list | tuple) else value

"""What all parts of a spec and of a prior pack are made of: frozen data, checked as it is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator


class Part(BaseModel):
    """A table of TOML: frozen, without unknown keys, each value of its own type.

    Numbers of NumPy are taken for Python's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _with_plain_numbers(cls, content: object) -> object:
        if not isinstance(content, dict):
            return content
        return {key: _plain(value) for key, value in content.items()}

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with other values, checked as those of a file are.

        Parameters
        ----------
        update : mapping of str to value, optional
            Values of keys of this part; a part of its own may be given as a dictionary.
        deep : bool
            Of no effect where `update` is given: everything in a part is frozen.

        Raises
        ------
        SpecError
            If a key is unknown, or a value is of the wrong type, impossible or contradicts others.
        """
        if not update:
            return super().model_copy(deep=deep)
        content = {name: getattr(self, name) for name in self.model_fields_set} | dict(update)
        try:
            return type(self).model_validate(content)
        except ValidationError as error:
            from bayesgrad.spec.faults import refusal

            raise refusal(error, content, part=type(self), source=type(self).__name__) from None


def as_tuple(value: object) -> object:
    """Tuples of lists, at any depth; anything else as it is, for validation to refuse."""
    return tuple(map(as_tuple, value)) if isinstance(value, list | tuple) else value


def _plain(value: Any) -> Any:
    """Python's number of a number of NumPy; anything else as it is."""
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        return value.item()
    return value

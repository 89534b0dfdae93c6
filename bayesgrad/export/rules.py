"""Rules of an export, as data: what a secure environment lets out."""

from __future__ import annotations

import difflib
import json
import tomllib
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from bayesgrad.data.listing import listed
from bayesgrad.errors import SpecError, shortened
from bayesgrad.spec.text_files import read_text
from bayesgrad.spec.validated import Part

SHIPPED = ("default", "opensafely", "strict")
"""Names of the rules that come with the package."""

_DO = f"docs/export.md describes every key; the package has rules named {', '.join(SHIPPED)}."


class Rules(Part):
    """What may leave, and how coarse it must be.

    Examples
    --------
    >>> rules = Rules()
    >>> rules.threshold, rules.round
    (10, 5)
    """

    threshold: int = Field(default=10, ge=2, le=100_000)
    """Events that an authority, or its stratum or year, must have; zero is small, too."""
    areas: int = Field(default=10, ge=2, le=100_000)
    """Areas that it must have."""
    authorities: int = Field(default=10, ge=2, le=100_000)
    """Authorities behind any number of the nation."""
    degrees_of_freedom: int = Field(default=10, ge=1, le=100_000)
    """Authorities beyond the national coefficients of an outcome."""
    round: int = Field(default=5, ge=2, le=10_000)
    """Counts that leave are multiples of it."""
    digits: int = Field(default=3, ge=1, le=6)
    """Significant digits of estimates."""
    authorities_may_leave: bool = True
    """Whether anything of a single authority leaves."""
    rows: int = Field(default=5000, ge=100)
    """Rows of a file at most; a longer table is written in parts."""
    comparisons: Literal["matrix", "none"] = "matrix"
    """Whether the pairs of authorities leave, as matrices with a row for each authority."""

    @model_validator(mode="after")
    def _hides_enough(self) -> Self:
        for name in ("threshold", "areas"):
            if getattr(self, name) < self.round:
                raise ValueError(
                    f"{name} = {getattr(self, name)} is below round = {self.round}: a withheld "
                    "count would be known better than one that leaves"
                )
        return self


def read_rules(source: str | Path = "default") -> Rules:
    """Read rules: a shipped name, or a file in TOML (or JSON, as the copy of an export is).

    Parameters
    ----------
    source : str or Path
        One of `SHIPPED`, or the path of a file.

    Raises
    ------
    SpecError
        If there is no such file, it has an unknown key, or a value is of the wrong type or out of
        range: the message names file and key.

    Examples
    --------
    >>> read_rules("opensafely").threshold
    8
    """
    if isinstance(source, str) and source in SHIPPED:
        source = Path(__file__).parent / "shipped" / f"{source}.toml"
    path = Path(source)
    try:
        text = read_text(path)
    except OSError as error:
        close = difflib.get_close_matches(str(source), SHIPPED, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise SpecError(
            f"{path}: cannot be read as rules: {error.strerror or error}", f"{hint}{_DO}"
        ) from None
    except UnicodeDecodeError:
        raise SpecError(f"{path}: is not text", _DO) from None
    try:
        content = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise SpecError(f"{path}: cannot be read as rules: {error}", _DO) from None
    return parse_rules(content, source=str(path))


def parse_rules(content: Any, *, source: str) -> Rules:
    """Validate rules that were read from a file; see `read_rules`."""
    if not isinstance(content, dict) or list(content) != ["rules"]:
        keys = listed(content) if isinstance(content, dict) else type(content).__name__
        raise SpecError(f"{source}: should hold one table, [rules]; it holds {keys or 'none'}", _DO)
    if not isinstance(content["rules"], dict):
        raise SpecError(f"{source}: rules should be a table of keys", _DO)
    try:
        return Rules.model_validate(content["rules"])
    except ValidationError as error:
        faults = [_words(fault) for fault in error.errors()]
        raise SpecError("\n".join(f"{source}: [rules] {fault}" for fault in faults), _DO) from None


def _words(fault: ErrorDetails) -> str:
    key = str(fault["loc"][0]) if fault["loc"] else ""
    if fault["type"] == "extra_forbidden":
        close = difflib.get_close_matches(key, Rules.model_fields, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        allowed = ", ".join(Rules.model_fields)
        return f"{shortened(key)} is not a key of rules{hint} (allowed: {allowed})"
    if fault["type"] == "value_error":
        return str(fault["ctx"]["error"])
    message = fault["msg"].removeprefix("Input ")
    return f"{key} = {shortened(repr(fault['input']))}: {message}"

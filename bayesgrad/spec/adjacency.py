"""Which authorities are neighbours: read from a table of pairs, and kept in the spec."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, model_validator

from bayesgrad.errors import SpecError
from bayesgrad.spec.text_files import read_text
from bayesgrad.spec.validated import Part, as_tuple
from bayesgrad.spec.writing import plain_code


class Adjacency(Part):
    """Places and the pairs of them that are neighbours, each pair once."""

    places: Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
    pairs: Annotated[tuple[tuple[str, str], ...], BeforeValidator(as_tuple)]
    across_gaps: Annotated[tuple[tuple[str, str], ...], BeforeValidator(as_tuple)] = ()
    """Those of the pairs whose boundaries run along a narrow gap, and do not meet."""
    apart: Annotated[tuple[tuple[str, str], ...], BeforeValidator(as_tuple)] = ()
    """Pairs whose boundaries run along a wider gap, such as a river: no neighbours."""

    @model_validator(mode="after")
    def _is_coherent(self) -> Self:
        known = set(self.places)
        for one, other in self.pairs:
            if one >= other:
                raise ValueError(f"pair {one}, {other}: give each once, the smaller code first")
            if not {one, other} <= known:
                raise ValueError(f"pair {one}, {other}: is not among the places")
        return self

    @classmethod
    def of(
        cls,
        pairs: Iterable[tuple[str, str]],
        *,
        alone: list[str],
        across_gaps: Iterable[tuple[str, str]] = (),
        apart: Iterable[tuple[str, str]] = (),
    ) -> Adjacency:
        """Adjacency of pairs in any order, and of places that have no neighbour."""
        distinct, narrow, wide = (
            tuple(sorted({(min(pair), max(pair)) for pair in some}))
            for some in (pairs, across_gaps, apart)
        )
        places = {place for pair in distinct for place in pair} | set(alone)
        return cls(places=tuple(sorted(places)), pairs=distinct, across_gaps=narrow, apart=wide)


def read_neighbours(path: Path, *, code: str | None = None) -> Adjacency:
    """Read a file of neighbours: of pairs, or of boundaries whose property `code` is given.

    Raises
    ------
    SpecError
        See `read_adjacency` and `bayesgrad.spec.boundaries.read_boundaries`.
    """
    if path.suffix.lower() in (".geojson", ".json"):
        from bayesgrad.spec.boundaries import read_boundaries

        return read_boundaries(path, code=code)
    return read_adjacency(path)


def read_adjacency(path: Path) -> Adjacency:
    """Read a CSV file of pairs: a heading, then two codes a line.

    A pair counts in both directions, given once or twice. A place without neighbours stands alone
    in its line, with an empty second cell.

    Raises
    ------
    SpecError
        If the file is missing, is not a table of two columns, holds a place beside itself, or no
        pair at all.
    """
    try:
        stream = io.StringIO(read_text(path))
        lines = [[plain_code(cell) for cell in line] for line in csv.reader(stream) if line]
    except OSError as error:
        raise SpecError(
            f"{path}: cannot be read: {error.strerror}",
            "Give a CSV file of the pairs of neighbouring authorities.",
        ) from None
    except (UnicodeDecodeError, csv.Error):
        raise SpecError(f"{path}: is not CSV text", _PAIRS) from None
    wide = [number for number, line in enumerate(lines, start=1) if len(line) != 2 or not line[0]]
    if wide or not lines:
        where = f"line {wide[0]} does not have" if wide else "it does not have"
        raise SpecError(f"{path}: {where} two columns of codes", _PAIRS)
    rows = lines[1:]
    _refuse_missing_heading(lines[0], rows, path=path)
    themselves = sorted({one for one, other in rows if one == other})
    if themselves:
        raise SpecError(
            f"{path}: {', '.join(themselves[:5])} stands beside itself"
            + (f", and {len(themselves) - 5} more do" if len(themselves) > 5 else ""),
            "Remove these pairs; leave the second cell of a place without neighbours empty.",
        )
    pairs = [(one, other) for one, other in rows if other]
    if not pairs:
        raise SpecError(f"{path}: has no pair of neighbours", _PAIRS)
    return Adjacency.of(pairs, alone=[one for one, other in rows if not other])


def _refuse_missing_heading(first: list[str], rows: list[list[str]], *, path: Path) -> None:
    """Refuse a first line that holds codes of places: as a heading it would not be read."""
    places = {code for row in rows for code in row if code}
    codes = [cell for cell in first if cell in places or _CODE.fullmatch(cell)]
    if codes:
        raise SpecError(
            f"{path}: line 1 holds {' and '.join(codes)}, a code of a place, where the heading "
            "should be",
            "Put a heading above it, such as authority,neighbour.",
        )


_CODE = re.compile(r"[EWSNK]\d{8}")
"""Code of a place in the United Kingdom."""

_PAIRS = (
    "Give a CSV file with a heading and two codes of neighbouring authorities a line; a place "
    "without neighbours has an empty second cell."
)

"""Which authorities are neighbours: read from a table of pairs, and kept in the spec."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator

from bayesgrad.errors import SpecError
from bayesgrad.spec.validated import Part, as_tuple
from bayesgrad.spec.writing import plain_code


class Adjacency(Part):
    """Places and the pairs of them that are neighbours, each pair once."""

    places: Annotated[tuple[str, ...], BeforeValidator(as_tuple)]
    pairs: Annotated[tuple[tuple[str, str], ...], BeforeValidator(as_tuple)]

    @classmethod
    def of(cls, pairs: list[tuple[str, str]], *, alone: list[str]) -> Adjacency:
        """Adjacency of pairs in any order, and of places that have no neighbour."""
        distinct = tuple(sorted({(min(pair), max(pair)) for pair in pairs}))
        places = {place for pair in distinct for place in pair} | set(alone)
        return cls(places=tuple(sorted(places)), pairs=distinct)


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
        with path.open(encoding="utf-8-sig", newline="") as stream:
            lines = [[plain_code(cell) for cell in line] for line in csv.reader(stream) if line]
    except OSError:
        raise SpecError(
            f"{path}: cannot be read", "Give a CSV file of the pairs of neighbouring authorities."
        ) from None
    except (UnicodeDecodeError, csv.Error):
        raise SpecError(f"{path}: is not CSV text", _PAIRS) from None
    wide = [number for number, line in enumerate(lines, start=1) if len(line) != 2 or not line[0]]
    if wide or not lines:
        where = f"line {wide[0]} does not have" if wide else "it does not have"
        raise SpecError(f"{path}: {where} two columns of codes", _PAIRS)
    rows = lines[1:]
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


_PAIRS = (
    "Give a CSV file with a heading and two codes of neighbouring authorities a line; a place "
    "without neighbours has an empty second cell."
)

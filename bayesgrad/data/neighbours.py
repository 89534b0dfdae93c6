"""Neighbours of authorities: every authority of the table is in the file of neighbours."""

from __future__ import annotations

from collections.abc import Sequence

from bayesgrad.data.listing import counted, listed
from bayesgrad.errors import DataError
from bayesgrad.spec.adjacency import Adjacency
from bayesgrad.spec.model_spec import ModelSpec


def check_neighbours(spec: ModelSpec, codes: Sequence[str], *, where: str) -> tuple[str, ...]:
    """Refuse authorities that the file of neighbours does not know; note those without any.

    Parameters
    ----------
    codes : sequence of str
        Authorities of the rows kept.
    where : str
        Names the table and the column in the message.

    Raises
    ------
    DataError
        If an authority is not in the file, or no two authorities are neighbours.
    """
    if spec.spatial is None:
        return ()
    adjacency, present = spec.spatial.adjacency, set(codes)
    unknown = sorted(present - set(adjacency.places))
    if unknown:
        raise DataError(
            f"{where}: {counted(len(unknown), 'authority is', 'authorities are')} not in the file "
            f"of [spatial] adjacency: {listed(unknown)}",
            "Use the codes of one date in both, or name the authorities in [rows] "
            "exclude_authorities; one without neighbours has a line of its own in the file.",
        )
    joined = {place for pair in adjacency.pairs if set(pair) <= present for place in pair}
    if not joined:
        raise DataError(
            f"{where}: no two authorities are neighbours by the file of [spatial] adjacency",
            "Give the pairs of authorities of this table, or leave [spatial] out.",
        )
    notes = list(_gaps(adjacency, present))
    alone = sorted(present - joined)
    if alone:
        have = counted(len(alone), "authority has", "authorities have")
        notes.append(f"{have} no neighbour and an effect of its own alone ({listed(alone)})")
    return tuple(notes)


def _gaps(adjacency: Adjacency, present: set[str]) -> tuple[str, ...]:
    """Say which boundaries do not meet, and what is made of them."""
    return tuple(
        f"boundaries of {counted(len(found), 'pair')} of authorities run along {gap}: "
        f"{'it is' if len(found) == 1 else 'they are'} {what} ({listed(map(' - '.join, found))})"
        for gap, what, pairs in (
            ("a narrow gap and do not meet", "taken as neighbours", adjacency.across_gaps),
            ("a wider gap, such as a river", "not taken as neighbours", adjacency.apart),
        )
        if (found := [pair for pair in pairs if set(pair) <= present])
    )

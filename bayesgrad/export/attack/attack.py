"""The attack: what an export, with all else that is known, tells of counts that it hides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bayesgrad.errors import FitError
from bayesgrad.export.attack.bounds import Constraint, narrowed
from bayesgrad.export.attack.evidence import (
    Places,
    evidence_of,
    hidden_before,
    known_bounds,
)
from bayesgrad.export.counts import Counts, Floats
from bayesgrad.export.decisions import PRIMARY, decide
from bayesgrad.export.released import Released
from bayesgrad.export.rules import Rules


@dataclass(frozen=True)
class Finding:
    """A count that can be known better than the rules allow, or a number that says too much.

    Attributes
    ----------
    what : str
        In words, without the exact count.
    culprits : tuple of str
        Files, and where in them.
    """

    what: str
    culprits: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """What the attack found.

    Attributes
    ----------
    findings : tuple of Finding
    unknowns, constraints : int
        How many counts were attacked, with how many numbers.
    other_counts : mapping of str to int
        Numbers of earlier exports or publications that are not of these counts, by origin: they
        tell nothing of them, and were left out.
    narrowest : float
        Fewest values that a count which does not leave exactly can still have.
    """

    findings: tuple[Finding, ...]
    unknowns: int
    constraints: int
    other_counts: Mapping[str, int]
    narrowest: float


def attack(
    released: Released,
    counts: Counts,
    rules: Rules,
    *,
    published: Sequence[Constraint] = (),
    previous: Mapping[str, Released] | None = None,
) -> Report:
    """Bound every exact count from all that is released, published and was released before.

    A count that is withheld because it is small must stay anything below the threshold; any other
    must have at least `round` values left; unless what is public already says as much.

    Parameters
    ----------
    released : Released
    counts : Counts
    rules : Rules
    published : sequence of Constraint
        See `published_totals`.
    previous : mapping of str to Released, optional
        Earlier exports of the same counts, by name.
    """
    decisions = decide(counts, rules)
    places = Places(decisions.cells)
    exact = places.counts
    low, high = known_bounds(decisions)
    before, protected, other = _earlier(previous or {}, counts, places)
    kept = [one for one in published if one.holds(exact)]
    if len(kept) < len(published):
        other["published"] = len(published) - len(kept)
    own, faults = evidence_of(released, decisions, places)
    # The exact counts break a number of this export only where it is wrong: it says nothing then.
    usable = [one for one in own if one.holds(exact)]
    wrong = [
        Finding(f"{one.source}: is not of these counts", ()) for one in own if not one.holds(exact)
    ]
    known = [*kept, *before]
    # That a count leaves, and so reaches the threshold, is told by this export.
    without = narrowed(np.zeros_like(low), high, known)
    within = narrowed(low, high, [*known, *usable])
    small = (decisions.cells["hidden"] == PRIMARY).to_numpy() & (exact < rules.threshold)
    leaks = _leaks(without, within, hidden=small | protected, least=rules.round)
    findings = [
        Finding(_of_cell(decisions.cells, cell, within), _culprits(cell, usable)) for cell in leaks
    ]
    findings += [Finding(fault, ()) for fault in faults] + wrong
    return Report(
        findings=tuple(findings),
        unknowns=len(exact),
        constraints=len(own) + len(known),
        other_counts=other,
        narrowest=float(np.min(within[1] - within[0] + 1, initial=np.inf)),
    )


def _earlier(
    previous: Mapping[str, Released], counts: Counts, places: Places
) -> tuple[list[Constraint], np.ndarray, dict[str, int]]:
    """Numbers of earlier exports that are of these counts, and the counts that they hid."""
    protected = np.zeros(len(places.cells), dtype=bool)
    kept: list[Constraint] = []
    other: dict[str, int] = {}
    exact = places.counts
    for name, one in previous.items():
        try:
            decisions = decide(counts, one.rules)
        except FitError:
            other[name] = 1  # by its rules, these counts could not have left
            continue
        own, _ = evidence_of(one, decisions, places)
        named = [Constraint(x.cells, x.low, x.high, f"{name}: {x.source}") for x in own]
        true = [x for x in named if x.holds(exact)]
        if len(true) < len(named):
            other[name] = len(named) - len(true)
        hidden = hidden_before(one, places)
        for constraint in hidden:
            protected[list(constraint.cells)] = True
        kept += [*true, *hidden]
    return kept, protected, other


def _leaks(
    without: tuple[Floats, Floats],
    within: tuple[Floats, Floats],
    *,
    hidden: np.ndarray,
    least: int,
) -> list[int]:
    """Positions of counts that the export narrows too far."""
    narrower = (within[0] > without[0]) | (within[1] < without[1])
    few = within[1] - within[0] + 1 < least
    return np.flatnonzero(narrower & (hidden | few)).tolist()


def _of_cell(cells: pd.DataFrame, cell: int, within: tuple[Floats, Floats]) -> str:
    row = cells.iloc[cell]
    place = ", ".join(filter(None, (row["authority"], row["outcome"], row["stratum"])))
    kind = "withheld" if row["hidden"] else "rounded"
    values = within[1][cell] - within[0][cell] + 1
    number = f"{values:.0f} values are left of it" if np.isfinite(values) else "it has a lower end"
    return f"the {kind} count of {place} can be narrowed: {number}"


def _culprits(cell: int, own: Sequence[Constraint]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.source for one in own if cell in one.cells))[:5]

"""Rows of one outcome as arrays, with the rate of their like: what checks of counts look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bayesgrad.data.plausibility.evidence import Evidence

TENTHS = 10
SMALLEST_GROUP = 20
"""Rows of a group that has a rate of its own."""


@dataclass(frozen=True)
class OutcomeRows:
    """Published counts of one outcome that are fitted.

    Attributes
    ----------
    column : str
    of_cases : bool
    count : ndarray of int64, shape (rows,)
    exposure : ndarray, shape (rows,)
        Above 0.
    rate : ndarray, shape (rows,)
        Events over exposure in the row's tenth of deprivation and stratum.
    suppressed : int
        How many counts are suppressed, which are not among the rows.
    """

    column: str
    of_cases: bool
    count: NDArray[np.int64]
    exposure: NDArray[np.float64]
    rate: NDArray[np.float64]
    suppressed: int


def outcome_rows(evidence: Evidence) -> Iterator[OutcomeRows]:
    """Give the rows of each outcome in turn."""
    kept = evidence.kept
    for outcome in evidence.spec.outcomes:
        column = outcome.column
        hidden = kept.suppressed[column].to_numpy()
        entering = kept.entering[column].to_numpy()
        rows = entering & ~hidden
        count = kept.counts[column].to_numpy()[rows].astype(np.int64)
        exposure = kept.exposures[column].to_numpy()[rows]
        groups = _groups(
            kept.deprivation.to_numpy()[rows], kept.selection.keys["stratum"].to_numpy()[rows]
        )
        yield OutcomeRows(
            column=column,
            of_cases=evidence.spec.is_of_cases(outcome),
            count=count,
            exposure=exposure,
            rate=_rates(count, exposure, groups),
            suppressed=int((hidden & entering).sum()),
        )


def _groups(deprivation: NDArray[np.float64], stratum: NDArray[np.object_]) -> NDArray[np.int64]:
    """Number of the tenth of deprivation and stratum of each row."""
    if not len(deprivation):
        return np.empty(0, dtype=np.int64)
    cuts = np.quantile(deprivation, np.arange(1, TENTHS) / TENTHS)
    tenth = np.searchsorted(cuts, deprivation)
    return (pd.factorize(stratum)[0] * TENTHS + tenth).astype(np.int64)


def _rates(
    count: NDArray[np.int64], exposure: NDArray[np.float64], groups: NDArray[np.int64]
) -> NDArray[np.float64]:
    if not len(count):
        return np.empty(0)
    events, at_risk = np.bincount(groups, count), np.bincount(groups, exposure)
    rate = np.divide(events, at_risk, out=np.zeros(len(events)), where=at_risk > 0)
    rate[np.bincount(groups) < SMALLEST_GROUP] = count.sum() / exposure.sum()
    return rate[groups]

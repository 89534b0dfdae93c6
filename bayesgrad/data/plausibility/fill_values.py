"""Numbers that stand in for a missing value: 0, 1, -1, nines, in far too many rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bayesgrad.data.listing import counted
from bayesgrad.data.measures import numbers
from bayesgrad.data.plausibility.evidence import Evidence
from bayesgrad.data.plausibility.outcome_rows import outcome_rows
from bayesgrad.data.selection import authority_deprivation_column

NINES = tuple(float("9" * digits) for digits in range(1, 10))
EIGHTS = tuple(float("8" * digits) for digits in range(2, 6))
MARKS = (*NINES, *(-nines for nines in NINES), *EIGHTS, *(-eights for eights in EIGHTS), -1.0)
"""Numbers that stand for missing values in files of statistics packages and surveys."""
PLAIN = (0.0, 1.0)
"""Numbers that a missing value is filled with, and that may be true."""

APART, TIMES_APART, SINGLE_NINE = 1.0, 2, 5
"""Distance from all other values, in ranges of these, of a number that stands so many times; and
how often a 9 has to stand."""
MANY_VALUES = 15
"""Other values of a column that is no code of groups."""
SPIKE_SHARE, SPIKE_FEWEST, SPIKE_RATIO = 0.01, 3, 10
"""Rows of one number, at least so many, and how much more frequent it is than values near it."""
FAR, FAR_SHARE, FAR_RATIO = 2.0, 0.4, 2
"""How far beyond the others a number is (over their own distances, or over its distance from the
median), that need be only so much more frequent than they."""
NEAREST = 10
"""Other values that are near a number."""
INNER_SHARE = 0.02
"""Rows of a 0 that lies among the other values, as a mean of a standardised column does."""
EDGE = 0.02
"""Quantile of the other values that tells how close together they lie at their edge."""
NEAR, NEAR_RATIO = 0.01, 3
"""Deprivations near 0 or 1, of which there are more than of 0 or 1 itself, or nearly."""
DEPRIVATION_SHARE, DEPRIVATION_FEWEST = 0.005, 3
EXPECTED_LARGE = (5.0, 10.0, 20.0, 40.0)
"""Expected counts from which 0 is rare, unless counts of 1 and 2 are frequent, too."""
ZEROS_RATIO, ZEROS_FEWEST = 6, 12
"""Zeros for each count of 1 or 2, and in all: counts as overdispersed as alpha = 0.3 have 2."""


@dataclass(frozen=True)
class _Filled:
    """A number that seems to stand for a missing value in some rows of a column."""

    value: float
    rows: int


def fill_values(evidence: Evidence) -> tuple[str, ...]:
    """Numbers in place of missing values in any column of numbers that the spec names."""
    found = []
    for column, values, what in _columns(evidence):
        filled = next(_marks(values), None) or next(_spikes(values), None)
        if filled is not None:
            found.append(_told(column, filled, len(values), what))
    found += _deprivation(evidence)
    found += _counts(evidence)
    return tuple(dict.fromkeys(found))


def _told(column: str, filled: _Filled, size: int, what: str) -> str:
    plural = "authorities" if what == "authority" else None
    return (
        f"column {column}: {filled.value:.10g} stands in {filled.rows:,} of "
        f"{counted(size, what, plural)}, apart from all other values: it seems to stand for "
        "missing ones, and is fitted as a number. Leave these rows out, or fill in what is missing"
    )


def _columns(evidence: Evidence) -> Iterator[tuple[str, NDArray[np.float64], str]]:
    """Name, values and unit of each column but deprivation and counts of areas."""
    spec, given = evidence.spec, evidence.given
    for outcome in spec.outcomes:
        if outcome.out_of is None:
            exposure = given.exposures[outcome.column].to_numpy()
            yield spec.exposure_of(outcome), exposure[exposure > 0], "row"
    for name in given.covariates:
        yield str(name), given.covariates[name].to_numpy(), "row"
    deprivation = authority_deprivation_column(spec)
    for name in (*spec.authority.moderators, *([deprivation] if deprivation else [])):
        kept = evidence.kept.selection
        values = numbers(kept, name).groupby(kept.keys["authority"]).first()
        yield name, values.to_numpy(np.float64), "authority"


def _marks(values: NDArray[np.float64]) -> Iterator[_Filled]:
    """A number of `MARKS` far from all other values."""
    for mark in {values.min(), values.max()} if len(values) else ():
        rows = int((values == mark).sum())
        others = values[values != mark]
        # Nine may be true: of two rows it says little.
        least = max(SINGLE_NINE, SPIKE_SHARE * len(values)) if mark == NINES[0] else TIMES_APART
        if mark not in MARKS or rows < least or len(others) < TIMES_APART:
            continue
        span = others.max() - others.min()
        if span > 0 and np.abs(others - mark).min() > APART * span:
            yield _Filled(float(mark), rows)


def _spikes(values: NDArray[np.float64]) -> Iterator[_Filled]:
    """A number in many rows that values near it are not in."""
    for value in (*PLAIN, *MARKS):
        same = values == value
        rows = int(same.sum())
        if rows < max(SPIKE_FEWEST, SPIKE_SHARE * len(values)):
            continue
        others, times = np.unique(values[~same], return_counts=True)
        if len(others) < MANY_VALUES:
            continue
        near = np.argsort(np.abs(others - value), kind="stable")[:NEAREST]
        ratio = rows / times[near].max()
        if others[0] < value < others[-1]:
            filled = value == 0 and ratio >= SPIKE_RATIO and rows >= INNER_SHARE * len(values)
        else:
            gap = _gap(value, values[~same], others[near])
            # Shares of people begin or end with many of 0 or 1 that are true, but come near them.
            alone = gap > 1 or (value != 0 and value < others[0])
            to_nearest, to_median = abs(others[near[0]] - value), abs(np.median(others) - value)
            far = gap > FAR or to_nearest >= FAR_SHARE * to_median
            filled = (ratio >= SPIKE_RATIO and alone) or (ratio >= FAR_RATIO and far)
        if filled:
            yield _Filled(float(value), rows)


def _gap(value: float, others: NDArray[np.float64], nearest: NDArray[np.float64]) -> float:
    """Distance of a value beyond the others from them, over their own distances at that edge."""
    edge = np.quantile(others, EDGE if nearest[0] > value else 1 - EDGE)
    apart = max(abs(edge - nearest[0]), abs(nearest[-1] - nearest[0]))
    return float(abs(nearest[0] - value) / apart)


def _deprivation(evidence: Evidence) -> Iterator[str]:
    """Areas without a single person in deprivation, or with no other, of which none come near."""
    given = evidence.given
    first = ~given.selection.keys["area"].duplicated().to_numpy()
    values = given.deprivation.to_numpy()[first]
    if len(np.unique(values)) < MANY_VALUES:
        return
    for value in PLAIN:
        rows = int((values == value).sum())
        near = int(((np.abs(values - value) <= NEAR) & (values != value)).sum())
        if rows >= max(DEPRIVATION_FEWEST, DEPRIVATION_SHARE * len(values)) and (
            rows > NEAR_RATIO * near
        ):
            filled = _Filled(value, rows)
            yield _told(evidence.spec.columns.deprivation, filled, len(values), "area")


def _counts(evidence: Evidence) -> Iterator[str]:
    """Numbers of nines among counts, and zeros where large counts are expected."""
    for rows in outcome_rows(evidence):
        marked = next(_marks(rows.count.astype(np.float64)), None)
        # Among rare counts, some areas may have nine.
        if marked is not None and marked.value > NINES[0]:
            yield _told(rows.column, marked, len(rows.count), "row")
            continue
        if len(rows.count) and np.gcd.reduce(rows.count) > 1:
            # Rounded counts have zeros of their own.
            continue
        for least in EXPECTED_LARGE:
            large = rows.count[rows.rate * rows.exposure >= least]
            zeros = int((large == 0).sum())
            small = int((large <= 2).sum()) - zeros + rows.suppressed
            if zeros >= max(ZEROS_FEWEST, SPIKE_SHARE * len(large)) and (
                zeros >= ZEROS_RATIO * (small + 2)
            ):
                yield _zeros(rows.column, zeros, small, counted(len(large), "row"), least)
                break


def _zeros(column: str, zeros: int, small: int, among: str, least: float) -> str:
    return (
        f"column {column}: 0 in {zeros:,} of {among} where {least:g} or more are expected, and "
        f"{small:,} of 1 or 2: zeros seem to stand for missing counts, or for small ones that are "
        "hidden. Leave cells blank whose count is missing, and give hidden ones the symbol of "
        "suppressed counts"
    )
